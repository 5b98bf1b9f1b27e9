"""Imports go one way: what is below never knows what is above it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENGINE = ROOT / "engine" / "flowlang"

LAYERS = (
    ("errors", "values", "exact", "plainly", "redaction", "exceptions", "environment"),
    ("language",),
    ("tasks", "connections"),
    ("runtime",),
    ("journal",),
    ("debugger",),
    ("project", "watch", "api"),
    ("testing", "server"),
    ("scaffold",),
    ("cli", "__main__", "pytest_plugin", "scaffolder"),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}

FOR_PLUGINS = ("flowlang.connections.base", "flowlang.errors", "flowlang.values")

SCREEN = {"textual", "rich"}
DRIVERS = {"aiosqlite", "asyncpg", "aiomysql", "pymysql", "motor", "pymongo", "redis"}
HEAVY = SCREEN | DRIVERS | {"watchfiles", "cryptography", "pydantic", "fastapi", "celery"}


def imports(path: Path, package: str) -> Iterator[str]:
    """Every module that the file imports when it runs, in functions too; not what only type checkers read."""
    tree = ast.parse(path.read_text())
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ENGINE))


def package_of(path: Path, top: Path) -> str:
    return ".".join(path.relative_to(top).parent.parts)


@pytest.mark.parametrize("path", sorted(set(modules(ENGINE)) - {ENGINE / "__init__.py"}), ids=name_of)
def test_a_module_of_the_engine_imports_only_from_its_own_layer_and_those_below(path: Path) -> None:
    place = path.relative_to(ENGINE).parts[0].removesuffix(".py")
    upwards = [
        name
        for name in imports(path, package_of(path, ENGINE.parent))
        if name.startswith("flowlang.") and RANK.get(name.split(".")[1], -1) > RANK[place]
    ]
    assert upwards == []


def test_the_engine_knows_neither_the_screen_nor_what_is_built_on_it() -> None:
    above = {"textual", "flowlang_tui", "flowlang_plugins", "flowlang_themes"}
    found = {
        f"{path.name} imports {name}"
        for path in modules(ENGINE)
        for name in imports(path, package_of(path, ENGINE.parent))
        if name.split(".")[0] in above or (name.split(".")[0] == "rich" and path.name != "progress.py")
    }
    assert found == set()


def test_a_plugin_uses_only_the_public_plugin_api() -> None:
    plugins = ROOT / "plugins"
    found = {
        f"{path.relative_to(plugins)} imports {name}"
        for path in modules(plugins)
        for name in imports(path, package_of(path, plugins))
        if name.split(".")[0] in ("flowlang", "flowlang_tui", "flowlang_themes")
        and not name.startswith(tuple(f"{module}." for module in FOR_PLUGINS))
    }
    assert found == set()


def loaded_after(code: str) -> set[str]:
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{code}\nimport sys\nprint('\\n' + ' '.join({{m.split('.')[0] for m in sys.modules}}))",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return set(ran.stdout.splitlines()[-1].split())


def test_importing_flowlang_loads_no_screen_no_driver_no_watcher() -> None:
    assert loaded_after("import flowlang") & HEAVY == set()


def test_the_executor_loads_no_screen_no_driver_no_watcher() -> None:
    assert loaded_after("from flowlang import FlowExecutor") & HEAVY == set()


def test_a_headless_run_of_a_flow_without_connections_loads_none_of_them(tmp_path: Path) -> None:
    flow = tmp_path / "hello.yaml"
    flow.write_text("flow: hello\nsteps:\n  - exit: {outputs: {greeting: hello}}\n")
    code = f"from flowlang_tui.cli import main\nassert main(['--run', {str(flow)!r}]) == 0"
    assert loaded_after(code) & HEAVY == set()


WORKBENCH = ROOT / "flowlang_tui"

#: What each room of the workbench may use of the others; what is not named here is the screen's own.
ROOMS = {
    "session": {"session"},
    "graph": {"graph", "session"},
    "widgets": {"widgets", "graph", "session"},
    "panes": {"panes", "widgets", "graph", "session", "screens"},
    "screens": {"screens", "panes", "widgets", "graph", "session", "commands"},
    "commands": {"commands", "screens", "panes", "widgets", "graph", "session"},
}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_of_the_workbench_uses_only_those_below_it(room: str) -> None:
    found = {
        f"{path.name} imports {name}"
        for path in modules(WORKBENCH / room)
        for name in imports(path, package_of(path, ROOT))
        if name.startswith("flowlang_tui.") and name.split(".")[1] in ROOMS and name.split(".")[1] not in ROOMS[room]
    }
    assert found == set()


@pytest.mark.parametrize("room", ["session", "graph"])
def test_the_state_of_the_workbench_and_the_drawing_of_graphs_know_no_widget(room: str) -> None:
    names = [f"flowlang_tui.{room}.{path.stem}" for path in modules(WORKBENCH / room)]
    assert loaded_after("\n".join(f"import {name}" for name in names)) & SCREEN == set()


def test_only_the_session_runs_flows() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in modules(WORKBENCH)
        for name in imports(path, package_of(path, ROOT))
        if name in ("flowlang.FlowExecutor", "flowlang.runtime.executor.FlowExecutor")
    }
    assert found == {"flowlang_tui/session/runs.py"}
