"""Checks a connection's configuration against its plugin's JSON Schema, and finds the secrets in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from flowlang.connections.urls import url_secrets
from flowlang.language.catalog import ConfigProblem
from flowlang.language.diagnostics import nearest
from flowlang.redaction import is_secret_name


def check_config(
    schema: Mapping[str, Any], config: Mapping[str, Any], unknown: Collection[str] = ()
) -> tuple[dict[str, Any], list[ConfigProblem]]:
    """The configuration with defaults filled in, and everything that is wrong with it.

    Text becomes a number or a truth value where the schema wants one and nothing is lost, because variables of
    the environment are text. The keys in `unknown` are given, but their values aren't known yet. Understood are
    `type`, `required`, `properties`, `additionalProperties` (false unless the schema says otherwise), `items`,
    `enum`, `const`, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`, `maxLength`,
    `pattern`, `default`, and `anyOf`, `oneOf`, `allOf` with `required`.
    """
    check = _Check(unknown)
    checked = check.mapping(schema, config, "", closed=True)
    return checked, check.problems


def secret_values(schema: Mapping[str, Any], config: Mapping[str, Any]) -> list[str]:
    """The texts of a configuration that must not be shown: passwords, keys, and those inside URLs.

    A secret inside a URL is listed as it is written there and decoded.
    """
    found = dict.fromkeys(_secrets(schema, config))
    return [secret for secret in found if secret]


def is_secret_key(name: str, declared: Mapping[str, Any]) -> bool:
    """Whether the value of a property is masked: the schema marks it, or its name says so."""
    if _is_marked(declared):
        return True
    return is_secret_name(name) and declared.get("type") not in ("boolean", "integer", "number")


def _is_marked(declared: Mapping[str, Any]) -> bool:
    return bool(declared.get("secret") or declared.get("writeOnly") or declared.get("format") == "password")


def _secrets(schema: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    properties = schema.get("properties", {})
    for key, value in config.items():
        declared = properties.get(key, {})
        if _is_marked(declared) or (is_secret_name(str(key)) and not isinstance(value, bool)):
            yield from _leaves(value)
        elif isinstance(value, Mapping):
            yield from _secrets(declared, value)
        for text in _leaves(value):
            yield from url_secrets(text)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


class _Check:
    """One pass over a configuration."""

    def __init__(self, unknown: Collection[str]) -> None:
        self._unknown = unknown
        self.problems: list[ConfigProblem] = []

    def _problem(self, key: str, code: str, message: str, suggestion: str | None = None) -> None:
        self.problems.append(ConfigProblem(key or None, code, message, suggestion))

    def mapping(self, schema: Mapping[str, Any], config: Mapping[str, Any], at: str, closed: bool) -> dict[str, Any]:
        properties: Mapping[str, Any] = schema.get("properties", {})
        further = schema.get("additionalProperties", not closed)
        checked: dict[str, Any] = {}
        for key, value in config.items():
            place = f"{at}{key}"
            if key in properties:
                checked[key] = self.value(properties[key], value, place)
            elif further is False:
                self._problem(place, "unknown-key", f"unknown key `{place}`", _near(str(key), properties))
                checked[key] = value
            else:
                checked[key] = self.value(further, value, place) if isinstance(further, Mapping) else value
        given = {*config, *self._unknown} if not at else set(config)
        misspelt = {problem.suggestion for problem in self.problems}
        for key in schema.get("required", ()):
            if key not in given and key not in misspelt:
                self._problem(f"{at}{key}", "missing-key", f"`{at}{key}` is missing")
        self._combinations(schema, given | misspelt, at)
        for key, declared in properties.items():
            if "default" in declared and key not in given:
                checked[key] = declared["default"]
        return checked

    def _combinations(self, schema: Mapping[str, Any], given: set[Any], at: str) -> None:
        for group in schema.get("allOf", ()):
            for key in group.get("required", ()):
                if key not in given:
                    self._problem(f"{at}{key}", "missing-key", f"`{at}{key}` is missing")
            self._combinations(group, given, at)
        for kind in ("anyOf", "oneOf"):
            groups = [tuple(group.get("required", ())) for group in schema.get(kind, ())]
            met = sum(given.issuperset(group) for group in groups)
            if not groups or met == 1 or (met and kind == "anyOf"):
                continue
            ways = [" and ".join(f"`{at}{key}`" for key in group) for group in groups if group]
            if met:
                self._problem(at.rstrip("."), "invalid-value", f"only one of these can be given: {'; '.join(ways)}")
            else:
                self._problem(at.rstrip("."), "missing-key", f"give {', or '.join(ways)}")

    def value(self, schema: Any, value: Any, place: str) -> Any:
        if not isinstance(schema, Mapping):
            return value
        wanted = schema.get("type")
        types = (wanted,) if isinstance(wanted, str) else tuple(wanted or ())
        if types:
            fitted = _fit(value, types)
            if fitted is _MISFIT:
                self._problem(place, "wrong-type", f"`{place}` must be {_one_of(types)}, not {_named(value)}")
                return value
            value = fitted
        self._allowed(schema, value, place)
        if isinstance(value, Mapping):
            return self.mapping(schema, value, f"{place}.", closed=False)
        if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
            return [self.value(schema["items"], item, f"{place}[{index}]") for index, item in enumerate(value)]
        return value

    def _allowed(self, schema: Mapping[str, Any], value: Any, place: str) -> None:
        if "enum" in schema and value not in schema["enum"]:
            allowed = [str(choice) for choice in schema["enum"] if choice is not None]
            near = nearest(value, allowed) if isinstance(value, str) else None
            self._problem(
                place,
                "invalid-value",
                f"`{place}` must be one of {', '.join(f'`{choice}`' for choice in allowed)}",
                near,
            )
        if "const" in schema and value != schema["const"]:
            self._problem(place, "invalid-value", f"`{place}` must be `{schema['const']}`")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            for keyword, (holds, words) in _BOUNDS.items():
                if keyword in schema and not holds(value, schema[keyword]):
                    self._problem(place, "invalid-value", f"`{place}` must be {words} {schema[keyword]}, not {value}")
        if isinstance(value, str):
            if len(value) < schema.get("minLength", 0):
                self._problem(place, "invalid-value", f"`{place}` is {'empty' if not value else 'too short'}")
            if len(value) > schema.get("maxLength", len(value)):
                self._problem(place, "invalid-value", f"`{place}` is longer than {schema['maxLength']} characters")
            if "pattern" in schema and re.search(schema["pattern"], value) is None:
                self._problem(place, "invalid-value", f"`{place}` doesn't have the form `{schema['pattern']}`")


_MISFIT: Final = object()

_BOUNDS: Final[dict[str, tuple[Callable[[Any, Any], bool], str]]] = {
    "minimum": (lambda value, bound: value >= bound, "at least"),
    "maximum": (lambda value, bound: value <= bound, "at most"),
    "exclusiveMinimum": (lambda value, bound: value > bound, "more than"),
    "exclusiveMaximum": (lambda value, bound: value < bound, "less than"),
}

_TYPES: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "string": ((str,), "text"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "`true` or `false`"),
    "object": ((dict, Mapping), "a map"),
    "array": ((list, tuple), "a list"),
    "null": ((type(None),), "null"),
}


def _fit(value: Any, types: tuple[str, ...]) -> Any:
    """`value` as one of the JSON types, coerced from text where nothing is lost; else `_MISFIT`."""
    for name in types:
        if name in _TYPES and _is(value, name):
            return value
    for name in types:
        if name == "integer" and isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, str):
            fitted = _from_text(value.strip(), name)
            if fitted is not _MISFIT:
                return fitted
        if name == "string" and isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
    return _MISFIT


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name][0])


def _from_text(text: str, name: str) -> Any:
    if name == "boolean":
        return {"true": True, "false": False}.get(text.lower(), _MISFIT)
    if name == "integer" and re.fullmatch(r"[+-]?\d{1,100}", text):
        return int(text)
    if name == "number" and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return float(text) if re.search(r"[.eE]", text) else int(text)
    return _MISFIT


def _one_of(types: tuple[str, ...]) -> str:
    return " or ".join(_TYPES[name][1] if name in _TYPES else name for name in types)


def _named(value: Any) -> str:
    """What kind of value this is. Never the value: it may be a secret."""
    return next((words for name, (_, words) in _TYPES.items() if _is(value, name)), type(value).__name__)


def _near(key: str, properties: Mapping[str, Any]) -> str | None:
    return nearest(key, properties)
