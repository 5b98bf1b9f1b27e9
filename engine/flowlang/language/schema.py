"""The JSON Schema of flow files, for editors and other tools, made from the language's own table of keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from flowlang.language.catalog import Catalog, ConnectionType, TaskInfo
from flowlang.language.vocabulary import (
    CASE_KEYS,
    CONNECTION_KEYS,
    ELIF_KEYS,
    EXIT_KEYS,
    FLOW_KEYS,
    INPUT_KEYS,
    KIND,
    KINDS,
    OUTPUT_KEYS,
    RETRY_KEYS,
    SHAPES,
    STEP_KEYS,
    Key,
    Kind,
)
from flowlang.values import plain

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

#: Text that is computed when the flow runs, wherever a number, a flag or a list may stand.
COMPUTED: Final[Schema] = {"type": "string", "pattern": r"\$\{[\s\S]*\}"}

_NAME: Final[Schema] = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
#: Shapes of which an empty value says that there is nothing, where the key need not be there at all.
_MAY_BE_EMPTY: Final = frozenset({"text", "words", "steps", "handler", "inputs", "outputs", "connections", "triggers"})
_NULL: Final[Schema] = {"type": "null"}
_TEXT: Final[Schema] = {"type": ["string", "number", "boolean"]}
_JSON_TYPES: Final = ("string", "integer", "number", "boolean", "object", "array", "null")


def json_schema(catalog: Catalog) -> Schema:
    """The schema (draft 2020-12) of a flow file, with every task, connection type and stored connection of `catalog`.

    Names of tasks and stored connections that it doesn't know are allowed: a schema may be made outside of the
    project that has them, or before they are added.
    """
    tasks = _tasks(catalog)
    types = _connection_types(catalog)
    stored = sorted(catalog.project_connection_names())
    flow = _object(FLOW_KEYS)
    for key in FLOW_KEYS:
        if key.required and key.shape == "steps":
            flow["properties"][key.name]["minItems"] = 1
    return {
        "$schema": DIALECT,
        "title": "FlowLang flow",
        **flow,
        "$defs": {
            **_shapes(types, stored),
            **_keys_of_steps(stored),
            "step": _step(),
            **_kinds(tasks),
            **_task_forms(tasks),
        },
    }


def _tasks(catalog: Catalog) -> dict[str, TaskInfo]:
    found = ((name, catalog.task(name)) for name in sorted(catalog.task_names()))
    return {name: info for name, info in found if info is not None}


def _connection_types(catalog: Catalog) -> dict[str, ConnectionType]:
    """Every connection type once, by its own name."""
    found = (catalog.connection_type(name) for name in sorted(catalog.connection_type_names()))
    return {type.name: type for type in found if type is not None}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _or_computed(schema: Schema) -> Schema:
    return {"anyOf": [schema, COMPUTED]}


def _or_nothing(schema: Schema) -> Schema:
    return {"anyOf": [schema, _NULL]}


def _property(key: Key) -> Schema:
    schema: Schema = {"description": key.doc}
    value: Schema = {"enum": list(key.choices)} if key.choices and key.shape == "text" else _ref(key.shape)
    schema |= _or_nothing(value) if key.shape in _MAY_BE_EMPTY and not key.required else value
    if key.default is not None:
        schema["default"] = key.default
    return schema


def _object(keys: Iterable[Key]) -> Schema:
    keys = tuple(keys)
    return _closed({key.name: _property(key) for key in keys}, [key.name for key in keys if key.required])


def _closed(properties: Schema, required: Iterable[str] = ()) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if names := list(required):
        schema["required"] = names
    return schema


def _list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _shapes(types: Mapping[str, ConnectionType], stored: Sequence[str]) -> dict[str, Schema]:
    """A definition for each shape that a key's value can have."""
    steps = _list_of(_ref("step"))
    unnamed_input = _object(key for key in INPUT_KEYS if not key.required)
    inputs_by_name = {"type": "object", "propertyNames": _NAME, "additionalProperties": _or_nothing(unnamed_input)}
    output = _object(OUTPUT_KEYS)
    duration = {"type": "string", "pattern": r"^\s*[0-9]*\.?[0-9]+\s*(ms|s|m|h)?\s*$"}
    groups = [_closed({name: _list_of(_ref("condition"))}, [name]) for name in ("any", "all", "none")]
    definitions: dict[str, Schema] = {
        "identifier": _NAME,
        "text": _TEXT,
        "words": {"anyOf": [_TEXT, _list_of(_TEXT)]},
        "flag": {"type": "boolean"},
        "value": {},
        "arguments": {"type": ["object", "null"]},
        "duration": {"anyOf": [{"type": "number", "minimum": 0}, duration, COMPUTED]},
        "count": _or_computed({"type": "integer", "minimum": 1}),
        "number": _or_computed({"type": "number", "minimum": 0}),
        "share": _or_computed({"type": ["number", "boolean"], "minimum": 0, "maximum": 1}),
        "backoff": {"anyOf": [{"enum": _choices(RETRY_KEYS, "backoff")}, {"type": "number", "minimum": 0}, COMPUTED]},
        "condition": {"anyOf": [{"type": ["boolean", "string"]}, *groups]},
        "expression": {},
        "steps": steps,
        "handler": {"anyOf": [steps, _closed({"steps": steps}, ["steps"])]},
        "retry": _object(RETRY_KEYS),
        "elifs": _list_of(_object(ELIF_KEYS)),
        "cases": _list_of(_case()),
        "exit": _or_nothing(_object(EXIT_KEYS)),
        "inputs": {"anyOf": [_list_of(_object(INPUT_KEYS)), inputs_by_name]},
        "outputs": {"anyOf": [_list_of({"anyOf": [_NAME, output, _single_entry()]}), {"type": "object"}]},
        "connections": {"type": "object", "propertyNames": _NAME, "additionalProperties": _connection(types, stored)},
        "triggers": _list_of({"type": "object"}),
    }
    return {name: {"description": doc, **definitions[name]} for name, doc in SHAPES.items()}


