"""A call as JSON and back: for an answer that could not be recorded when it came, so that it is not lost."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from .answers import Problem, read_answer
from .client import Call


def dump(call: Call) -> dict[str, Any]:
    """What :func:`load` needs. The secrets are masked in it, as they are in ``call``."""
    return {
        "operation": call.operation,
        "reached": call.reached,
        "request": b64encode(call.request).decode(),
        "response": b64encode(call.response).decode(),
        "http_status": call.http_status,
        "duration": call.duration,
        "problem": asdict(call.problem) if call.problem else None,
    }


def load(values: Mapping[str, Any], parse: Callable[[bytes], Any]) -> Call:
    """The call that was dumped; its answer is read anew from what came.

    :param values: of :func:`dump`
    :param parse: the parser for foreign XML, as for ``ElFatooraClient``
    """
    response = b64decode(values["response"])
    read = (
        Problem(**values["problem"])
        if values["problem"]
        else read_answer(values["operation"], values["http_status"], response, parse)
    )
    return Call(
        operation=values["operation"],
        reached=values["reached"],
        request=b64decode(values["request"]),
        response=response,
        http_status=values["http_status"],
        duration=values["duration"],
        answer=None if isinstance(read, Problem) else read,
        problem=read if isinstance(read, Problem) else None,
    )
