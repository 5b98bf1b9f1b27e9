"""The contract for plugins: sound ones keep it, and each breach is found by the check that is there for it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flowlang import FlowExecutor
from flowlang.connections import plugin_registry
from flowlang.connections.base import ConnectionPlugin, announce, statement
from flowlang.connections.contract import CheckResult, NotApplicable, Violation, checks, verify
from flowlang.connections.discovery import BUILTINS, Plugins
from flowlang.errors import ConfigurationError
from flowlang_plugins.sqlite import SQLitePlugin
from tests.connections.lines import LinesPlugin, Service, Session, service

NAMES = [check.name for check in checks(SQLitePlugin)]


class Sound(LinesPlugin):
    """Keeps all of the contract."""

    def get_builtin_tasks(self) -> dict[str, Callable[..., Any]]:
        return {"lines_send": send}

    def scaffold_example_flow(self, output_dir: str, connection_name: str = "service", **kwargs: Any) -> str:
        path = Path(output_dir, "lines.yaml")
        path.write_text(
            f"flow: Lines\nconnections:\n  {connection_name}: {{type: lines, url: '${{env.LINES_URL}}'}}\n"
            "steps:\n  - lines_send: {id: play, line: ping}\noutputs:\n  answer: ${play.answer}\n"
        )
        return str(path)


async def send(line: str, connection: Any = None) -> dict[str, Any]:
    """Send a line and wait for the answer.

    Args:
        line: What to send
        connection: The session (injected)

    Returns:
        answer: What came back

    Example YAML:
        - lines_send:
            connection: service
            line: ping
    """
    await announce(connection, line)
    with statement(line) as sent:
        answer = await connection.ask(line)
        sent.rows = 1
    return {"answer": answer}


@pytest.fixture
def registered() -> Iterator[None]:
    """The sound plugin, known to all flows."""
    plugin = Sound()
    plugin_registry.register(plugin)
    yield
    plugin_registry.unregister(plugin)


@pytest.fixture
async def lines() -> AsyncIterator[Service]:
    async with service() as running:
        yield running


def test_there_are_many_checks_each_with_a_name_of_its_own() -> None:
    assert len(NAMES) == len(set(NAMES)) > 30


@pytest.mark.parametrize("check", checks(SQLitePlugin), ids=str)
async def test_a_check_can_be_awaited_in_a_test(check: Any) -> None:
    await check()


async def test_a_sound_plugin_keeps_the_contract_on_its_server(lines: Service, registered: None) -> None:
    told: list[CheckResult] = []
    url = f"lines://127.0.0.1:{lines.port}"
    results = await verify(Sound, url, told.append, run=FlowExecutor().execute_flow)
    assert told == results
    assert [result.name for result in results] == NAMES
    assert [result for result in results if result.status == "failed"] == []
    skipped = {result.name for result in results if result.status == "skipped"}
    assert skipped == {
        "without the driver connecting says what is missing",
        "the helpers are Python, with a docstring each",
    }


async def unasked(line: str, connection: Any = None) -> dict[str, Any]:
    with statement(line):
        return {"answer": await connection.ask(line)}


async def asked_too_late(line: str, connection: Any = None) -> dict[str, Any]:
    answer = await unasked(line, connection)
    await announce(connection, line)
    return answer


async def asked_for_something_else(line: str, connection: Any = None) -> dict[str, Any]:
    await announce(connection, "something else")
    return await unasked(line, connection)


@pytest.mark.parametrize(
    ("task", "told"),
    [
        (unasked, "`lines_send` sends `ping` unasked"),
        (asked_for_something_else, "`lines_send` sends `ping` unasked"),
        (asked_too_late, "`ping` is sent although that was refused"),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
async def test_a_statement_that_is_sent_unasked_is_found(lines: Service, task: Any, told: str) -> None:
    plugin = type(
        "Unasked", (Sound,), {"__doc__": "Doesn't ask.", "get_builtin_tasks": lambda self: {"lines_send": task}}
    )
    registered = plugin()
    plugin_registry.register(registered)
    try:
        every = checks(plugin, f"lines://127.0.0.1:{lines.port}", run=FlowExecutor().execute_flow)
        check = next(check for check in every if check.name == "a debugger is asked before a statement is sent")
        result = await check.run()
    finally:
        plugin_registry.unregister(registered)
    assert result.status == "failed"
    assert told in result.message


async def test_without_a_server_the_live_checks_are_skipped() -> None:
    for check in checks(Sound):
        result = await check.run()
        assert result.status != "failed", result
        if check.live:
            assert result.status == "skipped"
            with pytest.raises(NotApplicable, match="needs a server"):
                await check()


async def test_the_plugin_of_the_documentation_keeps_the_contract() -> None:
    page = Path(__file__).parents[2] / "docs" / "plugins.md"
    source = page.read_text(encoding="utf-8").split("```python plugin\n")[1].split("```")[0]
    module: dict[str, Any] = {"__name__": "notes"}
    exec(compile(source, str(page), "exec"), module)
    results = await verify(module["NotesPlugin"], config={"owner": "me"}, live=True)
    assert [result for result in results if result.status == "failed"] == []


async def test_a_url_for_a_plugin_that_takes_none_is_refused_at_once() -> None:
    class NoUrl(LinesPlugin):
        def get_config_schema(self) -> dict[str, Any]:
            return {"type": "object", "properties": {"key": {"type": "string"}}}

    with pytest.raises(ConfigurationError, match="take no URL"):
        checks(NoUrl, "lines://h:1")


async def test_sqlite_keeps_the_contract(tmp_path: Path) -> None:
    results = await verify(SQLitePlugin, f"sqlite:///{tmp_path}/x.db", run=FlowExecutor().execute_flow)
    assert [result for result in results if result.status == "failed"] == []
    assert sum(result.status == "skipped" for result in results) < 6


@pytest.mark.parametrize("name", [name for name in BUILTINS if name != "sqlite"])
async def test_every_plugin_in_the_box_keeps_the_contract(name: str, request: pytest.FixtureRequest) -> None:
    entry = Plugins().get(name)
    assert entry is not None
    assert entry.plugin is not None, entry.error
    url = request.getfixturevalue(f"{name}_database")
    results = await verify(entry.plugin, url, run=FlowExecutor().execute_flow)
    assert [result for result in results if result.status == "failed"] == []
    assert sum(result.status == "skipped" for result in results) < 6


async def test_a_secret_of_the_url_is_not_in_what_a_check_tells() -> None:
    class Tells(Sound):
        async def connect(self, config: dict[str, Any]) -> None:
            raise RuntimeError(f"cannot open {config['url']}")

    results = await verify(Tells, "lines://ada:sw0rdfish@127.0.0.1:1")
    assert "sw0rdfish" not in json.dumps(results)
    assert any("••••" in result.message for result in results)


def schema(**properties: Any) -> Callable[[Any], dict[str, Any]]:
    """A method that adds to the schema."""

    def get_config_schema(self: Any) -> dict[str, Any]:
        made = LinesPlugin.get_config_schema(self)
        return {**made, "properties": {**made["properties"], **properties}}

    return get_config_schema


def tasks(**functions: Any) -> Callable[[Any], dict[str, Any]]:
    return lambda self: functions


async def undocumented(line: str, connection: Any = None) -> None: ...


async def no_types(line, connection=None):  # type: ignore[no-untyped-def]
    """Send.

    Args:
        line: What to send.
    """


async def without_connection(line: str) -> None:
    """Send."""


async def greedy(retry: int, connection: Any = None) -> None:
    """Send."""


async def odd_default(line: Any = object(), connection: Any = None) -> None:  # noqa: B008
    """Send."""


async def bad_example(line: str, connection: Any = None) -> None:
    """Send.

    Example YAML:
        - lines_send:
            connection: service
            lien: ping
    """


def plain(line: str, connection: Any = None) -> None:
    """Send."""


def written(text: str) -> Callable[..., None]:
    def write(self: Any, output_dir: str, **kwargs: Any) -> None:
        Path(output_dir, "made.yaml").write_text(text)
        Path(output_dir, "made.py").write_text(text)

    return write


class Opens(ConnectionPlugin):
    def __init__(self) -> None:
        super().__init__()
        self.task = asyncio.get_running_loop().create_task(asyncio.sleep(60))


#: What a plugin may do wrong, and the check that finds it.
BREACHES: dict[str, dict[str, Any]] = {
    "the name is one word in lower case": {"name": "My Lines"},
    "the aliases are other words": {"aliases": ("lines",)},
    "the description is one line": {"description": ""},
    "the version is a version": {"version": "newest"},
    "the category is one word": {"category": ""},
    "the class is documented": {"__doc__": None},
    "what it can do is said by true and false": {"read_only": "yes"},
    "what it says of sandbox runs is so": {"sandbox": True},
    "an instance is made without arguments, and does no work": {"__init__": Opens.__init__},
    "the methods that wait are async, the others are not": {"disconnect": lambda self: None},
    "the required methods are there": {"get_connection": ConnectionPlugin.get_connection},
    "get_info is plain JSON and names the plugin and its tasks": {"get_info": lambda self: {"tasks": {1, 2}}},
    "the dependencies are requirements as pip takes them": {"get_dependencies": lambda self: ["--index-url=x"]},
    "check_dependencies says whether and what": {"check_dependencies": lambda self: []},
    "the schema is that of an object": {"get_config_schema": lambda self: {"properties": {}}},
    "the schema is plain JSON, and the same each time": {"get_config_schema": schema(a={"default": {1, 2}})},
    "every property has a type that exists": {"get_config_schema": schema(a={"type": "text"})},
    "every property is described": {"get_config_schema": schema(a={"type": "string"})},
    "what is required is a property": {
        "get_config_schema": lambda self: {"type": "object", "required": ["a"], "properties": {}}
    },
    "defaults and examples fit their own property": {
        "get_config_schema": schema(a={"type": "integer", "default": "many"})
    },
    "bounds, patterns and choices can be met": {"get_config_schema": schema(a={"type": "string", "pattern": "("})},
    "the schema uses only what is checked": {"get_config_schema": schema(a={"$ref": "#/x"})},
    "secrets are marked as such": {"get_config_schema": schema(pwd={"type": "string"})},
    "no default is a secret": {"get_config_schema": schema(password={"type": "string", "default": "tiger"})},
    "an unknown key is refused": {
        "get_config_schema": lambda self: LinesPlugin.get_config_schema(self) | {"additionalProperties": True}
    },
    "validate_config says whether and why": {"validate_config": lambda self, config: True},
    "validate_config answers to any configuration that fits the schema": {
        "validate_config": lambda self, config: (bool(int(config.get("word", "1"))), "no")
    },
    "validating changes nothing and opens nothing": {
        "validate_config": lambda self, config: (bool(config.pop("url")), None)
    },
    "normalise_config leaves its argument alone, and does nothing twice": {
        "normalise_config": lambda self, config: {**config, "word": config.get("word", "") + "x"}
    },
    "shareable is true or false": {"shareable": lambda self, config: None},
    "the tasks are functions by name, the same for every instance": {
        "get_builtin_tasks": lambda self: {f"lines_{time.monotonic_ns()}": send}
    },
    "the names of the tasks begin alike": {"get_builtin_tasks": tasks(lines_send=send, get=send)},
    "every task is async": {"get_builtin_tasks": tasks(lines_send=plain)},
    "every task takes the connection": {"get_builtin_tasks": tasks(lines_send=without_connection)},
    "every task says what it does": {"get_builtin_tasks": tasks(lines_send=undocumented)},
    "every argument is described": {"get_builtin_tasks": tasks(lines_send=undocumented)},
    "every argument has a type": {"get_builtin_tasks": tasks(lines_send=no_types)},
    "the defaults of arguments are plain data": {"get_builtin_tasks": tasks(lines_send=odd_default)},
    "no argument has the name of a key that every step has": {"get_builtin_tasks": tasks(lines_send=greedy)},
    "every task names the keys of its result": {"get_builtin_tasks": tasks(lines_send=no_types)},
    "every task shows how it is used": {"get_builtin_tasks": tasks(lines_send=no_types)},
    "the examples of the tasks check clean": {"get_builtin_tasks": tasks(lines_send=bad_example)},
    "the scaffold is a connection of the name that is asked for": {
        "scaffold_connection_config": lambda self, name="db": "  fixed:\n    type: lines\n"
    },
    "the scaffold has a name of its own choice too": {
        "scaffold_connection_config": lambda self, name="x": f"  {name}: {{type: lines}}\n" * (name != "x")
    },
    "the scaffold checks clean": {
        "scaffold_connection_config": lambda self, name="db": f"  {name}:\n    type: lines\n    ulr: lines://h:1\n"
    },
    "the scaffold holds no secret in the clear": {
        "scaffold_connection_config": lambda self, name="db": f"  {name}:\n    type: lines\n    word: tiger\n"
    },
    "the example flow uses the connection's name": {
        "scaffold_example_flow": written("flow: x\nconnections:\n  db: {type: lines, url: x}\nsteps: [exit]\n")
    },
    "the example flow checks clean": {"scaffold_example_flow": written("flow: x\nsteps:\n  - lines_sned: {}\n")},
    "the helpers are Python, with a docstring each": {"scaffold_task_helpers": written("def helper(): pass\n")},
    "two instances share nothing that changes": {
        "__init__": lambda self, kept=[]: (ConnectionPlugin.__init__(self), setattr(self, "kept", kept))[0]
    },
}


@pytest.mark.parametrize("name", BREACHES)
async def test_each_breach_is_found(name: str) -> None:
    plugin = type("Broken", (LinesPlugin,), {"__doc__": "Breaks the contract.", **BREACHES[name]})
    check = next(check for check in checks(plugin) if check.name == name)
    result = await check.run()
    assert result.status == "failed", result
    assert result.message
    if result.message.split(":")[0].isidentifier():
        return
    with pytest.raises(Violation):
        await check()


async def never(self: Any) -> None:
    await asyncio.Event().wait()


async def reraise(self: Any, *arguments: Any) -> Any:
    raise KeyError("session")


async def grows(self: LinesPlugin) -> Session:
    return await self._opened()


async def forgets(self: LinesPlugin, connection: Any) -> None:
    """Never lends it again."""


async def leaks(self: Any) -> None:
    await LinesPlugin.disconnect(self)
    self.left = asyncio.ensure_future(asyncio.sleep(60))


async def stays(self: Any) -> object:
    return self


async def forgets_an_error(self: LinesPlugin, config: Any) -> None:
    asyncio.get_running_loop().create_future().set_exception(OSError("nobody looks"))
    await LinesPlugin.connect(self, config)


#: What a plugin may do wrong on a server, and the check that finds it.
LIVE_BREACHES: dict[str, dict[str, Any]] = {
    "connecting and disconnecting leaves nothing": {"disconnect": leaks},
    "a connect that is cancelled leaves nothing": {"connect": forgets_an_error},
    "disconnecting twice does no harm": {
        "disconnect": lambda self: LinesPlugin.disconnect(self) if self._sessions else reraise(self)
    },
    "after disconnecting no connection is given": {"get_connection": stays},
    "a connection that isn't open gives an error, not a surprise": {"get_connection": reraise},
    "a connection can be taken and given back any number of times": {"release_connection": forgets},
    "taking and giving back opens nothing more and more": {"get_connection": grows, "release_connection": forgets},
    "no more connections are lent than the pool has": {"get_connection": grows},
    "the check of a connection says what is there": {"check": reraise},
    "the staged test passes": {"check": reraise},
}


@pytest.mark.parametrize("name", LIVE_BREACHES)
async def test_each_breach_on_a_server_is_found(name: str, lines: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pooling", "connected", "unconnected"):
        monkeypatch.setattr(f"flowlang.connections.contract.{module}.CONNECT_SECONDS", 0.2)
    plugin = type("Broken", (LinesPlugin,), {"__doc__": "Breaks the contract.", **LIVE_BREACHES[name]})
    check = next(check for check in checks(plugin, f"lines://127.0.0.1:{lines.port}") if check.name == name)
    result = await check.run()
    assert result.status == "failed", result


async def test_a_plugin_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowlang.connections.contract.unconnected.CONNECT_SECONDS", 0.05)
    plugin = type("Hangs", (LinesPlugin,), {"get_connection": never})
    check = next(check for check in checks(plugin) if "not a surprise" in check.name)
    started = time.monotonic()
    assert "waits for ever" in (await check.run()).message
    assert time.monotonic() - started < 5
