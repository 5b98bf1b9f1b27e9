"""What a plugin writes for people: a connection for a flow, example flows, helpers. A failing plugin harms nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from flowlang.connections.base import ConnectionPlugin
from flowlang.errors import FlowLangError
from flowlang.language.diagnostics import Problems
from flowlang.language.source import read_text

_VARIABLE: Final = re.compile(r"\$\{(?:env\.)?([A-Z][A-Z0-9_]*)\}")


class PluginFailure(FlowLangError):
    """A plugin's own code failed, or could not be loaded."""


class Snippet(NamedTuple):
    """A connection as a flow declares it: its name, and its YAML, indented by two."""

    name: str
    text: str

    @property
    def section(self) -> str:
        """The YAML with the key that it stands under."""
        return f"connections:\n{self.text}"

    @property
    def variables(self) -> list[str]:
        """The variables of the environment that it reads."""
        return variables_in(self.text)


def asked(plugin: ConnectionPlugin, method: str, *arguments: Any, **options: Any) -> Any:
    """What a method of the plugin gives. Raises PluginFailure for whatever the plugin raises."""
    call: Callable[..., Any] = getattr(plugin, method)
    try:
        return call(*arguments, **options)
    # a plugin is somebody else's code: a person is told what it raised instead of losing their place
    except Exception as error:
        raise PluginFailure(
            f"the plugin `{plugin.name}` failed in {method}: {type(error).__name__}: {error}"
        ) from error


def connection_snippet(plugin: ConnectionPlugin, name: str | None = None) -> Snippet:
    """The connection that the plugin scaffolds, under a name of its own choice without `name`."""
    named = {} if name is None else {"name": name}
    text = str(asked(plugin, "scaffold_connection_config", **named)).strip("\n") + "\n"
    root = read_text(f"connections:\n{text}", Problems()).root
    data = None if root is None else root.data
    connections = data.get("connections") if isinstance(data, dict) else None
    if not isinstance(connections, dict) or len(connections) != 1:
        raise PluginFailure(f"the plugin `{plugin.name}` scaffolds what is no connection:\n{text}")
    return Snippet(next(iter(connections)), text)


def example_files(plugin: ConnectionPlugin, name: str | None = None) -> dict[str, bytes]:
    """The example flow of the plugin, by relative path, with its connection called `name`."""
    named = {} if name is None else {"connection_name": name}
    files = _generated(plugin, "scaffold_example_flow", **named)
    if not files:
        raise PluginFailure(f"the plugin `{plugin.name}` brings no example")
    return files


def helper_files(plugin: ConnectionPlugin) -> dict[str, bytes]:
    """The Python helpers of the plugin, by relative path."""
    files = _generated(plugin, "scaffold_task_helpers")
    if not files:
        raise PluginFailure(f"the plugin `{plugin.name}` brings no helpers")
    return files


def write_files(files: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write files into a folder, and none of them if one is there already (FileExistsError). Gives their paths."""
    paths = [folder / name for name in files]
    taken = next((path for path in paths if path.exists()), None)
    if taken is not None:
        raise FileExistsError(str(taken))
    for path, content in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb") as file:
            file.write(content)
    return paths


def variables_in(text: str) -> list[str]:
    """The variables of the environment that a flow's text reads."""
    return list(dict.fromkeys(_VARIABLE.findall(text)))


def _generated(plugin: ConnectionPlugin, method: str, **options: str) -> dict[str, bytes]:
    """The files that a method of the plugin writes. What it prints is dropped."""
    with TemporaryDirectory(prefix="flowlang-") as folder, redirect_stdout(StringIO()):
        asked(plugin, method, folder, **options)
        return dict(_files_below(Path(folder)))


def _files_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield str(path.relative_to(folder)), path.read_bytes()
