"""Imports of a project's own modules: fresh from their source, and apart from every other project's.

Two projects may each have a `helpers.py`, and one of them may be edited many times a second. So a project's
modules stand in `sys.modules` only while one of its imports runs, and Python's cache of compiled files, which
takes a quick edit of the same size for no edit, is left out.
"""

from __future__ import annotations

import builtins
import linecache
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

#: Names that a project's files never stand for, as in a library the other modules of the process rely on them.
_NOT_OURS: Final = frozenset(sys.stdlib_module_names) | {"flowlang", "flowlang_plugins", "flowlang_themes"}

# sys.modules and sys.meta_path belong to the process, so only one project at a time may lend its modules to them
_lending = threading.RLock()


class ProjectImports:
    """The modules of one folder, as they were when they were first imported through this object.

    Code that was loaded here imports through it later too: inside a function, in whatever thread.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: set[Path] = set()
        self.modules: dict[str, ModuleType] = {}
        self._names: set[str] = set()
        self._local: dict[str, bool] = {}
        self._lent_to: int | None = None
        self._builtins = {**vars(builtins), "__import__": self._import}

    def run_file(self, path: Path) -> ModuleType:
        """Run a Python file as a module named after it. Whatever it raises comes through."""
        name = module_name(path)
        module = ModuleType(name)
        module.__file__ = str(path)
        module.__package__ = ""
        module.__loader__ = loader = _FreshLoader(self, name, path)
        module.__spec__ = ModuleSpec(name, loader, origin=str(path))
        with self.lent():
            self._names.add(name)
            sys.modules[name] = module
            loader.exec_module(module)
        return module

    def is_local(self, name: str) -> bool:
        """Whether the top-level module `name` is one of the project's."""
        known = self._local.get(name)
        if known is None:
            known = self._local[name] = name in self.modules or self._spec(name, [str(self.folder)]) is not None
        return known

    def local_names(self) -> list[str]:
        """The top-level modules that the project has."""
        return sorted(name for name in self._candidates() if self.is_local(name))

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let the process see the project's modules, and no others by their names, for as long as this is open."""
        with _lending:
            if self._lent_to is not None:
                yield
                return
            hidden = self._hide()
            sys.modules.update(self.modules)
            sys.meta_path.insert(0, self)
            self._lent_to = threading.get_ident()
            try:
                yield
            finally:
                self._lent_to = None
                sys.meta_path.remove(self)
                self._take_back()
                sys.modules.update(hidden)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Part of the import system: where the module is, if it is one of the project's."""
        if not self.is_local(fullname.partition(".")[0]):
            return None
        spec = self._spec(fullname, [str(self.folder)] if path is None else path)
        if spec is not None:
            self._names.add(fullname)
        return spec

    def code_of(self, path: Path) -> CodeType:
        """Compile a file from what it holds now, and let tracebacks show just that."""
        self.files.add(path)
        source = path.read_bytes()
        code = compile(source, str(path), "exec", dont_inherit=True)
        text = source.decode("utf-8-sig", "replace")
        linecache.cache[str(path)] = (len(source), None, text.splitlines(keepends=True), str(path))
        return code

    def prepare(self, module: ModuleType) -> None:
        """Make the module's own imports, now and later, go through this object."""
        module.__dict__["__builtins__"] = self._builtins

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        package = (globals or {}).get("__package__") or ""
        top = (package if level else name).partition(".")[0]
        if self._lent_to == threading.get_ident() or not self.is_local(top):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        module = self.modules.get(name) if level == 0 else None
        if module is not None and all(hasattr(module, item) for item in fromlist or ()):
            return module if fromlist else self.modules[top]
        with self.lent():
            return builtins.__import__(name, globals, locals, fromlist or (), level)

    def _spec(self, fullname: str, folders: Sequence[str]) -> ModuleSpec | None:
        top, _, _ = fullname.partition(".")
        if top in _NOT_OURS:
            return None
        last = fullname.rpartition(".")[2]
        for folder in map(Path, folders):
            if not folder.is_relative_to(self.folder):
                continue
            package = folder / last
            if (package / "__init__.py").is_file():
                return self._located(fullname, package / "__init__.py", package)
            if (folder / f"{last}.py").is_file():
                return self._located(fullname, folder / f"{last}.py", None)
            if self._is_namespace(fullname, package):
                spec = ModuleSpec(fullname, None, is_package=True)
                spec.submodule_search_locations = [str(package)]
                return spec
        return None

    def _located(self, fullname: str, path: Path, package: Path | None) -> ModuleSpec:
        spec = ModuleSpec(
            fullname, _FreshLoader(self, fullname, path), origin=str(path), is_package=package is not None
        )
        spec.has_location = True
        if package is not None:
            spec.submodule_search_locations = [str(package)]
        return spec

    def _is_namespace(self, fullname: str, folder: Path) -> bool:
        """Whether a folder without `__init__.py` is a package; an installed module goes before it."""
        if not any(folder.glob("*.py")) and not any(folder.glob("*/*.py")):
            return False
        return "." in fullname or PathFinder.find_spec(fullname) is None

    def _candidates(self) -> set[str]:
        try:
            entries = [entry.name for entry in self.folder.iterdir()]
        except OSError:
            return set()
        return {name for name in (entry.removesuffix(".py") for entry in entries) if name.isidentifier()}

    def _hide(self) -> dict[str, ModuleType]:
        """Take modules from elsewhere that have a name of the project's out of `sys.modules`."""
        loaded = {name.partition(".")[0] for name in list(sys.modules)}
        ours = {name for name in self._candidates() & loaded if self.is_local(name)}
        ours |= {name.partition(".")[0] for name in self.modules}
        hidden = [name for name in list(sys.modules) if name.partition(".")[0] in ours]
        return {name: sys.modules.pop(name) for name in hidden}

    def _take_back(self) -> None:
        for name in self._names:
            module = sys.modules.pop(name, None)
            if module is not None:
                self.modules[name] = module


class _FreshLoader(SourceFileLoader):
    """Part of the import system: runs a module from its source, never from a compiled file."""

    def __init__(self, imports: ProjectImports, name: str, path: Path) -> None:
        super().__init__(name, str(path))
        self._imports = imports

    def get_code(self, fullname: str) -> CodeType:
        """The module, compiled now."""
        return self._imports.code_of(Path(self.path))

    def exec_module(self, module: ModuleType) -> None:
        """Run the module."""
        self._imports.prepare(module)
        super().exec_module(module)


def module_name(path: Path) -> str:
    """The name under which a project's file runs: its own, unless that has a meaning for Python already."""
    name = path.stem.replace(".", "_")
    return f"{name}_tasks" if name in _NOT_OURS or name == "__main__" else name
