"""The sandbox of El Fatoora as a process of its own, on a state folder that outlives it."""

import json
import os
import socket
import urllib.request
from pathlib import Path

from .processes import ENV_DIR, Process, run

PYTHON = ENV_DIR / "venv-sandbox" / "bin" / "python"


class Sandbox:
    """:param Path state: folder of its state (SQLite, test authority); the same folder can be served again later.

    :param options: more arguments of `python -m sandbox serve`.
    """

    def __init__(self, state, *options, name=None):
        self.state = Path(state)
        self._ready_file = self.state / "ready.json"
        self._options = [str(option) for option in options]
        self._name = name or f"sandbox-{os.getpid()}-{self.state.name}"
        self._process = None
        self._port = 0
        self.info = {}

    @property
    def ready_file(self):
        """Path of the JSON file with url, endpoint, ca_file, admin and admin_token."""
        return self._ready_file

    @property
    def pid(self):
        return self._process.pid

    @property
    def endpoint(self):
        return self.info["endpoint"]

    def start(self, timeout=60.0):
        """Serve the state, on the port of the first start when it is started again.

        :raise HarnessError: with the end of its log when it does not come up.
        """
        self.state.mkdir(parents=True, exist_ok=True)
        self._ready_file.unlink(missing_ok=True)
        arguments = [
            "serve",
            "--state",
            self.state,
            "--port",
            self._port,
            "--ready",
            self._ready_file,
            "--tls",
        ]
        self._process = Process(self._name, [PYTHON, "-m", "sandbox", *arguments, *self._options]).start()
        self._process.wait_ready(self._answers, timeout)
        return self

    def _answers(self):
        if not self._ready_file.exists():
            return False
        try:
            self.info = json.loads(self._ready_file.read_text())
        except json.JSONDecodeError:  # half written
            return False
        self._port = int(self.info["url"].rsplit(":", 1)[1].strip("/"))
        try:
            socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
        except OSError:
            return False
        return True

    def admin(self, method, path, values=None, timeout=10.0):
        """One call of the sandbox's administration.

        :param str path: below the administration's address, for example ``/accounts``.
        :param values: what is sent as JSON.
        :return: the JSON of the answer.
        """
        request = urllib.request.Request(
            self.info["admin"].rstrip("/") + path,
            method=method,
            data=None if values is None else json.dumps(values).encode(),
            headers={
                "Authorization": f"Bearer {self.info['admin_token']}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.loads(answer.read() or b"null")

    def command(self, name, *arguments):
        """Run `python -m sandbox NAME --state …` to its end.

        :return: its standard output as text.
        :raise HarnessError: when it fails.
        """
        return run([PYTHON, "-m", "sandbox", name, "--state", self.state, *arguments])

    def stop(self):
        if self._process is not None:
            self._process.stop()

    def kill(self):
        if self._process is not None:
            self._process.kill()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_exception):
        self.stop()
