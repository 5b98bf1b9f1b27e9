"""Loads a plugin from its folder as if it were a package of `flowlang.connections`.

Each content of a folder gets a module name of its own below `flowlang.connections`, so that relative imports
work as in a plugin that comes in the box, two projects may have plugins of one name, and edited code is never
stale: modules come from their source, never from byte code that was cached on disk.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from hashlib import sha256
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder, ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Lock
from types import CodeType, ModuleType
from typing import Final

PACKAGE: Final = "flowlang.connections"


class _SourceLoader(SourceFileLoader):
    """Compiles the source each time."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


class _PluginFinder:
    """Finds the modules inside the plugin folders that were loaded here."""

    def __init__(self) -> None:
        self.packages: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        parts = fullname.split(".")
        if len(parts) < 4 or path is None or ".".join(parts[:3]) not in self.packages:
            return None
        loaders = ((ExtensionFileLoader, EXTENSION_SUFFIXES), (_SourceLoader, [".py"]))
        for folder in path:
            found = FileFinder(folder, *loaders).find_spec(fullname)
            if found is not None:
                return found
        return None


_finder = _PluginFinder()
_lock = Lock()


def module_name(folder: Path) -> str:
    """The name under which the present content of a plugin's folder is loaded."""
    digest = sha256(str(folder).encode())
    for file in sorted(folder.rglob("*.py")):
        digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes() + b"\0")
    return f"{PACKAGE}.{re.sub(r'[^A-Za-z0-9_]', '_', folder.name)}__{digest.hexdigest()[:16]}"


def import_folder(folder: Path, name: str) -> ModuleType:
    """Import the plugin package in `folder` under the full name `name`. What its code raises is passed on."""
    with _lock:
        if _finder not in sys.meta_path:
            sys.meta_path.insert(0, _finder)
        _finder.packages.add(name)
    init = folder / "__init__.py"
    spec = spec_from_file_location(name, init, loader=_SourceLoader(name, str(init)))
    assert spec is not None
    assert spec.loader is not None
    spec.submodule_search_locations = [str(folder)]
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        for loaded in [known for known in sys.modules if known == name or known.startswith(f"{name}.")]:
            del sys.modules[loaded]
        raise
    return module
