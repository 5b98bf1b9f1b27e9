"""A connection that is being written in a form: what was typed, what is wrong with it, and what it becomes."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple

from flowlang.connections.addresses import URL_KEYS
from flowlang.connections.config import check_config, is_secret_key
from flowlang.connections.records import POOL_KEYS, Overlay, ProjectConnection
from flowlang.connections.store import check_name
from flowlang.connections.urls import canonical_url, config_of_url
from flowlang.errors import ConfigurationError
from flowlang.language.model import Connection

Where = Literal["project", "flow"]
Kind = Literal["text", "number", "choice", "json"]
Group = Literal["url", "parts", "main", "pool", "more"]

#: What a URL says already, so that a form asks for the one or the other.
_PARTS: Final = frozenset({"host", "port", "user", "username", "password", "database", "sslmode"})
_POOL: Final = {name: key for key, names in POOL_KEYS.items() for name in names}
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class FormField(NamedTuple):
    """A value that a form asks for. `default` is what holds when nothing is typed, in words."""

    key: str
    kind: Kind
    group: Group
    description: str = ""
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    secret: bool = False


@dataclass(slots=True, eq=False)
class Draft:
    """What was typed so far.

    `layers` has the text of each key, by environment; None is the connection as it usually is. `original` is the
    record that is being changed, `declared` what the flow's own connection says that is being changed. `url_given`
    tells for a type with both whether a URL is typed or its parts.
    """

    type: str
    schema: Mapping[str, Any]
    name: str = ""
    where: Where = "project"
    layers: dict[str | None, dict[str, str]] = field(default_factory=lambda: {None: {}})
    url_given: bool = True
    original: ProjectConnection | None = None
    declared: dict[str, Any] | None = None
    taken: Collection[str] = ()

    @property
    def is_new(self) -> bool:
        """Whether there is no such connection yet."""
        return self.original is None and self.declared is None

    @property
    def fields(self) -> list[FormField]:
        """What there is to ask for now."""
        hidden: Group = "parts" if self.url_given else "url"
        return [one for one in fields_of(self.schema) if one.group != hidden]

    def values(self, environment: str | None = None) -> dict[str, str]:
        """What was typed for an environment, as far as it is asked for."""
        asked = {one.key for one in self.fields}
        typed = self.layers.get(environment, {})
        return {key: text for key, text in typed.items() if key in asked and text.strip()}


def draft_of(record: ProjectConnection, schema: Mapping[str, Any], *, new: bool = False) -> Draft:
    """The form of a record: of one that is kept and is to be changed, or of a `new` one."""
    layers: dict[str | None, dict[str, str]] = {None: _typed(record, schema)}
    layers |= {name: _typed(overlay, schema) for name, overlay in record.environments.items()}
    parts = {one.key for one in fields_of(schema) if one.group == "parts"}
    has_url = any(key in values for key in URL_KEYS for values in layers.values())
    return Draft(
        record.connection_type,
        schema,
        record.name,
        layers=layers,
        url_given=has_url or not parts.intersection(*layers.values()),
        original=None if new else record,
    )


def draft_of_declared(connection: Connection, schema: Mapping[str, Any]) -> Draft:
    """The form of a connection that a flow declares, with its expressions as they stand there."""
    data = {key: value.node.data for key, value in connection.config.items()}
    kind = "" if connection.type is None else connection.type.text
    typed = {key: as_text(value) for key, value in data.items()}
    parts = {one.key for one in fields_of(schema) if one.group == "parts"}
    has_url = any(key in typed for key in URL_KEYS)
    return Draft(
        kind,
        schema,
        connection.name,
        "flow",
        {None: typed},
        url_given=has_url or not parts.intersection(typed),
        declared={"type": kind, **data},
    )


def fields_of(schema: Mapping[str, Any]) -> list[FormField]:
    """What a form asks for, what matters most first."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    required = set(schema.get("required", ()))
    either = any(key in properties for key in URL_KEYS) and "host" in properties
    made = [
        _field(key, about, key in required, either) for key, about in properties.items() if isinstance(about, Mapping)
    ]
    order: list[Group] = ["url", "parts", "main", "pool", "more"]
    return sorted(made, key=lambda one: order.index(one.group))


def record_of(draft: Draft) -> ProjectConnection:
    """The record that the draft becomes. Raises ConfigurationError for a value that cannot be read."""
    base = draft.original or ProjectConnection(connection_type=draft.type, name=draft.name)
    overlays = {
        name: _layer(draft, name, base.environments.get(name, Overlay()))
        for name in draft.layers
        if name is not None and draft.values(name)
    }
    usual = _layer(draft, None, base)
    fields = {name: getattr(usual, name) for name in ("connection_url", "config", "pool")}
    return replace(base, name=draft.name, environments=overlays, **fields)


