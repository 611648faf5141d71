"""A body against its JSON Schema: all that is wrong, each with its place."""

import functools
import re
from dataclasses import dataclass, field

import jsonschema

from . import schemas

# More findings than these help nobody
MOST = 100


@dataclass(frozen=True)
class BodyFinding:
    """What is wrong at one place of a body: ``code`` of ``problems.BODY_CODES``, JSON pointer, params of the sentence."""

    code: str
    path: str
    params: dict = field(default_factory=dict)


def check(value, name):
    """:param value: what was read from the body.
    :param str name: of a schema of :data:`schemas.SCHEMAS`.
    :return: list of :class:`BodyFinding`, empty when the body is as the schema wants it.
    """
    findings = []
    for error in _validator(name).iter_errors(value):
        findings += _findings_of(error)
        if len(findings) >= MOST:
            break
    return findings[:MOST]


@functools.cache
def _validator(name):
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": f"#/components/schemas/{name}",
        "components": {"schemas": schemas.SCHEMAS},
    }
    return jsonschema.Draft202012Validator(whole)


def _findings_of(error):
    path = _pointer(error.absolute_path)
    if error.validator == "required":
        # One error for each missing name; the library gives the name in its message only
        missing = next(name for name in error.validator_value if f"'{name}'" in error.message)
        return [BodyFinding("body.required", f"{path}/{missing}", {"name": missing})]
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        names = [name for name in error.instance if name not in known]
        return [
            BodyFinding("body.unknown", _pointer([*error.absolute_path, name]), {"name": name})
            for name in names
        ]
    name = str(error.absolute_path[-1]) if error.absolute_path else ""
    if error.validator in ("type", "anyOf"):
        return [BodyFinding("body.type", path, {"name": name, "wanted": _wanted(error)})]
    if error.validator == "enum":
        return [
            BodyFinding(
                "body.value", path, {"name": name, "wanted": ", ".join(map(str, error.validator_value))}
            )
        ]
    if error.validator in ("maxLength", "minLength", "maxItems", "minItems"):
        return [
            BodyFinding(
                "body.length",
                path,
                {"name": name, "limit": error.validator_value, "least": "min" in error.validator},
            )
        ]
    return [BodyFinding("body.form", path, {"name": name, "wanted": str(error.validator_value)})]


def _wanted(error):
    if error.validator == "anyOf":
        return "/".join(str(option.get("type")) for option in error.validator_value)
    return str(error.validator_value)


def _pointer(parts):
    return "".join("/" + re.sub("/", "~1", str(part).replace("~", "~0")) for part in parts)
