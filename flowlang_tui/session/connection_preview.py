"""What a form will write, shown while it is filled in: nothing that is secret, not even half of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowlang.connections.addresses import URL_KEYS
from flowlang.connections.records import Overlay, ProjectConnection, masked_layer
from flowlang.errors import ConfigurationError
from flowlang_tui.session.connection_draft import Draft, record_of
from flowlang_tui.session.connection_text import masked_snippet, secret_variables


def preview(draft: Draft, typing: str | None = None) -> str:
    """The text that a flow gets, or the record that the project keeps.

    `typing` is the key whose value is being typed: of half a URL nobody can tell where its password is.
    """
    if draft.where == "flow":
        return "\n".join(_flow_lines(draft))
    try:
        record = record_of(draft)
    except ConfigurationError as error:
        return f"({error})"
    return "\n".join(_record_lines(record, draft, typing))


def _flow_lines(draft: Draft) -> Iterator[str]:
    yield from masked_snippet(draft).section.rstrip("\n").split("\n")
    variables = secret_variables(draft)
    if variables:
        yield ""
        yield f"# set {', '.join(variables.values())} in the environment or in .env"


def _record_lines(record: ProjectConnection, draft: Draft, typing: str | None) -> Iterator[str]:
    yield "# .flowlang/connections.enc, encrypted"
    yield f"name: {record.name}"
    yield f"type: {record.connection_type}"
    yield from _layer_lines(record, draft, typing)
    for name, overlay in record.environments.items():
        yield f"in {name}:"
        yield from (f"  {line}" for line in _layer_lines(overlay, draft, typing))
    yield ""
    yield "# in a flow"
    yield f"connection: {record.name}"


def _layer_lines(layer: Overlay, draft: Draft, typing: str | None) -> Iterator[str]:
    shown = masked_layer(layer, draft.schema)
    url = shown["connection_url"]
    if url is not None:
        yield f"url: {url.partition('://')[0]}://…" if typing in URL_KEYS else f"url: {url}"
    for key, value in {**shown["config"], **_pool(shown["pool"])}.items():
        yield f"{key}: {value}"


def _pool(pool: dict[str, int]) -> dict[str, Any]:
    return {f"pool {key.replace('_', ' ')}": value for key, value in pool.items()}
