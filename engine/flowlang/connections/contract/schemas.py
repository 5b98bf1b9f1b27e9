"""The schema of the configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from flowlang.connections.config import check_config, is_secret_key, secret_values
from flowlang.connections.contract.core import NotApplicable, Violation, check, require
from flowlang.connections.contract.subject import SECRET, Subject

_TYPES: Final = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})
_IGNORED: Final = (
    *("$ref", "$defs", "not", "if", "then", "else", "patternProperties", "propertyNames", "dependentRequired"),
    *("dependentSchemas", "prefixItems", "contains", "uniqueItems", "multipleOf", "minItems", "maxItems"),
)
_LOOKS_SECRET: Final = re.compile(r"(?:^|_)(?:pwd|pass|passwd|password|apikey|auth|bearer|pin|credentials?)$", re.I)


@check("the schema is that of an object")
def schema_is_of_an_object(subject: Subject) -> None:
    require(subject.schema.get("type") == "object", "the schema must have `type: object` at its top")


@check("the schema is plain JSON, and the same each time")
def schema_is_plain(subject: Subject) -> None:
    first, second = subject.plugin().get_config_schema(), subject.plugin().get_config_schema()
    try:
        require(json.loads(json.dumps(first)) == first, "the schema holds values that JSON changes")
    except (TypeError, ValueError) as error:
        raise Violation(f"the schema is no JSON: {error}") from error
    require(first == second, "two instances give different schemas")


@check("every property has a type that exists")
def properties_have_types(subject: Subject) -> None:
    for key, declared in subject.properties.items():
        require(isinstance(declared, Mapping), f"the property `{key}` is no map")
        if "enum" in declared or "const" in declared:
            continue
        wanted = declared.get("type")
        types = [wanted] if isinstance(wanted, str) else list(wanted or ())
        require(types, f"the property `{key}` has no type")
        require(set(types) <= _TYPES, f"the property `{key}` has the type {wanted!r}, which JSON Schema doesn't know")


@check("every property is described")
def properties_are_described(subject: Subject) -> None:
    silent = [key for key, declared in subject.properties.items() if not str(declared.get("description", "")).strip()]
    require(not silent, f"no `description`: {', '.join(silent)}; forms and editors show it")


@check("what is required is a property")
def required_keys_are_properties(subject: Subject) -> None:
    unknown = [key for key in _required(subject.schema) if key not in subject.properties]
    require(not unknown, f"required, but no property: {', '.join(unknown)}")


@check("defaults and examples fit their own property")
def defaults_fit(subject: Subject) -> None:
    for key, declared in subject.properties.items():
        shown = [("default", declared["default"])] if declared.get("default") is not None else []
        shown += [("example", value) for value in declared.get("examples", ())]
        for what, value in shown:
            problems = _problems_of(key, declared, value)
            require(not problems, f"the {what} of `{key}` doesn't fit: {problems}")


@check("bounds, patterns and choices can be met")
def constraints_are_sound(subject: Subject) -> None:
    for key, declared in subject.properties.items():
        least, most = declared.get("minimum"), declared.get("maximum")
        require(least is None or most is None or least <= most, f"`{key}`: minimum is above maximum")
        require("enum" not in declared or declared["enum"], f"`{key}`: `enum` is empty")
        try:
            re.compile(declared.get("pattern", ""))
        except re.error as error:
            raise Violation(f"the pattern of `{key}` is no regular expression: {error}") from error


@check("the schema uses only what is checked")
def keywords_are_understood(subject: Subject) -> None:
    used = sorted({keyword for part in (subject.schema, *subject.properties.values()) for keyword in part})
    ignored = [keyword for keyword in used if keyword in _IGNORED]
    require(not ignored, f"not understood, so never enforced: {', '.join(ignored)}; use `validate_config` for it")


@check("secrets are marked as such")
def secrets_are_marked(subject: Subject) -> None:
    unmarked = [
        key
        for key, declared in subject.properties.items()
        if _LOOKS_SECRET.search(key) and declared.get("type") == "string" and not is_secret_key(key, declared)
    ]
    require(not unmarked, f"shown in the clear: {', '.join(unmarked)}; mark it with `format: password`")


@check("secrets in a configuration are found and masked")
def secrets_are_found(subject: Subject) -> None:
    keys = [key for key, declared in subject.properties.items() if is_secret_key(key, declared)]
    keys = [key for key in keys if "string" in str(subject.properties[key].get("type", "string"))]
    if not keys:
        raise NotApplicable("no property is a secret")
    config = {key: f"{SECRET}-{key}" for key in keys}
    missed = set(config.values()) - set(secret_values(subject.schema, config))
    require(not missed, f"not masked: {', '.join(sorted(missed))}")


@check("no default is a secret")
def defaults_are_no_secrets(subject: Subject) -> None:
    for key, declared in subject.properties.items():
        secret = is_secret_key(key, declared) and declared.get("default") not in (None, "")
        require(not secret, f"`{key}` has a default; a secret that everybody knows is none")


def _required(schema: Mapping[str, Any]) -> Iterator[str]:
    yield from schema.get("required", ())
    for kind in ("anyOf", "oneOf", "allOf"):
        for group in schema.get(kind, ()):
            yield from group.get("required", ())


def _problems_of(key: str, declared: Mapping[str, Any], value: Any) -> str:
    alone = {"type": "object", "properties": {key: {**declared, "default": None}}}
    return "; ".join(problem.message for problem in check_config(alone, {key: value})[1])
