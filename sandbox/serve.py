"""`python -m sandbox serve`: the listeners, the ready file, and an orderly end."""

from __future__ import annotations

import gc
import json
import os
import signal
import ssl
import sys
import threading
from pathlib import Path

from sandbox.admin import AdminHandler
from sandbox.authority_http import AuthorityHandler
from sandbox.front import PATH, FrontHandler
from sandbox.http import Server, Unreachable
from sandbox.platform import Platform, State, configure
from sandbox.remote_http import BASE


def serve(options) -> int:
    """Run until SIGTERM or SIGINT. In: the parsed options of the command line. Raises OSError when a port is taken."""
    if options.authority_port:
        State(options.state).store.set_meta("authority_port", str(options.authority_port))
    platform = Platform(options.state, options.schemas)
    if options.config:
        configure(platform, json.loads(options.config.read_text(encoding="utf-8")))
    for name, value in (
        ("latency", options.latency),
        ("verdict_delay", options.verdict_delay),
        ("check_schema", False if options.without_schema else None),
        ("strict_signatures", True if options.strict_signatures else None),
    ):
        if value is not None:
            platform.store.set_setting(name, value)
    if platform.store.setting("check_schema") and not platform.schemas.versions:
        print(
            f"sandbox: no teif-<version>.xsd in {options.schemas}: every deposit will be refused "
            "(--without-schema switches the check off)",
            file=sys.stderr,
            flush=True,
        )
    front = Server((options.host, options.port), FrontHandler, _context(platform) if options.tls else None)
    admin = Server(("127.0.0.1", options.admin_port), AdminHandler)
    authority = _authority(int(platform.store.meta("authority_port")))
    silent = Unreachable("127.0.0.1")
    front.platform = admin.platform = authority.platform = platform
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # Compiled schemas are a forest of objects that never dies: walking it at every collection costs a third of a check.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    platform.kernel.start()
    servers = (front, admin, authority)
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
        for server in servers
    ]
    for thread in threads:
        thread.start()
    url = f"http{'s' if options.tls else ''}://127.0.0.1:{front.server_port}"
    ready = {
        "url": url,
        "endpoint": url + PATH,
        "ca_file": str(platform.authority.ca_file.resolve()),
        "admin": f"http://127.0.0.1:{admin.server_port}/admin",
        "admin_token": platform.store.meta("admin_token"),
        "anchors_file": str(platform.authority.anchors_file.resolve()),
        "schemas": list(platform.schemas.versions),
        "authority": platform.authority.base_url,
        "tsa": platform.authority.base_url + "/tsa",
        "digigo": url + BASE,
        "seal": url + BASE,
        "silent_endpoint": f"https://127.0.0.1:{silent.port}{PATH}",
        "pid": os.getpid(),
    }
    if options.ready:
        _write_ready(Path(options.ready), ready)
    print(f"sandbox: {ready['endpoint']} (administration {ready['admin']})", flush=True)
    stop.wait()
    for server in servers:
        server.stopping.set()
        server.shutdown()
        server.server_close()
    platform.kernel.stop()
    silent.close()
    return 0


def _authority(port: int) -> Server:
    try:
        return Server(("127.0.0.1", port), AuthorityHandler)
    except OSError as error:
        raise RuntimeError(
            f"port {port}, which this state's certificates name, can't be taken ({error}): does a server run on the same "
            "state? --authority-port moves it"
        ) from error


def _context(platform: Platform) -> ssl.SSLContext:
    folder = platform.authority.folder
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder / "tls-server.pem", folder / "tls-server.key")
    # Clients without a certificate are welcome; the seal may insist on one.
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(platform.authority.ca_file)
    return context


def _write_ready(path: Path, ready: dict):
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(ready, file, indent=1)
    os.replace(temporary, path)