def _choices(keys: Iterable[Key], shape: str) -> list[str]:
    return [choice for key in keys if key.shape == shape for choice in key.choices]


def _single_entry() -> Schema:
    """A map of one name to its value, such as `- total: ${sum.total}` among the outputs."""
    return {"type": "object", "minProperties": 1, "maxProperties": 1}


def _case() -> Schema:
    """A case is told by either of its keys, and needs all of that form."""
    schema = _object(CASE_KEYS)
    other = [key.name for key in CASE_KEYS if key.name != "default"]
    return schema | {"oneOf": [{"required": other}, {"required": ["default"]}]}


def _connection(types: Mapping[str, ConnectionType], stored: Sequence[str]) -> Schema:
    """A connection's configuration, as the plugin of its type wants it; or the name of a project's connection."""
    type_key, use_key = CONNECTION_KEYS
    forms = [_closed({use_key.name: _offering(use_key, stored)}, [use_key.name])]
    forms += [_connection_of_type(type_key, type) for type in types.values()]
    return {"anyOf": forms}


def _connection_of_type(type_key: Key, type: ConnectionType) -> Schema:
    names = {type_key.name: {"description": type_key.doc, "enum": [type.name, *type.aliases]}}
    if type.error is not None:
        return {"type": "object", "properties": names, "required": [type_key.name]}
    schema = dict(plain(type.schema))
    properties = {name: _config_property(value) for name, value in schema.get("properties", {}).items()}
    required = [type_key.name, *schema.get("required", ())]
    own = {"description": type.description, "type": "object", "additionalProperties": False}
    if "$defs" in schema or "definitions" in schema:
        own["$id"] = f"flowlang:connection:{type.name}"
    return own | schema | {"properties": {**names, **properties}, "required": required}


def _config_property(schema: Any) -> Schema:
    if not isinstance(schema, dict):
        return {}
    about = {key: schema[key] for key in ("description", "default") if key in schema}
    return about | _or_computed(schema)


def _keys_of_steps(stored: Sequence[str]) -> dict[str, Schema]:
    """The keys that every step may have, one definition each."""
    keys = {key.name: _property(key) for key in STEP_KEYS}
    keys |= {key.name: _offering(key, stored) for key in STEP_KEYS if key.name == "connection"}
    return {f"step_{name}": schema for name, schema in keys.items()}


