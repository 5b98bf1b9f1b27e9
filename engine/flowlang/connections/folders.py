"""The plugins of a project: one folder each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Final

from flowlang.connections.loading import Candidate, Loaded, load_all
from flowlang.connections.source_modules import import_folder, module_name

#: What was loaded in this process, by the module name that stands for a folder's content.
_known: Final[dict[str, Loaded]] = {}


def load_folders(plugins: Path) -> list[Loaded]:
    """Load the plugin of every folder in `plugins`, in the order of their names."""
    folders = {module_name(folder): folder for folder in _folders(plugins)}
    results = {name: _known[name] for name in folders if name in _known}
    new = (
        Candidate(folder.name, "project", str(folder), _importing(folder, name), name)
        for name, folder in folders.items()
        if name not in results
    )
    for loaded in load_all(new):
        results[loaded.candidate.package] = loaded
        # a failure may be over when it is tried again; one that took its whole time would take it again
        if loaded.plugins or loaded.late:
            _known[loaded.candidate.package] = loaded
    return [results[name] for name in folders]


def _importing(folder: Path, name: str) -> Callable[[], ModuleType]:
    return lambda: import_folder(folder, name)


def _folders(plugins: Path) -> Iterator[Path]:
    if not plugins.is_dir():
        return
    for folder in sorted(plugins.iterdir()):
        if folder.name[0] not in "._" and folder.is_dir() and any(folder.glob("*.py")) and not _is_imported(folder):
            yield folder.resolve()


def _is_imported(folder: Path) -> bool:
    """Whether the folder is a package on the import path, as the plugins in the box are in their own checkout."""
    found = find_spec(folder.name) if folder.name.isidentifier() else None
    places = () if found is None else found.submodule_search_locations or ()
    return any(Path(place).resolve() == folder.resolve() for place in places)
