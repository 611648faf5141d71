"""Real Odoo processes: an HTTP server, and workers that run scheduled actions."""

import configparser
import os
import re
import urllib.error
import urllib.request

from .processes import ENV_DIR, SCRIPTS, Process, free_port

_READY = re.compile(r"Registry loaded in|HTTP service \(werkzeug\) running")


class _Odoo(Process):
    """:param str database: the only database that it serves.

    :param options: more options of the configuration file, for example ``l10n_tn_edi_ca_file``.
    :param arguments: more arguments of the command line.
    :param env: variables to add to the environment.
    """

    kind = ""

    def __init__(self, database, *arguments, options=None, name=None, env=None):
        name = name or f"{self.kind}-{database}-{free_port()}"
        self.database = database
        self.conf = ENV_DIR / "run" / f"{name}.conf"
        self._write_conf(
            {"db_name": database, "dbfilter": f"^{database}$", "list_db": "False", **(options or {})}
        )
        command = [SCRIPTS / "odoo", "server", "-c", self.conf, "-d", database, *arguments]
        super().__init__(name, command, env)

    def _write_conf(self, options):
        parser = configparser.RawConfigParser()
        parser.read(ENV_DIR / "odoo.conf")
        parser["options"].update({key: str(value) for key, value in options.items()})
        self.conf.parent.mkdir(parents=True, exist_ok=True)
        # It holds the key of the stored secrets
        with os.fdopen(os.open(self.conf, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            parser.write(stream)

    def stop(self, timeout=15.0):
        super().stop(timeout)
        self.conf.unlink(missing_ok=True)


class HttpServer(_Odoo):
    """Odoo's web server without scheduled actions, on a free port: ``url``."""

    kind = "http"

    def __init__(self, database, *arguments, options=None, name=None):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        ports = {"http_port": self.port, "gevent_port": free_port(), "max_cron_threads": 0}
        super().__init__(database, *arguments, options={**ports, **(options or {})}, name=name)

    def start(self):
        super().start()
        return self.wait_ready(self._is_healthy, timeout=90)

    def _is_healthy(self):
        try:
            with urllib.request.urlopen(f"{self.url}/web/health?db_server_status=1", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False


class _CronOnly(_Odoo):
    """A process whose log says when it is ready."""

    def start(self):
        mark = self.log_path.stat().st_size if self.log_path.exists() else 0
        super().start()
        return self.wait_ready(
            lambda: _READY.search(self.log_path.read_text(errors="replace")[mark:]), timeout=180
        )


class CronWorker(_CronOnly):
    """A process that only runs scheduled actions.

    :param int threads: how many actions it runs at the same time.
    """

    kind = "cron"

    def __init__(self, database, *arguments, threads=1, options=None, name=None, env=None):
        super().__init__(
            database,
            "--no-http",
            *arguments,
            options={"max_cron_threads": threads, **(options or {})},
            name=name,
            env=env,
        )


class CronHost(_CronOnly):
    """A host that runs scheduled actions in processes of their own, as production does; its master replaces those that die.

    :param int processes: how many.
    """

    kind = "host"

    def __init__(self, database, *arguments, processes=1, options=None, name=None, env=None):
        limits = {"limit_time_cpu": 100_000, "limit_time_real": 100_000, "limit_time_real_cron": 0}
        super().__init__(
            database,
            "--no-http",
            *arguments,
            options={"workers": 1, "max_cron_threads": processes, **limits, **(options or {})},
            name=name,
            env=env,
        )

    def children(self):
        """:return: numbers of its processes."""
        try:
            with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as stream:
                return [int(number) for number in stream.read().split()]
        except FileNotFoundError:
            return []
