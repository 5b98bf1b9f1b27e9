"""The connections pane and its dialogs, as a person uses them."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Select

from flowlang.connections.store import Store
from flowlang_tui.panes.connections import ConnectionsPane
from flowlang_tui.screens.connection_form import ConnectionForm
from flowlang_tui.screens.connection_secrets import ConnectionSecrets
from flowlang_tui.screens.connection_test import ConnectionTest
from flowlang_tui.screens.pick import Pick
from flowlang_tui.session.connection_rows import ConnectionKey
from flowlang_tui.widgets.schema_form import SchemaField
from tests.tui.connecting import CANARY, FLOW, URL, PaneApp, make_project, painted, select, shown, until

SIZES = [(160, 45), (80, 24)]


@pytest.fixture(autouse=True)
def keys_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("FLOWLANG_KEY", raising=False)
    monkeypatch.delenv("FAR_URL", raising=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return make_project(folder)


@asynccontextmanager
async def opened(path: Path, size: tuple[int, int] = (160, 45)) -> AsyncIterator[Pilot[Any]]:
    async with PaneApp(path).run_test(size=size, notifications=True) as pilot:
        yield pilot


def app_of(pilot: Pilot[Any]) -> PaneApp:
    assert isinstance(pilot.app, PaneApp)
    return pilot.app


async def screen_of(pilot: Pilot[Any], kind: type[Any]) -> Any:
    await until(pilot, lambda: isinstance(pilot.app.screen, kind) and pilot.app.screen.is_mounted)
    await pilot.pause()
    return pilot.app.screen


async def new_form(pilot: Pilot[Any], choice: str) -> Any:
    """The form of a new connection of a type."""
    await pilot.press("a")
    pick = await screen_of(pilot, Pick)
    pick.dismiss(choice)
    return await screen_of(pilot, ConnectionForm)


def field(form: Any, key: str) -> SchemaField:
    return next(one for one in form.query(SchemaField) if one.field.key == key)


def type_in(form: Any, key: str, text: str) -> None:
    place = form.query_one("#name", Input) if key == "name" else field(form, key).query_one(Input)
    place.value = text


@pytest.mark.parametrize("size", SIZES)
async def test_the_pane_lists_connections_and_broken_plugins(path: Path, size: tuple[int, int]) -> None:
    async with opened(path, size) as pilot:
        screen = await shown(pilot, "○ own sqlite ·1", "= Shop", "○ Production postgres", "✗ bad SyntaxError")
        assert "orders.yaml" in screen
        assert "postgresql://app:••••@" in screen


async def test_an_empty_project_teaches_how_to_add_a_connection(tmp_path: Path) -> None:
    (tmp_path / "flowlang.yaml").touch()
    async with opened(tmp_path / "none.yaml") as pilot:
        await shown(pilot, "No connections yet.", "a  adds one")


async def test_a_locked_connection_says_what_to_do(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "elsewhere"))
    async with opened(path) as pilot:
        await select(pilot, "Production")
        assert "⊘ Production" in painted(pilot.app)
        await pilot.press("enter")
        await shown(pilot, "put the key back")


@pytest.mark.parametrize("size", SIZES)
async def test_a_connection_is_added_by_its_form(path: Path, size: tuple[int, int]) -> None:
    async with opened(path, size) as pilot:
        form = await new_form(pilot, "postgres")
        type_in(form, "name", "Staging")
        type_in(form, "url", URL)
        await shown(pilot, "name: Staging", "url: postgresql://app:••••@127.0.0.1:1/shop")
        await pilot.press("ctrl+s")
        await select(pilot, "Staging")
        assert Store(path.parent).get("Staging").connection_url == URL
        assert [type(message) for message in app_of(pilot).sent] == [ConnectionsPane.StoreChanged]


async def test_a_connection_is_written_into_the_flow_with_its_secret_in_dotenv(path: Path) -> None:
    async with opened(path) as pilot:
        form = await new_form(pilot, "postgres")
        type_in(form, "name", "main")
        type_in(form, "url", URL)
        form.query_one("#where", Select).value = "flow"
        await shown(pilot, "url: ${env.MAIN_URL}", "set MAIN_URL")
        form.query_one("#dotenv", Select).value = "yes"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app_of(pilot).sent)
        (message,) = app_of(pilot).sent
        assert message.apply(FLOW).count("url: ${env.MAIN_URL}") == 1
        assert (path.parent / ".env").read_text() == f"MAIN_URL='{URL}'\n"


async def test_a_wrong_value_is_told_below_it_and_nothing_is_kept(path: Path) -> None:
    async with opened(path) as pilot:
        form = await new_form(pilot, "postgres")
        type_in(form, "name", "Staging")
        type_in(form, "pool_size", "many")
        await shown(pilot, "✗ `pool_size` must be a whole number")
        await pilot.press("ctrl+s")
        await shown(pilot, "give `url`, or `host`")
        assert "Staging" not in Store(path.parent).names()


async def test_parts_are_asked_for_instead_of_a_url(path: Path) -> None:
    async with opened(path) as pilot:
        form = await new_form(pilot, "mysql")
        form.query_one("#given", Select).value = "parts"
        await shown(pilot, "host", "password")
        assert not [one for one in form.query(SchemaField) if one.field.key == "url"]
        type_in(form, "name", "Parts")
        type_in(form, "host", "db.example.com")
        type_in(form, "password", CANARY)
        assert CANARY not in await shown(pilot, "host: db.example.com", "password: ••••")
        await pilot.press("ctrl+s")
        await select(pilot, "Parts")
        assert Store(path.parent).get("Parts").config == {"host": "db.example.com", "password": CANARY}


async def test_an_environment_has_values_of_its_own(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "Production")
        await pilot.press("e")
        form = await screen_of(pilot, ConnectionForm)
        form.query_one("#environment", Select).value = "dev"
        await until(pilot, lambda: field(form, "url").value == "")
        type_in(form, "url", "postgresql://localhost/shop")
        await shown(pilot, "in dev:")
        await pilot.press("ctrl+s")
        await shown(pilot, "[dev]")
        record = Store(path.parent).get("Production")
        assert (record.connection_url, record.environments["dev"].connection_url) == (
            URL,
            "postgresql://localhost/shop",
        )


async def test_a_template_asks_for_its_fields_and_fills_in_the_form(path: Path) -> None:
    async with opened(path) as pilot:
        await pilot.press("a")
        (await screen_of(pilot, Pick)).dismiss("local-redis")
        await shown(pilot, "Redis on this machine", "host")
        await pilot.press("ctrl+s")
        form = await screen_of(pilot, ConnectionForm)
        assert field(form, "url").value == "redis://localhost:6379/0"


async def test_a_broken_plugin_is_refused_with_its_error(path: Path) -> None:
    async with opened(path) as pilot:
        await pilot.press("a")
        (await screen_of(pilot, Pick)).dismiss("bad")
        await shown(pilot, "the plugin `bad`")


@pytest.mark.parametrize("size", SIZES)
async def test_a_test_shows_its_stages_what_failed_and_what_to_try(path: Path, size: tuple[int, int]) -> None:
    async with opened(path, size) as pilot:
        await select(pilot, "Production")
        await pilot.press("t")
        screen = await shown(pilot, "✓ resolve", "✗ reach", "→ check that the server runs", "cannot be used")
        assert "– authenticate" in screen
        await pilot.press("escape")
        await shown(pilot, "reach failed")


async def test_a_test_is_cancelled_with_escape(path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://app:{CANARY}@127.0.0.1:{silent.getsockname()[1]}/shop"
        async with opened(path) as pilot:
            form = await new_form(pilot, "postgres")
            type_in(form, "name", "Silent")
            type_in(form, "url", url)
            await pilot.press("ctrl+t")
            test = await screen_of(pilot, ConnectionTest)
            await shown(pilot, "✓ reach", "tls")
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is form)
            assert not test.is_running


async def test_all_connections_are_tested_at_once(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "Shop")
        await pilot.press("T")
        await shown(pilot, "✓ own sqlite", "✓ Shop sqlite", "✗ Production", "reach failed")


async def test_deleting_lists_the_steps_that_would_break(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "Shop")
        await pilot.press("d")
        await shown(pilot, "These could not run any more", "orders.yaml:8  second", "orders.yaml:9  third")
        await pilot.press("escape")
        assert "Shop" in Store(path.parent).names()
        await pilot.press("d")
        await shown(pilot, "These could not run any more")
        await pilot.press("d")
        await until(pilot, lambda: "Shop" not in Store(path.parent).names())


async def test_another_name_that_would_break_flows_is_asked_about(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "Shop")
        await pilot.press("e")
        form = await screen_of(pilot, ConnectionForm)
        type_in(form, "name", "Store")
        await pilot.press("ctrl+s")
        await shown(pilot, "Call Shop Store from now on?", "orders.yaml:8  second")
        await pilot.press("b")
        await until(pilot, lambda: pilot.app.screen is form)
        assert Store(path.parent).names() == ["Production", "Shop"]


async def test_a_connection_is_copied_under_another_name(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "Shop")
        await pilot.press("c")
        await shown(pilot, "Copy Shop as")
        await pilot.press("enter")
        await select(pilot, "Shop copy")


async def test_a_stored_connection_is_used_in_the_flow_under_a_short_name(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "Production")
        await pilot.press("s")
        await shown(pilot, "Name of Production in the flow")
        await pilot.press("enter")
        await until(pilot, lambda: app_of(pilot).sent)
        assert "  production:\n    use: Production\n" in app_of(pilot).sent[0].apply(FLOW)


async def test_the_steps_that_use_a_connection_can_be_gone_to(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "Shop")
        await pilot.press("u")
        await shown(pilot, "Shop is used by", "orders.yaml:9  third")
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: app_of(pilot).sent)
        message = app_of(pilot).sent[0]
        assert (message.path, message.line) == (path, 9)


async def test_a_flows_own_connection_is_edited_by_its_form_too(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "own", stored=False)
        await pilot.press("enter")
        form = await screen_of(pilot, ConnectionForm)
        type_in(form, "database", "other.db")
        await shown(pilot, "database: other.db")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app_of(pilot).sent)
        assert app_of(pilot).sent[0].apply(FLOW) == FLOW.replace("database: shop.db", "database: other.db")


async def test_a_click_selects_and_a_second_one_edits(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "Shop")
        pane = app_of(pilot).pane
        await pilot.click(pane.options, offset=(4, 1))
        await until(pilot, lambda: pane.selected is not None and pane.selected.name == "own")
        assert len(pilot.app.screen_stack) == 1
        await pilot.click(pane.options, offset=(4, 1), times=2)
        await screen_of(pilot, ConnectionForm)


async def test_a_declaration_that_no_form_can_show_is_edited_in_the_text(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "db", stored=False)
        await pilot.press("enter")
        await until(pilot, lambda: app_of(pilot).sent)
        assert app_of(pilot).sent[0].line == 4


async def test_an_example_is_written_and_told(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "Shop")
        await pilot.press("x")
        await until(pilot, lambda: app_of(pilot).sent)
        assert app_of(pilot).sent[0].path == path.parent / "examples" / "sqlite_example.yaml"


async def test_the_masked_address_is_copied(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "Production")
        await pilot.press("y")
        await until(pilot, lambda: app_of(pilot).sent)
        assert app_of(pilot).sent[0].text == "postgresql://app:••••@127.0.0.1:1/shop"


async def test_how_tests_ended_is_remembered(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "Shop")
        await pilot.press("h")
        await shown(pilot, "It was never tested")


# secrets


async def test_a_secret_is_shown_after_a_second_key_and_not_for_long(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "Production")
        await pilot.press("v")
        assert CANARY not in await shown(pilot, "Secrets of Production", "••••")
        await pilot.press("y")
        await shown(pilot, CANARY)


async def test_a_shown_secret_is_hidden_again_by_itself(path: Path) -> None:
    async with opened(path) as pilot:
        secrets = await app_of(pilot).connections.secrets(ConnectionKey("Production", True), None, None)
        pilot.app.push_screen(ConnectionSecrets("Production", secrets, seconds=1))
        await screen_of(pilot, ConnectionSecrets)
        await pilot.press("y")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ConnectionSecrets))
        assert CANARY not in painted(pilot.app)


async def test_no_dialog_shows_a_secret_by_itself(path: Path) -> None:
    async with opened(path) as pilot:
        for key in ("e", "t", "h", "d", "u", "s", "v", "c"):
            await select(pilot, "Production")
            before = painted(pilot.app)
            await pilot.press(key)
            await until(pilot, lambda before=before: painted(pilot.app) != before)  # type: ignore[misc]
            assert CANARY not in painted(pilot.app), key
            if len(pilot.app.screen_stack) > 1:
                await pilot.press("escape")
                await until(pilot, lambda: len(pilot.app.screen_stack) == 1)


async def test_a_secret_in_the_form_is_shown_on_demand(path: Path) -> None:
    async with opened(path) as pilot:
        await select(pilot, "Production")
        await pilot.press("e")
        form = await screen_of(pilot, ConnectionForm)
        assert CANARY not in painted(pilot.app)
        field(form, "url").query_one(Button).press()
        await shown(pilot, CANARY)
        field(form, "url").query_one(Button).press()
        await until(pilot, lambda: CANARY not in painted(pilot.app))


@pytest.fixture
def hostile(path: Path) -> Path:
    path.write_text(FLOW.replace("database: shop.db", 'database: "\\e]0;x\\a\\u202eevil.db"'))
    return path


async def test_control_characters_of_a_project_never_reach_the_terminal(hostile: Path) -> None:
    async with opened(hostile) as pilot:
        screen = await shown(pilot, "own sqlite", "evil.db")
        assert not {"\x1b", "\x07", "\u202e"} & set(screen)
