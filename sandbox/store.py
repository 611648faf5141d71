"""State on disk: one SQLite file in WAL mode, which survives kill -9 and is shared with the command line.

Transactions are short. Writers of this process queue on a lock (SQLite has one writer anyway, and waiting in its busy
handler costs sleeps); other processes are waited for through the busy time-out.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import socket
import sqlite3
import threading
from pathlib import Path

from sandbox.settings import DEFAULTS, checked

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS account (
    login TEXT PRIMARY KEY, salt TEXT NOT NULL, password TEXT NOT NULL, matricule TEXT NOT NULL,
    addresses TEXT NOT NULL DEFAULT '[]', enabled INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS declared (
    login TEXT NOT NULL REFERENCES account(login) ON DELETE CASCADE, serial TEXT NOT NULL, PRIMARY KEY (login, serial));
CREATE TABLE IF NOT EXISTS certificate (
    serial TEXT PRIMARY KEY, subject TEXT NOT NULL, matricule TEXT, not_before TEXT NOT NULL, not_after TEXT NOT NULL,
    revoked_at REAL, der BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS deposit (
    id INTEGER PRIMARY KEY, login TEXT NOT NULL, matricule TEXT NOT NULL, number TEXT NOT NULL, document_type TEXT NOT NULL,
    date_document TEXT, amount TEXT, amount_tax TEXT, receiver TEXT NOT NULL DEFAULT '', received_at REAL NOT NULL,
    sha256 TEXT NOT NULL, signature_value TEXT NOT NULL DEFAULT '', imprint TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'pending', due_at REAL NOT NULL, processed_at REAL, reference TEXT UNIQUE,
    errors TEXT NOT NULL DEFAULT '[]', qr TEXT, plan TEXT NOT NULL DEFAULT '{}', content BLOB NOT NULL, final BLOB);
CREATE INDEX IF NOT EXISTS deposit_number ON deposit (number);
CREATE INDEX IF NOT EXISTS deposit_due ON deposit (state, due_at);
CREATE INDEX IF NOT EXISTS deposit_received ON deposit (login, received_at);
CREATE INDEX IF NOT EXISTS deposit_sha ON deposit (login, sha256);
CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, peer TEXT NOT NULL, operation TEXT NOT NULL, login TEXT,
    http_sha256 TEXT NOT NULL, http_size INTEGER NOT NULL, complete INTEGER NOT NULL, sha256 TEXT, number TEXT, criteria TEXT,
    deposit_id INTEGER, outcome TEXT NOT NULL, code TEXT, text TEXT, faults TEXT NOT NULL DEFAULT '[]', answered INTEGER);
CREATE INDEX IF NOT EXISTS ledger_deposit ON ledger (deposit_id);
CREATE TABLE IF NOT EXISTS remote_key (
    kind TEXT NOT NULL, name TEXT NOT NULL, pin TEXT NOT NULL, pem BLOB NOT NULL, chain TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (kind, name));
CREATE TABLE IF NOT EXISTS remote_client (client TEXT PRIMARY KEY, secret TEXT NOT NULL, redirects TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS authorisation (
    handle TEXT PRIMARY KEY, client TEXT NOT NULL, redirect TEXT NOT NULL, credential TEXT NOT NULL, digests TEXT NOT NULL,
    number INTEGER NOT NULL, state TEXT NOT NULL, otp TEXT NOT NULL, otp_until REAL NOT NULL, step TEXT NOT NULL,
    jti TEXT UNIQUE, code_until REAL, sad TEXT UNIQUE, sad_until REAL, used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, operation TEXT, number TEXT, login TEXT, nth INTEGER, times INTEGER,
    probability REAL, seed TEXT NOT NULL DEFAULT '', params TEXT NOT NULL DEFAULT '{}', seen INTEGER NOT NULL DEFAULT 0,
    hits INTEGER NOT NULL DEFAULT 0);
"""