def problems_of(draft: Draft) -> dict[tuple[str | None, str], str]:
    """What is wrong, by environment and key; the key is `name` for the name, and empty where it is the whole."""
    found: dict[tuple[str | None, str], str] = {}
    if (problem := _name_problem(draft)) is not None:
        found[None, "name"] = problem
    for environment in draft.layers:
        for key, problem in _layer_problems(draft, environment):
            found.setdefault((environment, key), problem)
    return found


def _name_problem(draft: Draft) -> str | None:
    if draft.declared is not None:
        return None
    if not draft.name:
        return "give it a name"
    if draft.where == "flow":
        if _IDENTIFIER.fullmatch(draft.name) is None:
            return "in a flow a name has letters, digits and _, and starts with no digit"
    else:
        try:
            check_name(draft.name)
        except ConfigurationError as error:
            return error.hint or str(error)
    own = draft.original.name if draft.original is not None else None
    if any(name.lower() == draft.name.lower() != (own or "").lower() for name in draft.taken):
        return f"there is a connection called `{draft.name}` already"
    return None


def _layer_problems(draft: Draft, environment: str | None) -> Iterator[tuple[str, str]]:
    values = draft.values(environment)
    computed = {key for key, text in values.items() if "${" in text}
    if computed and draft.where == "project":
        yield from ((key, "a stored connection has the value itself; `${…}` is for flows") for key in computed)
    config: dict[str, Any] = {}
    for key, text in values.items():
        if key in computed:
            continue
        try:
            config[key] = _value(draft.schema, key, text)
        except ConfigurationError as error:
            yield key, str(error)
    # what an environment leaves out, the usual values have
    given = set(computed) if environment is None else {*computed, *draft.values()}
    for problem in check_config(draft.schema, config, given)[1]:
        meant = f"; did you mean `{problem.suggestion}`?" if problem.suggestion else ""
        yield problem.key or "", f"{problem.message}{meant}"


def _field(key: str, about: Mapping[str, Any], required: bool, either: bool) -> FormField:
    wanted = about.get("type", "string")
    types = wanted if isinstance(wanted, list) else [wanted]
    choices = tuple(dict.fromkeys(str(choice).lower() for choice in about.get("enum", ()) if choice is not None))
    kind: Kind = "text"
    if choices:
        kind = "choice"
    elif "boolean" in types:
        kind, choices = "choice", ("true", "false")
    elif "integer" in types or "number" in types:
        kind = "number"
    elif "object" in types or "array" in types:
        kind = "json"
    group: Group = "more"
    if key in URL_KEYS:
        group = "url" if either else "main"
    elif either and key in _PARTS:
        group = "parts"
    elif key in _POOL:
        group = "pool"
    elif required:
        group = "main"
    default = about.get("default")
    return FormField(
        key,
        kind,
        group,
        " ".join(str(about.get("description", "")).split()),
        required,
        "" if default is None else json.dumps(default) if not isinstance(default, str) else default,
        choices,
        is_secret_key(key, about) or key in URL_KEYS,
    )


def _typed(layer: Overlay, schema: Mapping[str, Any]) -> dict[str, str]:
    """A layer of a record as text in the fields of a form."""
    properties = schema.get("properties", {})
    config: dict[str, Any] = {}
    if layer.connection_url is not None:
        config |= config_of_url(layer.connection_url, schema)
    config |= layer.config
    for key, value in layer.pool.items():
        config |= {name: value for name in POOL_KEYS.get(key, ()) if name in properties}
    return {key: as_text(value) for key, value in config.items()}


def as_text(value: Any) -> str:
    """A value as it stands in a field."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _layer(draft: Draft, environment: str | None, old: Overlay) -> Overlay:
    """URL, config and pool of an environment. Keys that no form asks for stay as they were."""
    properties = draft.schema.get("properties", {})
    config = config_of(draft, environment)
    url_key = next((key for key in URL_KEYS if key in config), None)
    url = None if url_key is None else canonical_url(str(config.pop(url_key)))
    pool = {_POOL[key]: config.pop(key) for key in list(config) if key in _POOL}
    unasked = {key: value for key, value in old.config.items() if key not in properties}
    return Overlay(connection_url=url, config=unasked | config, pool=pool)


def config_of(draft: Draft, environment: str | None = None) -> dict[str, Any]:
    """What was typed for an environment, each value as the schema wants it. Raises ConfigurationError."""
    config = {key: _value(draft.schema, key, text) for key, text in draft.values(environment).items()}
    checked, _ = check_config(draft.schema, config, config.keys())
    return {key: checked.get(key, value) for key, value in config.items()}


def _value(schema: Mapping[str, Any], key: str, text: str) -> Any:
    """What a text means: lists and maps are JSON, and secrets may begin or end with spaces."""
    about = schema.get("properties", {}).get(key, {})
    kind = _field(key, about, required=False, either=False).kind
    if kind == "json":
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"`{key}` is JSON: {error}") from error
    return text if is_secret_key(key, about) and key not in URL_KEYS else text.strip()
