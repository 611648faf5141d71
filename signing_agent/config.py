"""The agent's configuration: a TOML file that only its user can write.

socket = "/run/l10n-tn-edi/agent.sock"
uids = [105]                        # who may ask, beside the agent's own user: Odoo's user

[keys.company]                      # the name under which Odoo's signature provider knows the key
library = "/usr/lib/libeToken.so"   # the manufacturer's PKCS#11 library
token_label = "ID-Trust"            # or: slot = 0
key_label = "signature"             # left out where the token holds one private key
pin_file = "/etc/l10n-tn-edi/pin"   # left out where a human types the PIN for a signing session
max_documents = 5000                # the most that one typed PIN may sign …
max_minutes = 240                   # … and the longest it is kept
archives = false                    # true: also signs PDFs and exports, whose content the agent cannot look at

On a desk, for an Odoo that is hosted elsewhere, [desktop] stands instead of `socket` and `uids`:

[desktop]
origins = ["https://erp.exemple.tn"]   # Odoo's address as the browser shows it: no path, no slash at the end
port = 9871                            # of 127.0.0.1; the same in Odoo's signature provider
paired = "paired.json"                 # the browsers that were paired; beside this file when no folder is named
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_PORT = 9871
#: What a browser sends: in clear only from this machine itself.
_ORIGIN = re.compile(r"(https://[a-z0-9.-]+|http://(127\.0\.0\.1|localhost))(:[0-9]{1,5})?")


class ConfigError(Exception):
    """The configuration cannot be used; the message says what to mend."""


@dataclass(frozen=True)
class Key:
    """A private key on a token. See the module's text."""

    name: str
    library: str
    token_label: str | None = None
    slot: int | None = None
    key_label: str | None = None
    pin_file: Path | None = None
    max_documents: int = 5000
    max_minutes: int = 240
    archives: bool = False

    @property
    def token(self) -> tuple:
        """What names the token; two keys of one configuration never share one, for a login is the token's."""
        return self.library, self.token_label, self.slot


@dataclass(frozen=True)
class Desktop:
    """The loopback door. See the module's text."""

    origins: frozenset[str]
    port: int
    paired: Path


@dataclass(frozen=True)
class Config:
    """``socket``: path, None on a desk; ``uids``: users who may ask; ``keys``: by name; ``desktop``: None at a server."""

    socket: Path | None
    uids: frozenset[int]
    keys: dict[str, Key] = field(default_factory=dict)
    desktop: Desktop | None = None


def read(path: Path) -> Config:
    """The configuration in a file. Raises ConfigError."""
    try:
        check_private(path, readable=True)
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        keys = {name: _key(name, found) for name, found in values.pop("keys", {}).items()}
        if "desktop" in values:
            where, uids, desktop = None, frozenset(), _desktop(values.pop("desktop"), path.parent)
        else:
            where, desktop = Path(values.pop("socket")), None
            uids = frozenset({os.getuid(), *map(int, values.pop("uids", []))})
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    except KeyError as error:
        raise ConfigError(f"{path}: {error.args[0]} is missing") from error
    if values:
        raise ConfigError(f"{path}: unknown setting {', '.join(values)}")
    if not keys:
        raise ConfigError(f"{path}: there is no [keys.NAME]")
    if len({key.token for key in keys.values()}) < len(keys):
        raise ConfigError(f"{path}: two keys are on the same token")
    if desktop and any(key.pin_file or key.archives for key in keys.values()):
        raise ConfigError(
            f"{path}: on a desk the PIN is typed and what is signed is shown: no pin_file, no archives"
        )
    return Config(where, uids, keys, desktop)


def _desktop(values: dict, folder: Path) -> Desktop:
    values = dict(values)
    origins = frozenset(values.pop("origins"))
    port, paired = int(values.pop("port", DEFAULT_PORT)), folder / values.pop("paired", "paired.json")
    if values:
        raise ConfigError(f"desktop: unknown setting {', '.join(values)}")
    wrong = [one for one in origins if not _ORIGIN.fullmatch(one)]
    if wrong or not origins:
        raise ConfigError(f"desktop: origins are like https://erp.exemple.tn, not {wrong or 'none'}")
    return Desktop(origins, port, paired)


def _key(name: str, values: dict) -> Key:
    values = dict(values)
    if ("token_label" in values) == ("slot" in values):
        raise ConfigError(f"keys.{name}: either token_label or slot")
    if pin_file := values.pop("pin_file", None):
        values["pin_file"] = Path(pin_file)
        check_private(values["pin_file"])
    return Key(name=name, **values)


def check_private(path: Path, *, readable: bool = False) -> None:
    """Refuse a file that others could write (or read, unless ``readable``). Raises ConfigError and OSError."""
    mode = path.stat().st_mode
    if os.name != "posix":
        return  # there the folder of the user protects it, and the mode says nothing
    forbidden = stat.S_IWGRP | stat.S_IWOTH
    if not readable:
        forbidden |= stat.S_IRGRP | stat.S_IROTH
    if mode & forbidden:
        raise ConfigError(f"{path}: others may {'write' if readable else 'read or write'} it (chmod 600)")
