"""Child processes of the runner: bounded in time, and ended with everything that they started."""

import contextlib
import os
import signal
import subprocess
import threading

GRACE_SECONDS = 20
_running = set()
_lock = threading.Lock()


def run_child(command, folder, seconds, env=None):
    """Run a program to its end.

    :param float seconds: it is killed after this time.
    :param env: variables to add to the environment.
    :return: its exit code (None when it was killed for being late) and its whole output as text.
    """
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    with _lock:
        _running.add(process)
    try:
        output, _ = process.communicate(timeout=seconds)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        end(process)
        output, _ = process.communicate()
        return None, output
    finally:
        with _lock:
            _running.discard(process)


def end(process):
    """Ask a child to end, so that pytest tears down what its tests started; kill its process group after a while."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def end_all():
    """End every child that still runs: the runner itself was interrupted."""
    with _lock:
        running = list(_running)
    for process in running:
        end(process)