def _offering(key: Key, names: Sequence[str]) -> Schema:
    """A key whose value may be any text, with names that an editor can offer."""
    schema = _property(key)
    return {"description": key.doc, "anyOf": [{"enum": list(names)}, schema]} if names else schema


def _common() -> Schema:
    return {key.name: _ref(f"step_{key.name}") for key in STEP_KEYS}


def _step() -> Schema:
    bare = {"const": "exit", "description": KIND["exit"].doc}
    return {"anyOf": [bare, *(_ref(f"{kind.name}_step") for kind in KINDS), _ref("built_in_step")]}


def _kinds(tasks: Mapping[str, TaskInfo]) -> dict[str, Schema]:
    return {f"{kind.name}_step": _kind(kind, tasks) for kind in KINDS}


def _kind(kind: Kind, tasks: Mapping[str, TaskInfo]) -> Schema:
    properties = _common() | {key.name: _property(key) for key in kind.keys}
    required = [key.name for key in kind.keys if key.required or key.name == kind.name]
    schema = {"description": kind.doc, **_closed(properties, required)}
    if kind.name in _common():
        # `if` is a key of every step as well: the kind shows by a branch beside it.
        schema["anyOf"] = [{"required": [key.name]} for key in kind.keys if key.name != kind.name]
    if kind.name == "task" and tasks:
        known = {"anyOf": [{"enum": list(tasks)}, {"type": "string"}]}
        properties[kind.name] = {"description": kind.doc, **known}
        schema["allOf"] = [_arguments_of_task(kind, info) for info in tasks.values()]
    return schema


def _arguments_of_task(kind: Kind, info: TaskInfo) -> Schema:
    """What `inputs` must be where `task` is this one."""
    arguments = next(key.name for key in kind.keys if key.shape == "arguments")
    then: Schema = {"properties": {arguments: _ref(f"arguments_of_{info.name}")}}
    if any(parameter.required for parameter in info.parameters):
        then["required"] = [arguments]
    return {"if": {"properties": {kind.name: {"const": info.name}}, "required": [kind.name]}, "then": then}


def _task_forms(tasks: Mapping[str, TaskInfo]) -> dict[str, Schema]:
    """The built-in form `- <task name>: {…}`, and the arguments of every task in both forms."""
    forms: dict[str, Schema] = {}
    for name, info in tasks.items():
        forms[f"arguments_of_{name}"] = _arguments(info, {})
        forms[f"built_in_{name}"] = _arguments(info, _common())
    names = [{"required": [name]} for name in tasks]
    forms["built_in_step"] = {
        "description": "Calls a task by its name; the keys that every step has may stand among the arguments.",
        "type": "object",
        "properties": {**_common(), **{name: _ref(f"built_in_{name}") for name in tasks}},
        "additionalProperties": {"type": ["object", "null"]},
        "propertyNames": {"not": {"enum": sorted({key.name for kind in KINDS for key in kind.keys} - {*_common()})}},
        "not": {"propertyNames": {"enum": list(_common())}},
        "oneOf": [*names, {"not": {"anyOf": names}}] if names else [{}],
    }
    return forms


def _arguments(info: TaskInfo, common: Schema) -> Schema:
    properties = {parameter.name: _parameter(info, parameter.name) for parameter in info.parameters}
    required = [parameter.name for parameter in info.parameters if parameter.required]
    schema = _closed(properties | common, required)
    schema["description"] = info.description
    schema["additionalProperties"] = info.open_ended
    if not required:
        schema["type"] = ["object", "null"]
    return schema


def _parameter(info: TaskInfo, name: str) -> Schema:
    parameter = info.parameter(name)
    assert parameter is not None
    schema: Schema = {"description": parameter.description} if parameter.description else {}
    types = [type for type in (parameter.type or "").split("|") if type in _JSON_TYPES]
    if types and not parameter.required and parameter.default is None:
        types = list(dict.fromkeys([*types, "null"]))
    if types:
        schema |= _or_computed({"type": types if len(types) > 1 else types[0]})
    if not parameter.required and parameter.default is not None:
        schema["default"] = plain(parameter.default)
    return schema
