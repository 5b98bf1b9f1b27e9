"""Finding plugins: in the box, in a project's folder, registered, installed."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from flowlang.connections import plugin_registry
from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.discovery import BUILTINS, DISTRIBUTION, Plugins
from flowlang.connections.loading import Candidate, load_all
from tests.connections.sources import INIT, PROVIDER, WritePlugin, minimal

ROOT = Path(__file__).parents[2]


def test_the_plugins_in_the_box_are_the_entry_points_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert {name: known.reference for name, known in BUILTINS.items()} == project["entry-points"][
        "flowlang.connections"
    ]
    assert project["name"] == DISTRIBUTION


def test_what_is_known_of_a_plugin_in_the_box_without_importing_it_is_true() -> None:
    for name, known in BUILTINS.items():
        entry = Plugins().get(name)
        assert entry is not None
        assert entry.error is None
        assert (entry.name, entry.aliases, entry.source) == (name, known.aliases, "built-in")
        assert all(task.startswith(known.prefix) for task in entry.tasks)


def test_nothing_is_imported_until_something_is_asked_for() -> None:
    program = """
import sys
from flowlang.connections.discovery import Plugins
plugins = Plugins()
assert not [name for name in sys.modules if name.startswith("flowlang_plugins")], "plugin"
plugins.get("sqlite"), plugins.owner_of("sqlite_query")
assert "flowlang_plugins.sqlite" in sys.modules
assert not {"aiosqlite", "importlib.metadata"} & set(sys.modules), "driver or metadata"
"""
    subprocess.run([sys.executable, "-S", "-c", program], check=True, env={"PYTHONPATH": _source_tree()})


def test_the_plugins_in_the_box_work_from_a_source_tree_without_metadata() -> None:
    program = """
