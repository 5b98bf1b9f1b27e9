"""The least configuration that a connection of a type can have."""

from __future__ import annotations

from typing import Any

from flowlang.language.assist.snippets import EMPTY_VALUES
from flowlang.language.catalog import ConnectionType


def configuration(name: str, type: ConnectionType) -> str:
    """The least that a connection of a type needs; what is secret comes from the environment."""
    properties = type.schema.get("properties", {})
    needed = list(type.schema.get("required", ()))
    if not needed and "url" in properties:
        needed = ["url"]
    lines = [f"{name}:", f"  type: {type.name}"]
    for key in needed:
        lines.append(f"  {key}: {_configured(name, key, properties.get(key, {}))}")
    return "\n".join(lines)


def _configured(name: str, key: str, about: dict[str, Any]) -> str:
    if about.get("enum"):
        return str(about["enum"][0])
    if about.get("type") in ("integer", "number", "boolean", "array", "object"):
        return str(about.get("default", EMPTY_VALUES[about["type"]])).lower()
    is_path = "path" in str(about.get("description", "")).lower()
    return f"{name}.db" if is_path else f"${{{name.upper()}_{key.upper()}}}"
