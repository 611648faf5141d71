"""nginx with the configuration that the documentation gives, before an Odoo server."""

import shutil
import socket

from .processes import ROOT, Process, free_port

DOCUMENTED = ROOT / "docs" / "nginx-api.conf"
SECRET = "CHANGE-ME-TO-32-RANDOM-CHARACTERS-OR-MORE"


class Nginx(Process):
    """:param Path folder: for its files; it holds ``server.pem`` and ``server.key``.
    :param int odoo_port: where Odoo listens on 127.0.0.1.
    :param str secret: what Odoo knows as ``l10n_tn_edi_proxy_secret``.
    """

    def __init__(self, folder, odoo_port, secret):
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        configuration = DOCUMENTED.read_text(encoding="utf-8")
        for documented, here in (
            (SECRET, secret),
            ("127.0.0.1:8069", f"127.0.0.1:{odoo_port}"),
            ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
            ("/etc/nginx/tls/facturation.example.com.pem", f"{folder}/server.pem"),
            ("/etc/nginx/tls/facturation.example.com.key", f"{folder}/server.key"),
            ("/var/log/nginx/odoo.log", f"{folder}/access.log"),
        ):
            if configuration.count(documented) != 1:
                raise AssertionError(
                    f"{DOCUMENTED} has {documented!r} {configuration.count(documented)} times"
                )
            configuration = configuration.replace(documented, here)
        places = "\n".join(
            f"    {kind}_temp_path {folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        path = folder / "nginx.conf"
        path.write_text(
            f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log stderr;\n"
            f"events {{}}\nhttp {{\n{places}\n{configuration}\n}}\n",
            encoding="utf-8",
        )
        super().__init__(
            f"nginx-{self.port}", [shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", path]
        )

    def start(self):
        super().start()
        return self.wait_ready(self._listens)

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True
