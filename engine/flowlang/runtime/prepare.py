"""From a flow as it is given (text, file or data) to a plan, once per content."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping
from itertools import takewhile
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flowlang.connections.discovery import Plugins
from flowlang.connections.project import store_path
from flowlang.errors import FlowValidationError
from flowlang.language.check import check_flow
from flowlang.language.diagnostics import Diagnostic, Problems, nearest
from flowlang.language.lookup import find_root, find_subflow, subflow_names, subflow_places
from flowlang.language.model import Flow, Name
from flowlang.language.parse import parse_flow
from flowlang.language.source import Source, from_data, read_file, read_text
from flowlang.runtime.build import build_plan
from flowlang.runtime.catalog import ProjectCatalog
from flowlang.runtime.plan import Plan
from flowlang.tasks.registry import TaskRegistry

if TYPE_CHECKING:
    from flowlang.connections.store import Store

FlowSource = str | Mapping[str, Any] | PathLike[str]
Stamp = tuple[int, int, int]

#: How many flows an executor keeps ready.
KEPT = 256


class Loaded(NamedTuple):
    """A flow that was read and checked against a catalog. `plan` is None when a problem keeps it from running."""

    flow: Flow
    plan: Plan | None
    problems: list[Diagnostic]
    files: dict[str, Stamp]
    catalog: ProjectCatalog


class Preparer:
    """Makes plans for one registry, and keeps them until a file or the registry changes.

    Without `tasks_known` the registry is not the project's whole one: a task that it lacks is a warning, and flows
    are only checked. `env` stands for the environment of the process, `texts` for the content of files, whether they
    are there or not. `plugins` gives those that a project can use, by its folder.
    """

    def __init__(
        self,
        registry: TaskRegistry,
        *,
        tasks_known: bool = True,
        env: Mapping[str, str] | None = None,
        texts: Mapping[Path, str] | None = None,
        plugins: Callable[[Path], Plugins] = Plugins,
    ) -> None:
        self.registry = registry
        self.tasks_known = tasks_known
        self._version = registry.version
        self._loaded: dict[tuple[str, str | None], Loaded] = {}
        self._find_plugins = plugins
        self._plugins: dict[Path, Plugins] = {}
        self._stores: dict[Path, Store] = {}
        self._env = env
        self._texts = texts or {}

    def plan(self, flow: FlowSource, folder: Path) -> Plan:
        """The plan of a flow. Raises FlowValidationError with every problem."""
        loaded = self.load(flow, folder)
        if loaded.plan is None:
            raise FlowValidationError(loaded.problems)
        return loaded.plan

    def load(self, flow: FlowSource, folder: Path) -> Loaded:
        """The flow with its problems. `folder` is where a flow that is no file looks for subflows and `.env`."""
        collecting = gc.isenabled()
        gc.disable()  # all that is made here is kept: the collector would search it again and again for nothing
        try:
            return self._load(flow, folder)
        finally:
            if collecting:
                gc.enable()

    def check(self, text: str, path: Path) -> Loaded:
        """What `path` would be with this text: read and checked, without a plan. Nothing of it is kept."""
        problems = Problems(str(path))
        return self._check(read_text(text, problems, str(path)), problems, path.parent, (path,), plan=False)

    def with_text(self, text: str, path: str | None, folder: Path) -> Loaded:
        """What a flow would be with another text: planned, if it can run. Nothing of it is kept."""
        texts = self._texts if path is None else {**self._texts, Path(path): text}
        twin = Preparer(self.registry, tasks_known=self.tasks_known, env=self._env, texts=texts)
        return twin.load(text if path is None else Path(path), folder)

    def _load(self, flow: FlowSource, folder: Path) -> Loaded:
        if self.registry.version != self._version:
            self._version = self.registry.version
            self._loaded.clear()
        path = as_path(flow)
        if path is not None:
            return self._file(path.absolute(), ())
        if isinstance(flow, str):
            key = (flow, str(folder))
            known = self._loaded.get(key)
            if known is None or not self._fresh(known):
                problems = Problems()
                known = self._check(read_text(flow, problems), problems, folder, ())
                self._keep(key, known)
            return known
        source = Source(path=None, text="", root=from_data(flow))
        return self._check(source, Problems(), folder, ())

    def plugins(self, root: Path) -> Plugins:
        """The plugins that a project can use."""
        if root not in self._plugins:
            self._plugins[root] = self._find_plugins(root)
        return self._plugins[root]

    def store(self, root: Path) -> Store:
        """The connections that a project keeps."""
        if root not in self._stores:
            from flowlang.connections.store import Store

            self._stores[root] = Store(root, self._env)
        return self._stores[root]

    def _file(self, path: Path, callers: tuple[Path, ...]) -> Loaded:
        key = (str(path), None)
        known = self._loaded.get(key)
        if known is None or not self._fresh(known):
            stamp = stamp_of(str(path))
            problems = Problems(str(path))
            text = self._texts.get(path)
            source = read_file(path, problems) if text is None else read_text(text, problems, str(path))
            known = self._check(source, problems, path.parent, (*callers, path))
            known.files[str(path)] = stamp
            self._keep(key, known)
        return known

    def _check(
        self, source: Source, problems: Problems, folder: Path, callers: tuple[Path, ...], *, plan: bool = True
    ) -> Loaded:
        flow = parse_flow(source, problems)
        root = find_root(callers[-1] if callers else folder)
        plugins = self.plugins(root)
        subplans: dict[str, Plan] = {}
        files: dict[str, Stamp] = {}
        called: dict[str, Flow | None] = {}

        def subflow(name: Name) -> Flow | None:
            if name.text not in called:
                called[name.text] = None
                path = find_subflow(name.text, folder, root, self._texts)
                # a file that comes to stand in one of the places before it changes what is called
                for place in takewhile(lambda place: place != path, subflow_places(name.text, folder, root)):
                    files[str(place)] = stamp_of(str(place))
                if path is None:
                    problems.error(
                        "unknown-subflow",
                        f"no flow is called `{name.text}` here: neither `{name.text}/flow.yaml` nor `{name.text}.yaml`",
                        name.span,
                        suggestion=nearest(name.text, subflow_names(folder, root)),
                    )
                elif path in callers:
                    circle = " → ".join(str(one.relative_to(root)) for one in (*callers[callers.index(path) :], path))
                    problems.error("subflow-cycle", f"these flows call each other: {circle}", name.span)
                else:
                    inner = self._file(path, callers)
                    called[name.text] = inner.flow
                    files.update(inner.files)
                    if inner.plan is not None:
                        subplans[name.text] = inner.plan
                    else:
                        problems.found.extend(one for one in inner.problems if one not in problems.found)
            return called[name.text]

        stored = store_path(root)
        stored_stamp = stamp_of(stored)
        catalog = ProjectCatalog(self.registry, plugins, lambda: self.store(root) if any(stored_stamp) else None)
        check_flow(flow, source, problems, catalog, subflow, tasks_known=self.tasks_known)
        if catalog.asked_store:
            files[stored] = stored_stamp
        built = None
        if plan and self.tasks_known and not problems.fatal:
            built = build_plan(flow, folder, root, self.registry, catalog, subplans)
            built.text = source.text
        return Loaded(flow, built, problems.in_order(), files, catalog)

    def _fresh(self, loaded: Loaded) -> bool:
        return all(stamp_of(path) == stamp for path, stamp in loaded.files.items())

    def _keep(self, key: tuple[str, str | None], loaded: Loaded) -> None:
        while len(self._loaded) >= KEPT:
            del self._loaded[next(iter(self._loaded))]
        self._loaded[key] = loaded


def as_path(flow: FlowSource) -> Path | None:
    """The file that is meant, or None for a flow given as text or data."""
    if isinstance(flow, PathLike):
        return Path(flow)
    if isinstance(flow, str) and "\n" not in flow and len(flow) < 4096:
        looks_like_one = flow.endswith((".yaml", ".yml"))
        if looks_like_one or (":" not in flow and flow and os.path.isfile(flow)):
            return Path(flow)
    return None


def stamp_of(path: str) -> Stamp:
    """What tells one content of a file from another; zeros for a file that is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)