class Store:
    """The state folder and its database.

    In: the folder (created when missing). Connections are one per thread.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = self.folder / "sandbox.sqlite3"
        self._local = threading.local()
        self._write_lock = threading.RLock()
        with self.write() as db:
            # executescript would commit by itself: the statements are few, so they are run one by one.
            for statement in SCHEMA.split(";"):
                if statement.strip():
                    db.execute(statement)
            for key, make in (
                ("admin_token", lambda: secrets.token_urlsafe(24)),
                ("secret", lambda: secrets.token_hex(32)),
                ("authority_port", lambda: str(_free_port())),
            ):
                if not db.execute("SELECT 1 FROM meta WHERE key = ?", (key,)).fetchone():
                    db.execute("INSERT INTO meta VALUES (?, ?)", (key, make()))

    @property
    def db(self) -> sqlite3.Connection:
        """This thread's connection."""
        db = getattr(self._local, "db", None)
        if db is None:
            db = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode = WAL")
            # NORMAL loses nothing when the process is killed; only a power cut could.
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA foreign_keys = ON")
            self._local.db = db
        return db

    def close(self):
        """Close this thread's connection, when it has one."""
        db = getattr(self._local, "db", None)
        if db is not None:
            db.close()
            self._local.db = None

    @contextlib.contextmanager
    def write(self):
        """One write transaction; yields the connection. Nested use joins the outer transaction."""
        with self._write_lock:
            db = self.db
            if db.in_transaction:
                yield db
                return
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def meta(self, key: str) -> str:
        """A value fixed when the state was made: 'admin_token', 'secret' or 'authority_port'."""
        return self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()["value"]

    def set_meta(self, key: str, value: str):
        """Replace such a value."""
        with self.write() as db:
            db.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, value),
            )

    # -- settings ------------------------------------------------------------------------------------------------
    def settings(self) -> dict[str, object]:
        """All settings, defaults included. Read again whenever another connection has committed."""
        version = self.db.execute("PRAGMA data_version").fetchone()[0]
        cached = getattr(self._local, "settings", None)
        if cached and cached[0] == version:
            return cached[1]
        values = dict(DEFAULTS)
        for row in self.db.execute("SELECT name, value FROM setting"):
            values[row["name"]] = json.loads(row["value"])
        self._local.settings = (version, values)
        return values

    def setting(self, name: str):
        """One setting's value."""
        return self.settings()[name]

    def set_setting(self, name: str, value: object):
        """Store a setting. Raises settings.SettingError."""
        value = checked(name, value)
        with self.write() as db:
            db.execute(
                "INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, json.dumps(value)),
            )
        # data_version tells of other connections' commits only, not of this thread's own.
        self._local.settings = None

    # -- accounts ------------------------------------------------------------------------------------------------
    def set_account(
        self,
        login: str,
        *,
        password: str | None = None,
        matricule: str | None = None,
        declare=(),
        undeclare=(),
        addresses=None,
        enabled: bool | None = None,
    ):
        """Create or change an account.

        In: password and matricule are asked for when it is new; serials as numbers or strings (decimal, or hexadecimal
        with 0x, colons or a letter); addresses None leaves them, [] means any address. Raises ValueError.
        """
        declare, undeclare = [serial_text(s) for s in declare], [serial_text(s) for s in undeclare]
        with self.write() as db:
            known = db.execute("SELECT 1 FROM account WHERE login = ?", (login,)).fetchone()
            if not known:
                if not password or not matricule:
                    raise ValueError(f"account {login!r} is new: it needs a password and a matricule")
                db.execute(
                    "INSERT INTO account (login, salt, password, matricule) VALUES (?, '', '', ?)",
                    (login, matricule),
                )
            if password:
                salt = secrets.token_hex(8)
                db.execute(
                    "UPDATE account SET salt = ?, password = ? WHERE login = ?",
                    (salt, _hashed(salt, password), login),
                )
            if matricule:
                db.execute("UPDATE account SET matricule = ? WHERE login = ?", (matricule, login))
            if addresses is not None:
                db.execute(
                    "UPDATE account SET addresses = ? WHERE login = ?",
                    (json.dumps(sorted(set(addresses))), login),
                )
            if enabled is not None:
                db.execute("UPDATE account SET enabled = ? WHERE login = ?", (int(enabled), login))
            db.executemany(
                "INSERT OR IGNORE INTO declared VALUES (?, ?)", [(login, serial) for serial in declare]
            )
            db.executemany(
                "DELETE FROM declared WHERE login = ? AND serial = ?",
                [(login, serial) for serial in undeclare],
            )

    def remove_account(self, login: str) -> bool:
        """Forget an account (its deposits stay)."""
        with self.write() as db:
            return bool(db.execute("DELETE FROM account WHERE login = ?", (login,)).rowcount)

    def accounts(self) -> list[dict]:
        """All accounts without their passwords."""
        declared: dict[str, list] = {}
        for row in self.db.execute("SELECT login, serial FROM declared ORDER BY serial"):
            declared.setdefault(row["login"], []).append(row["serial"])
        return [
            {
                "login": row["login"],
                "matricule": row["matricule"],
                "addresses": json.loads(row["addresses"]),
                "enabled": bool(row["enabled"]),
                "declared": declared.get(row["login"], []),
            }
            for row in self.db.execute("SELECT * FROM account ORDER BY login")
        ]

    def account(self, login: str, password: str, matricule: str) -> sqlite3.Row | None:
        """The enabled account that all three fit, or None."""
        row = self.db.execute("SELECT * FROM account WHERE login = ? AND enabled", (login,)).fetchone()
        if row is None or not secrets.compare_digest(row["password"], _hashed(row["salt"], password)):
            return None
        return row if row["matricule"] == matricule else None

    def is_declared(self, login: str, serial: int) -> bool:
        """Has the account declared this certificate's serial?"""
        return (
            self.db.execute(
                "SELECT 1 FROM declared WHERE login = ? AND serial = ?", (login, str(serial))
            ).fetchone()
            is not None
        )


def serial_text(serial: int | str) -> str:
    """A certificate's serial as the decimal text under which it is stored. Raises ValueError."""
    if isinstance(serial, int):
        return str(serial)
    text = serial.strip().replace(":", "").replace(" ", "").lower()
    try:
        if text.isdigit() and ":" not in serial:
            return str(int(text))
        return str(int(text.removeprefix("0x"), 16))
    except ValueError as error:
        raise ValueError(f"{serial!r} is no certificate serial (decimal, or hexadecimal)") from error


def _hashed(salt: str, password: str) -> str:
    # A quick digest is enough for test passwords, and every request pays for it.
    return hashlib.sha256(f"{salt}:{password}".encode()).hexdigest()


def _free_port() -> int:
    """A port below the range from which outgoing connections are served, so that it is still free at the next start."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
