"""How the archive says that something is wrong: a code, what it concerns, values and plain English."""

from __future__ import annotations

from dataclasses import dataclass, field

from .codes import CATALOGUE

ERROR, WARNING, NOTICE = "error", "warning", "notice"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. ``code``: one of :data:`.codes.CATALOGUE`; ``severity``: error (the proof does not hold), warning
    (it holds, something must be done) or notice; ``seal``, ``record``, ``file``: what it concerns, None when it does not
    concern one; ``params``: values of the sentence (texts and numbers); ``message``: the sentence in English."""

    code: str
    severity: str
    message: str
    seal: int | None = None
    record: int | None = None
    file: str | None = None
    params: dict = field(default_factory=dict, hash=False)

    def as_dict(self) -> dict:
        """The finding as a JSON-able dict."""
        return {
            "code": self.code,
            "severity": self.severity,
            "seal": self.seal,
            "record": self.record,
            "file": self.file,
            "message": self.message,
        }


class ArchiveError(Exception):
    """Evidence that does not hold or cannot be read. ``code`` and ``params`` as in :class:`Finding`."""

    def __init__(self, code: str, **params):
        self.code = code
        self.params = _shown_params(params)
        super().__init__(sentence(code, self.params))


def finding(code: str, *, seal=None, record=None, file=None, **params) -> Finding:
    """The finding ``code`` with the catalogue's severity and sentence.

    A param that is an ArchiveError is kept with its code, as ``NAME_code`` and ``NAME_params``, for who translates. Raises
    KeyError for an unknown code.
    """
    shown_params = _shown_params(params)
    message = sentence(code, shown_params)
    return Finding(code, CATALOGUE[code][0], message, seal, record, file and shown(file), shown_params)


def from_error(error: ArchiveError, **where) -> Finding:
    """The finding of an error, at ``where`` (seal, record, file)."""
    return finding(error.code, **where, **error.params)


def sentence(code: str, params: dict) -> str:
    """The catalogue's English sentence. Raises KeyError for an unknown code."""
    return CATALOGUE[code][1].format_map(params)


def shown(value):
    """Foreign text made printable and cut; numbers as they are."""
    if isinstance(value, (int, dict)):
        return value
    text = "".join(character if character.isprintable() else " " for character in str(value))
    return text if len(text) <= 200 else text[:197] + "..."


def _shown_params(params: dict) -> dict:
    found = {}
    for name, value in params.items():
        found[name] = shown(value)
        if isinstance(value, ArchiveError):
            found |= {f"{name}_code": value.code, f"{name}_params": value.params}
    return found
