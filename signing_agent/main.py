"""``python -m signing_agent --config FILE``: serve until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import ctypes
import logging
import signal
import sys
import threading
from pathlib import Path

from signing_agent import config

_PR_SET_DUMPABLE = 4


def main(arguments: list[str] | None = None) -> int:
    """:return: the exit code."""
    parser = argparse.ArgumentParser(prog="signing_agent", description="Holds a signing token for Odoo.")
    parser.add_argument("--config", type=Path, required=True, help="TOML file, see signing_agent/config.py")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    no_dumps()
    try:
        server = _server(config.read(options.config))
    except (config.ConfigError, OSError, ImportError) as error:
        sys.stderr.write(f"signing_agent: {error}\n")
        return 2
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    logging.getLogger("signing_agent").info("listening on %s", server.server_address)
    server.serve_forever(poll_interval=0.2)
    server.server_close()
    return 0


def _server(found: config.Config):
    """The server that the configuration asks for. Each brings what only it needs: lxml on a desk, Unix at a server."""
    if found.desktop:
        from signing_agent.desktop import DesktopServer

        return DesktopServer(found)
    from signing_agent.server import Server

    return Server(found)


def no_dumps() -> None:
    """No core file and no debugger of the same user: the memory holds PINs. Linux only. Raises OSError."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE) failed")
