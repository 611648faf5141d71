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
"""

from __future__ import annotations

import os
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path


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

    @property
    def token(self) -> tuple:
        """What names the token; two keys of one configuration never share one, for a login is the token's."""
        return self.library, self.token_label, self.slot


@dataclass(frozen=True)
class Config:
    """``socket``: path; ``uids``: users who may ask; ``keys``: by name."""

    socket: Path
    uids: frozenset[int]
    keys: dict[str, Key] = field(default_factory=dict)


def read(path: Path) -> Config:
    """The configuration in a file. Raises ConfigError."""
    try:
        check_private(path, readable=True)
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        uids = frozenset({os.getuid(), *map(int, values.pop("uids", []))})
        keys = {name: _key(name, found) for name, found in values.pop("keys", {}).items()}
        where = Path(values.pop("socket"))
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
    return Config(where, uids, keys)


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
    forbidden = stat.S_IWGRP | stat.S_IWOTH
    if not readable:
        forbidden |= stat.S_IRGRP | stat.S_IROTH
    if mode & forbidden:
        raise ConfigError(f"{path}: others may {'write' if readable else 'read or write'} it (chmod 600)")