from flowlang.connections.discovery import Plugins
assert Plugins().get("sqlite").error is None
assert Plugins().get("nothing") is None
"""
    subprocess.run([sys.executable, "-S", "-c", program], check=True, env={"PYTHONPATH": _source_tree()})


def _source_tree() -> str:
    return f"{ROOT / 'engine'}:{ROOT / 'plugins'}"


def test_a_projects_plugin_loads_with_its_relative_imports(weather: Path) -> None:
    entry = Plugins(weather).get("weather")

    assert entry is not None
    assert entry.error is None
    assert entry.source == "project"
    assert entry.plugin is not None
    assert issubclass(entry.plugin, ConnectionPlugin)
    assert list(entry.tasks) == ["weather_get"]


def test_a_plugins_task_is_described_by_its_signature_and_docstring(weather: Path) -> None:
    info = Plugins(weather).task_info("weather_get")

    assert info is not None
    assert info.provider == "weather"
    assert info.wants_connection
    assert info.description == "Get the weather at a station."
    assert [parameter.name for parameter in info.parameters] == ["station"]
    assert info.example.startswith("- weather_get:")


def test_a_connection_type_carries_the_plugins_schema(weather: Path) -> None:
    found = Plugins(weather).connection_type("weather")

    assert found is not None
    assert found.schema["required"] == ["api_key"]
    assert found.tasks == ("weather_get",)


def test_all_lists_types_and_tasks_of_every_source(weather: Path) -> None:
    plugins = Plugins(weather)

    assert {"sqlite", "weather"} <= set(plugins.names())
    assert {"sqlite_query", "weather_get"} <= set(plugins.task_names())


def test_a_plugin_may_be_found_by_an_alias(tmp_path: Path, plugin_folder: WritePlugin) -> None:
    plugin_folder("lake", __init__=minimal("lake", "lake_fish", aliases=("pond",)))

    entry = Plugins(tmp_path).get("pond")

    assert entry is not None
    assert entry.name == "lake"


def test_a_plugin_that_does_not_register_itself_is_found_by_its_class(
    tmp_path: Path, plugin_folder: WritePlugin
) -> None:
    plugin_folder("quiet", __init__="from .inside import Plugin\n", inside=minimal("quiet"))

    entry = Plugins(tmp_path).get("quiet")

    assert entry is not None
    assert entry.error is None


def test_two_projects_may_have_plugins_of_one_name(tmp_path: Path, plugin_folder: WritePlugin) -> None:
    for project in ("one", "two"):
        source = minimal("same", "same_task", description=project)
        plugin_folder("same", tmp_path / project, __init__="from .inside import Plugin\n", inside=source)

    one, two = (Plugins(tmp_path / project).get("same") for project in ("one", "two"))

    assert one is not None
    assert two is not None
    assert one.plugin is not None
    assert two.plugin is not None
    assert (one.plugin.description, two.plugin.description) == ("one", "two")


def test_an_edited_plugin_is_loaded_anew_and_an_unchanged_one_is_not(
    tmp_path: Path, plugin_folder: WritePlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)

    def seen() -> type[ConnectionPlugin]:
        entry = Plugins(tmp_path).get("edited")
        assert entry is not None
        assert entry.plugin is not None
        return entry.plugin

    versions = []
    for number in range(5):
        inside = minimal("edited", description=f"v{number}")
        plugin_folder("edited", __init__="from .inside import Plugin\n", inside=inside)
        versions.append(seen().description)
        assert seen() is seen()

    assert versions == ["v0", "v1", "v2", "v3", "v4"]
    assert not list(tmp_path.rglob("*.pyc"))


BROKEN = {
    "raises": "raise RuntimeError('no luck')",
    "exits": "import sys; sys.exit(3)",
    "misspelt": "def f(:",
    "imports": "import a_module_that_is_nowhere",
    "nameless": (
        "from ..base import ConnectionPlugin\nfrom .. import plugin_registry\n"
        "class P(ConnectionPlugin):\n    name = ''\nplugin_registry.register(P())"
    ),
    "empty": "",
    "stranger": "from .. import plugin_registry\nplugin_registry.register(object())",
    "taskless": minimal("taskless").replace("return {}", "return {'x': 1}"),
    "schemaless": minimal("schemaless") + "    def get_config_schema(self):\n        return None\n",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_listed_with_its_error_and_takes_nothing_down(
    weather: Path, plugin_folder: WritePlugin, kind: str
) -> None:
    plugin_folder(kind, __init__=BROKEN[kind])
    plugins = Plugins(weather)

    broken = next(entry for entry in plugins.all() if entry.name == kind)

    assert broken.error
    assert broken.plugin is None
    good = plugins.get("weather")
    assert good is not None
    assert good.error is None
    assert kind not in plugins.names()
    told = plugins.connection_type(kind)
    assert told is not None
    assert told.error == broken.error


def test_the_error_of_a_broken_plugin_says_where(tmp_path: Path, plugin_folder: WritePlugin) -> None:
    plugin_folder("raises", __init__="\n\nraise RuntimeError('no luck')")

    entry = Plugins(tmp_path).get("raises")

    assert entry is not None
    assert entry.error == "RuntimeError: no luck (__init__.py:3)"


def test_a_name_that_is_taken_is_an_error_of_the_plugin_that_comes_later(
    weather: Path, plugin_folder: WritePlugin
) -> None:
    plugin_folder("another", __init__=minimal("sqlite", "another_task"))
    plugin_folder("zeta", __init__=minimal("weather", "zeta_task"))
    plugin_folder("zulu", __init__=minimal("zulu", "weather_get"))
    plugins = Plugins(weather)

    errors = {Path(entry.place).name: entry.error for entry in plugins.all() if entry.source == "project"}

    assert errors["weather"] is None
    assert "`sqlite` belongs to the plugin in the box" in str(errors["another"])
    assert "`weather` belongs to the plugin from" in str(errors["zeta"])
    assert "`weather_get` belongs to `weather`" in str(errors["zulu"])
    owner = plugins.owner_of("weather_get")
    assert owner is not None
    assert owner.name == "weather"


def test_a_slow_plugin_is_given_up_and_the_others_are_there() -> None:
    from threading import Event

    never = Event()
    slow = Candidate("slow", "project", "nowhere", never.wait, "slow")
    quick = Candidate("quick", "project", "nowhere", lambda: _Quick, "quick")

    results = load_all([slow, quick], limit=0.1)
    never.set()

    assert results[0].error == "took longer than 0.1 s to load"
    assert results[0].late
    assert results[1].error is None


class _Quick(ConnectionPlugin):
    name = "quick"


def test_an_application_can_register_its_own_plugin() -> None:
    plugin = _Quick()
    plugin_registry.register(plugin)
    try:
        entry = Plugins().get("quick")
    finally:
        plugin_registry.unregister(plugin)

    assert entry is not None
    assert (entry.plugin, entry.source) == (_Quick, "registered")
    assert Plugins().get("quick") is None


def test_what_a_projects_plugin_registers_stays_in_its_project(weather: Path) -> None:
    assert Plugins(weather).get("weather") is not None

    assert Plugins().get("weather") is None
    assert plugin_registry.registered == []


def test_an_installed_package_is_found_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(tmp_path, "installed_weather", "installed")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        entry = Plugins().get("installed")
        broken = Plugins().get("broken_point")
    finally:
        for name in ("installed_weather", "installed_weather.provider"):
            sys.modules.pop(name, None)

    assert entry is not None
    assert (entry.error, entry.source) == (None, "installed")
    assert list(entry.tasks) == ["installed_get"]
    assert broken is not None
    assert "ModuleNotFoundError" in str(broken.error)


def _install(site: Path, package: str, name: str) -> None:
    folder = site / package
    folder.mkdir()
    absolute = PROVIDER.replace("from ..base", "from flowlang.connections.base").replace(
        "from ...exc", "from flowlang.exc"
    )
    (folder / "provider.py").write_text(absolute.replace('"weather', f'"{name}'))
    (folder / "__init__.py").write_text(INIT.replace("from ..", "from flowlang.connections"))
    info = site / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[flowlang.connections]\n{name} = {package}:WeatherPlugin\nbroken_point = a_module_that_is_nowhere:Plugin\n"
    )


def test_a_package_on_the_import_path_is_no_plugin_of_the_project() -> None:
    """In a checkout of this project its own `plugins` folder holds the package of those in the box."""
    checkout = Path(__file__).parents[2]
    assert (checkout / "plugins" / "flowlang_plugins").is_dir()
    assert "flowlang_plugins" not in [entry.name for entry in Plugins(checkout).all()]
