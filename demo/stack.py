"""The processes of the demo: El Fatoora's sandbox and one Odoo server with its scheduled actions.

Their state lives in ``.env/demo``: a process id and a log for each, the sandbox's ledger, Odoo's configuration.
"""

import configparser
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENV = ROOT / ".env"
HOME = ENV / "demo"
DATABASE = "demo"
START_SECONDS = 90
# What the demo's people read
LANGUAGE = "fr_FR"


class StackError(Exception):
    """Something did not start; the message says what and where its log is."""


def pid_of(name):
    """:return: process id of a running process of the demo, else None."""
    try:
        pid = int((HOME / f"{name}.pid").read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid


def start(name, command, ready, environment=None):
    """Start a process in the background unless it runs.

    :param ready: callable that says whether it answers.
    :param environment: its variables, ours when not given.
    :raise StackError: when it ends early or does not answer in time.
    """
    if pid_of(name) and ready():
        return
    stop(name)
    log = HOME / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )
    (HOME / f"{name}.pid").write_text(str(process.pid))
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise StackError(f"{name} ended at once; its log is {log}")
        if ready():
            return
        time.sleep(0.2)
    raise StackError(f"{name} does not answer after {START_SECONDS} s; its log is {log}")


def stop(name):
    """End a process of the demo and wait until it is gone."""
    pid = pid_of(name)
    if pid:
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(pid, signal_number)
            except ProcessLookupError:
                break
            end = time.monotonic() + 15
            while pid_of(name) and not _is_ended(pid) and time.monotonic() < end:
                time.sleep(0.1)
    (HOME / f"{name}.pid").unlink(missing_ok=True)


def _is_ended(pid):
    """:return: whether the process is a zombie of ours, collected here."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return False


# --- The sandbox -------------------------------------------------------------------------------------------------------


def sandbox_port():
    return odoo_settings().getint("http_port") + 4


def sandbox_info():
    """:return: what the running sandbox says of itself: addresses, authority, token of its administration."""
    return json.loads((HOME / "sandbox.json").read_text())


def start_sandbox():
    ready = HOME / "sandbox.json"
    if not pid_of("sandbox"):
        ready.unlink(missing_ok=True)
    start(
        "sandbox",
        [
            ENV / "venv-sandbox/bin/python",
            "-m",
            "sandbox",
            "serve",
            "--state",
            HOME / "sandbox",
            "--port",
            sandbox_port(),
            "--ready",
            ready,
            "--tls",
            "--verdict-delay",
            "1",
            "--schemas",
            ROOT / "l10n_tn_edi_ttn/xsd",
        ],
        ready.exists,
    )


def sandbox(*arguments, secrets=None):
    """Run a command of the sandbox on the demo's state.

    :param dict secrets: options that no list of processes may show.
    :return: its output.
    :raise StackError: when it fails.
    """
    command = [ENV / "venv-sandbox/bin/python", "-m", "sandbox", *arguments, "--state", HOME / "sandbox"]
    if secrets:
        command.append("--secrets")
    result = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        capture_output=True,
        input=json.dumps(secrets) if secrets else "",
        text=True,
    )
    if result.returncode:
        raise StackError(f"the sandbox's command {arguments[0]} failed: {result.stderr.strip()[-1000:]}")
    return result.stdout


# --- Odoo --------------------------------------------------------------------------------------------------------------


def odoo_settings():
    """:return: the section ``options`` of the demo's Odoo configuration, before it is made of the project's."""
    parser = configparser.RawConfigParser()
    parser.read([ENV / "odoo.conf", HOME / "odoo.conf"])
    return parser["options"]


def odoo_address():
    return f"http://127.0.0.1:{odoo_settings()['http_port']}"


def write_configuration(**options):
    """Odoo's configuration for the demo: scheduled actions run, the sandbox's authority is trusted.

    :param options: more options of the server.
    """
    parser = configparser.RawConfigParser()
    parser.read(ENV / "odoo.conf")
    # The ports stay what they were: the database knows the sandbox's.
    ports = {name: odoo_settings()[name] for name in ("http_port", "gevent_port")}
    parser["options"].update(
        {
            **ports,
            "db_name": DATABASE,
            "list_db": "False",
            "max_cron_threads": "2",
            "l10n_tn_edi_ca_file": sandbox_info()["ca_file"],
            "l10n_tn_edi_private_hosts": "127.0.0.1",
            **{name: str(value) for name, value in options.items()},
        }
    )
    path = HOME / "odoo.conf"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        parser.write(stream)
    return path


def run_script(name, *arguments):
    """Run one of ``scripts/`` to its end."""
    subprocess.run([ROOT / "scripts" / name, *arguments], cwd=ROOT, check=True, stdin=subprocess.DEVNULL)


def odoo(*arguments, script=None):
    """Run Odoo's command line to its end.

    :param Path script: Python text for ``odoo shell``.
    :raise StackError: when it fails; the message has the end of its output.
    """
    result = subprocess.run(
        [ROOT / "scripts/odoo", *arguments],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        input=script.read_text() if script else "",
    )
    if result.returncode or "Traceback (most recent call last)" in result.stdout:
        raise StackError(f"odoo {' '.join(map(str, arguments))} failed:\n{result.stdout[-4000:]}")
    return result.stdout


def install(database):
    """Install the addon in a database that has Odoo's accounting.

    :raise StackError: when it fails.
    """
    configuration = ["-c", HOME / "odoo.conf", "-d", database, "--no-http", "--max-cron-threads=0"]
    odoo("server", *configuration, "-i", "l10n_tn_edi_ttn", "--stop-after-init")


def start_odoo():
    start("odoo", [ROOT / "scripts/odoo", "server", "-c", HOME / "odoo.conf", "-d", DATABASE], odoo_answers)


def odoo_answers():
    try:
        with urllib.request.urlopen(f"{odoo_address()}/web/health", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


class User:
    """An Odoo user at work, through the calls that the web client makes.

    :raise StackError: when the login is refused.
    """

    def __init__(self, login, password):
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        self._post("/web/session/authenticate", {"db": DATABASE, "login": login, "password": password})

    def __call__(self, model, method, *args, **kwargs):
        """:return: what the method of the model gives.
        :raise StackError: with Odoo's own words when it refuses.
        """
        kwargs.setdefault("context", {"lang": LANGUAGE})
        params = {"model": model, "method": method, "args": list(args), "kwargs": kwargs}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", params)

    def _post(self, path, params):
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        request = urllib.request.Request(
            odoo_address() + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with self.opener.open(request, timeout=120) as answer:
            result = json.load(answer)
        if "error" in result:
            raise StackError(result["error"]["data"]["message"])
        return result["result"]
