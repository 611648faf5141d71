"""Processes that a test starts and ends, and waiting that always has a limit."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ENV_DIR = ROOT / ".env"
SCRIPTS = ROOT / "scripts"
LOGS = ENV_DIR / "logs" / "processes"


class HarnessError(RuntimeError):
    """A process that did not start, a limit that passed: the text says which, with the end of its log."""


def free_port():
    """:return: a TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, timeout=30.0, interval=0.1):
    """Call ``condition`` until it gives something true.

    :param condition: a function without arguments.
    :param str what: what is waited for, for the message.
    :param float timeout: seconds.
    :param float interval: seconds between two calls.
    :return: what ``condition`` gave.
    :raise HarnessError: when the time is over.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise HarnessError(f"not within {timeout:g} s: {what}")
        time.sleep(interval)


def run(command, timeout=120, env=None):
    """Run a program to its end, from the project's root.

    :return: what it printed (both outputs) as text.
    :raise HarnessError: with that text when it fails or takes longer than ``timeout`` seconds.
    """
    command = [str(part) for part in command]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            env={**os.environ, **(env or {})},
            cwd=ROOT,
            text=True,
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise HarnessError(f"not within {timeout:g} s: {' '.join(command)}\n{error.stdout}") from error
    if done.returncode:
        raise HarnessError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}")
    return done.stdout


class Process:
    """One program with its log in .env/logs/processes, in a process group of its own.

    :param str name: names the log file.
    :param command: program and arguments.
    :param env: variables to add to the environment.
    """

    def __init__(self, name, command, env=None):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log_path = LOGS / f"{name}.log"
        self._command = [str(part) for part in command]
        self._env = {**os.environ, **(env or {})}
        self._popen = None

    def set_env(self, **variables):
        """Add variables to the environment, for its next start."""
        self._env.update(variables)

    @property
    def pid(self):
        return self._popen.pid

    @property
    def running(self):
        return self._popen is not None and self._popen.poll() is None

    def start(self):
        with self.log_path.open("ab") as log:
            self._popen = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=ROOT,
                start_new_session=True,
            )
        return self

    def log(self, lines=40):
        """:return: the end of the log as text."""
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def wait_ready(self, condition, timeout=60.0):
        """Wait for ``condition``; a process that ends meanwhile, or never gets there, is an error with its log."""

        def ready_or_dead():
            return not self.running or condition()

        try:
            wait_until(ready_or_dead, f"{self.name} is ready", timeout)
        except HarnessError as error:
            self.kill()
            raise HarnessError(f"{error}\n{self.log()}") from error
        if not self.running:
            raise HarnessError(f"{self.name} ended with {self._popen.returncode}\n{self.log()}")
        return self

    def signal(self, number):
        """Send a signal to the process and everything that it started."""
        if self._popen is not None:
            try:
                os.killpg(self._popen.pid, number)
            except ProcessLookupError:
                return

    def kill(self):
        """End it at once, as a power cut would (SIGKILL: no handler runs)."""
        self.signal(signal.SIGKILL)
        if self._popen is not None:
            self._popen.wait(10)

    def stop(self, timeout=15.0):
        """Ask it to end; kill what is still there after ``timeout`` seconds."""
        if self.running:
            # Only the process itself: asked twice (through its children), Odoo skips its own orderly end.
            self._popen.terminate()
            try:
                self._popen.wait(timeout)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGKILL)
                self._popen.wait(10)
        # Whatever it left behind (a browser's helpers)
        self.signal(signal.SIGKILL)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.stop()
