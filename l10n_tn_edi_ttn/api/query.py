"""Parameters of an address, read as their operation declares them."""

import re
from datetime import date

from .routes import BY_NAME


class ParameterError(ValueError):
    """A parameter that is unknown, stands twice, or has no good value: ``name``."""

    def __init__(self, name):
        super().__init__(name)
        self.name = name


def read(operation, pairs):
    """:param str operation: name of one of ``routes.OPERATIONS``.
    :param pairs: iterable of ``(name, text)``, as they stand in the address.
    :return: dict of name to value: int, bool, date or text; defaults for what is not given, None without one.
    :raise ParameterError: for the first one that can't be read.
    """
    known = {item["name"]: item["schema"] for item in BY_NAME[operation].parameters if item["in"] == "query"}
    values = {}
    for name, text in pairs:
        if name not in known or name in values:
            raise ParameterError(name)
        value = _value(known[name], text)
        if value is None:
            raise ParameterError(name)
        values[name] = value
    return {name: values.get(name, schema.get("default")) for name, schema in known.items()}


def _value(schema, text):
    """:return: the value, None when it is none of the schema."""
    if schema["type"] == "boolean":
        return {"true": True, "false": False}.get(text)
    if schema["type"] == "integer":
        if not re.fullmatch(r"[0-9]{1,9}", text):
            return None
        number = int(text)
        return number if schema["minimum"] <= number <= schema["maximum"] else None
    if schema.get("format") == "date":
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    if "enum" in schema:
        return text if text in schema["enum"] else None
    fits = schema["minLength"] <= len(text) <= schema["maxLength"] and "\0" not in text
    return text if fits else None
