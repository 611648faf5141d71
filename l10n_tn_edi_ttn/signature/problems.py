"""How this room says that something is wrong: a problem in a report, or an error raised."""

from __future__ import annotations

from dataclasses import dataclass, field

from .codes import CATALOGUE


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: ``code`` is one of :data:`.codes.CODES`, ``message`` plain English, ``params`` the values
    it names (texts, numbers, lists of texts). ``breaking`` tells whether a signature with it must not be believed."""

    code: str
    message: str
    params: dict = field(default_factory=dict, hash=False)
    breaking: bool = True

    def as_dict(self) -> dict:
        """The problem as a JSON-able dict: code, message, breaking."""
        return {"code": self.code, "message": self.message, "breaking": self.breaking}


class SignatureError(Exception):
    """Something cannot be signed or completed. ``code``, ``message``, ``params`` as in :class:`Problem`.

    The message never holds a secret: it comes from the catalogue or from the caller's own words.
    """

    def __init__(self, code: str, message: str | None = None, **params):
        self.code = code
        self.message = sentence(code, params) if message is None else message
        self.params = params
        super().__init__(self.message)


class SignerError(SignatureError):
    """A signer (file, token, remote service) cannot be used, or did not sign."""


def problem(code: str, *, breaking: bool = True, **params) -> Problem:
    """The problem ``code`` with the catalogue's sentence. Raises KeyError for an unknown code."""
    return Problem(code, sentence(code, params), params, breaking)


def sentence(code: str, params: dict) -> str:
    """The catalogue's English sentence of ``code``, foreign texts printable and cut. Raises KeyError for an unknown code."""
    return CATALOGUE[code].format_map({name: _shown(value) for name, value in params.items()})


def _shown(value) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= 200 else text[:197] + "..."
