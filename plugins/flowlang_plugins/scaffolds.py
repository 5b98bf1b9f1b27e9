"""What the plugins in the box write for people, from the templates that each of them has."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, Protocol

from flowlang.connections.base import ConnectionPlugin


class Templates(Protocol):
    """A plugin's module `templates`: a configuration, an example flow, helpers for tasks of one's own."""

    CONFIG: str
    EXAMPLE: str
    HELPERS: str


class ScaffoldingPlugin(ConnectionPlugin):
    """A plugin that writes its example and its helpers from templates."""

    #: What a connection is called in the example unless somebody says otherwise.
    usual_name = "db"

    @abstractmethod
    def _templates(self) -> Templates:
        """The plugin's templates."""

    def scaffold_task_helpers(self, output_dir: str, **kwargs: Any) -> str:
        return _written(output_dir, f"{self.name}_helpers.py", self._templates().HELPERS)

    def scaffold_example_flow(self, output_dir: str, connection_name: str = "", **kwargs: Any) -> str:
        text = self._templates().EXAMPLE.replace("CONNECTION", connection_name or self.usual_name)
        return _written(output_dir, f"{self.name}_example.yaml", text)


def _written(folder: str, name: str, text: str) -> str:
    """Write a file, and its folder if that is missing; the file's path."""
    path = Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)
