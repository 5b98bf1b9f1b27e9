"""A plugin to begin with, in a project's folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from flowlang.connections.discovery import BUILTINS
from flowlang.scaffold.errors import ScaffoldError
from flowlang.scaffold.files import template_files, write_new
from flowlang.scaffold.naming import camel_case, snake_case

_TOKEN: Final = "NAME_TOKEN"


def plugin_skeleton(project_root: str | os.PathLike[str], name: str) -> list[Path]:
    """Write `plugins/<name>/` into a project: a plugin that works, and passes `flowlang connection verify`.

    Raises ScaffoldError for a name that is taken, and when one of the files is there already.
    """
    name = snake_case(name)
    taken = {alias for key, builtin in BUILTINS.items() for alias in (key, *builtin.aliases)}
    owner = next((key for key, builtin in BUILTINS.items() if name.startswith(builtin.prefix)), None)
    if name in taken or owner is not None:
        why = f"`{name}` is a connection type already" if name in taken else f"tasks of `{owner}` begin like `{name}`"
        raise ScaffoldError(why, hint="Give the plugin another name.")
    files = {path: _filled(text, name) for path, text in template_files("plugin").items()}
    return write_new(Path(project_root) / "plugins" / name, files)


def _filled(text: str, name: str) -> str:
    text = text.replace(_TOKEN, f"{name.upper()}_TOKEN")
    return text.replace("CLASS", camel_case(name)).replace("NAME", name)
