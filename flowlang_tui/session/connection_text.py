"""A draft as the text of a flow: its secrets become variables of the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import indent
from typing import Any

from flowlang.connections.scaffolding import Snippet
from flowlang.connections.urls import url_secrets
from flowlang.redaction import MASK
from flowlang_tui.session.connection_draft import Draft, as_text, config_of


def snippet_of(draft: Draft) -> Snippet:
    """The draft as a flow declares it; secrets are read from variables of the environment."""
    return _snippet(draft.name or "db", flow_config(draft))


def literal_snippet(draft: Draft) -> Snippet:
    """The draft as a flow would declare it with its secrets in it: to be tested, never to be kept or shown."""
    return _snippet("db", {"type": draft.type, **config_of(draft)})


def masked_snippet(draft: Draft) -> Snippet:
    """The draft as a flow declares it, to be shown: a secret that stands in the flow's text already is masked."""
    secret = {one.key for one in draft.fields if one.secret}
    values = {
        key: MASK if key in secret and "${" not in str(value) else value for key, value in flow_config(draft).items()
    }
    return _snippet(draft.name or "db", values)


def flow_config(draft: Draft) -> dict[str, Any]:
    """What the flow says of the connection; what was not changed stays as it stands there."""
    before = draft.declared or {}
    known = draft.schema.get("properties", {})
    variables = secret_variables(draft)
    typed = draft.values()
    values = {
        key: before[key] if _is_unchanged(draft, key, typed[key]) else value for key, value in config_of(draft).items()
    }
    values |= {key: f"${{env.{name}}}" for key, name in variables.items()}
    unasked = {key: value for key, value in before.items() if key not in known}
    wanted = {"type": draft.type, **unasked, **values}
    return {key: wanted[key] for key in dict.fromkeys([*before, *wanted]) if key in wanted}


def use_of(stored: str, name: str) -> Snippet:
    """A stored connection as a flow declares it, under a name of its own."""
    return _snippet(name, {"use": stored})


def secret_variables(draft: Draft) -> dict[str, str]:
    """The keys whose values a flow reads from the environment, with the variables that are to hold them."""
    secret = {one.key for one in draft.fields if one.secret}
    prefix = re.sub(r"\W+", "_", draft.name or "db").strip("_").upper()
    return {
        key: f"{prefix}_{key}".upper().replace("-", "_")
        for key, text in draft.values().items()
        if (key in secret or url_secrets(text)) and "${" not in text and not _is_unchanged(draft, key, text)
    }


def _is_unchanged(draft: Draft, key: str, text: str) -> bool:
    return draft.declared is not None and key in draft.declared and as_text(draft.declared[key]) == text


def _snippet(name: str, values: Mapping[str, Any]) -> Snippet:
    import yaml

    text: str = yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=10_000)
    return Snippet(name, f"  {name}:\n{indent(text, '    ')}")
