"""Webhooks and schedules: who may start a flow, when it is started, and what is refused at once."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flowlang.errors import ConfigurationError
from flowlang.server.executions import Executions
from flowlang.server.hosting import Hosting
from flowlang.server.triggers import Triggers
from flowlang.server.triggers.config import Auth, Schedule
from flowlang.server.triggers.credentials import Doorkeeper, Refused, sign
from flowlang.server.triggers.schedules import Timetable
from flowlang.testing.clock import VirtualLoop, run_virtually
from tests.server.conftest import Serve

FLOW = """
flow: Hooked
triggers:
{}
inputs: [{{name: order, required: false}}]
steps: [{{exit: {{outputs: {{order: '${{inputs.order}}'}}}}}}]
"""


def hosted(folder: Path, triggers: str) -> tuple[Hosting, Executions]:
    (folder / "flowlang.yaml").touch()
    (folder / "flow.yaml").write_text(FLOW.format(triggers))
    hosting = Hosting(folder)
    hosting.load()
    assert not hosting.problems
    return hosting, Executions(100)


def test_a_webhook_starts_its_flow_for_whoever_has_the_key(serve: Serve, tmp_path: Path) -> None:
    hosted(
        tmp_path,
        "  - webhook: {path: /hooks/order, wait: true, auth: {type: hmac, secret: '${env.HOOK_SECRET}'}}\n"
        "  - webhook: {path: /hooks/later, auth: {type: api_key, key: '${env.HOOK_KEY}'}}\n"
        "  - webhook: {path: /hooks/bearer, auth: {type: bearer, token: '${env.HOOK_KEY}'}}",
    )
    served = serve(env={"HOOK_SECRET": "s3cret", "HOOK_KEY": "k3y", "FLOWLANG_SERVER_TOKEN": "other"})
    body = json.dumps({"order": 7}).encode()
    post = served.client.post
    headers = sign("s3cret", time.time(), body)
    first = post("/hooks/order", content=body, headers=headers)
    assert (first.status_code, first.json()["outputs"]["order"]) == (200, 7)
    assert post("/hooks/order", content=body, headers=headers).json()["detail"] == "the signature was used before"
    for wrong in (
        {},
        sign("other", time.time(), body),
        sign("s3cret", time.time() - 3600, body),
        {"X-Signature": "sha256="},
    ):
        assert post("/hooks/order", content=body, headers=wrong).status_code == 401
    assert post("/hooks/order", content=b"{}", headers=sign("s3cret", time.time(), body)).status_code == 401
    later = post("/hooks/later", content=body, headers={"X-API-Key": "k3y"})
    assert later.status_code == 202
    assert post("/hooks/later", content=body, headers={"X-API-Key": "key"}).status_code == 401
    assert post("/hooks/bearer", content=b"[1]", headers={"Authorization": "Bearer k3y"}).status_code == 202
    assert post("/hooks/bearer", headers={"Authorization": "Bearer other"}).status_code == 401
    abroad = {"Host": "shop.example", "Origin": "https://shop.example", "X-API-Key": "k3y"}
    assert post("/hooks/later", content=body, headers=abroad).status_code == 202
    assert served.client.get("/hooks/later").status_code == 405


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ("webhook: {auth: {type: api_key}}", "`key` names a variable of the environment"),
        ("webhook: {auth: {type: api_key, key: written-out}}", "`key` names a variable of the environment"),
        ("webhook: {auth: {type: bearer, token: '${env.NOT_SET_ANYWHERE}'}}", "no `NOT_SET_ANYWHERE`"),
        ("webhook: {path: /x}", "a webhook needs `auth`"),
        ("webhook: {path: /flows/Hooked/execute, auth: {}}", "one of the server's own"),
        ("webhook: {path: /, auth: {}}", "one of the server's own"),
        ("webhook: {auth: {type: basic}}", "one of api_key, bearer, hmac"),
        ("webhook: {auth: {type: hmac, secret: '${env.HOME}', algorithm: md5}}", "`algorithm` is one of"),
        ("webhook: {pathh: /x, auth: {}}", "did you mean `path`"),
        ("schedule: {cron: '61 * * * *'}", "`cron` has five fields"),
        ("schedule: {cron: '* * * * *', timezone: Mars/Olympus}", "no time zone `Mars/Olympus`"),
        ("schedule: {cron: '* * * * *', max_instances: 0}", "a whole number from 1"),
        ("schedule: {cron: '* * * * *', missed: never}", "`missed` is one of"),
        ("timer: {}", "a trigger is a map with one key"),
    ],
)
def test_a_trigger_that_cannot_work_keeps_the_server_from_starting(tmp_path: Path, trigger: str, said: str) -> None:
    triggers = Triggers(*hosted(tmp_path, f"  - {trigger}"))
    with pytest.raises(ConfigurationError, match=r"flow\.yaml:\d+:\d+: ") as refused:
        triggers.load()
    assert said in str(refused.value)


def test_two_webhooks_cannot_have_one_path(tmp_path: Path) -> None:
    hook = "  - webhook: {path: /x, auth: {type: bearer, token: '${env.HOME}'}}"
    with pytest.raises(ConfigurationError, match="has a webhook at /x already"):
        Triggers(*hosted(tmp_path, f"{hook}\n{hook}")).load()


def test_a_signature_is_good_once_and_for_a_while() -> None:
    now = 1_000_000.0
    doorkeeper = Doorkeeper(Auth("hmac", "secret", "x-signature", "x-timestamp"), lambda: now)

    def given(at: float, body: bytes = b"x") -> dict[str, str]:
        return {name.lower(): value for name, value in sign("secret", at, body).items()}

    doorkeeper.check(given(now), b"x")
    doorkeeper.check(given(now + 1), b"x")
    for headers, said in (
        (given(now), "used before"),
        (given(now - 301), "too old"),
        (given(now + 301), "from the future"),
        (given(float("nan")), "too old"),
        ({**given(now), "x-timestamp": "soon"}, "wrong"),
    ):
        with pytest.raises(Refused, match=said):
            doorkeeper.check(headers, b"x")
    now += 10_000
    doorkeeper.check(given(now), b"x")


def test_times_are_those_of_the_time_zone_also_when_clocks_change() -> None:
    schedule = Schedule("F", "30 2 * * *", "Europe/Berlin")
    table = Timetable(schedule, datetime(2026, 10, 23, tzinfo=UTC))
    assert [time.isoformat() for time in table.upcoming(3)] == [
        "2026-10-23T00:30:00+00:00",
        "2026-10-24T00:30:00+00:00",
        "2026-10-25T00:30:00+00:00",
    ]


def times(cron: str, day: datetime, *restarts: datetime) -> list[str]:
    """What is started on a day in Berlin, of a server that looks every ten seconds and is restarted at some moments."""
    begins = [day, *restarts]
    started = []
    for begin, end in zip(begins, [*restarts, day + timedelta(days=1)], strict=True):
        table = Timetable(Schedule("F", cron, "Europe/Berlin"), begin)
        now = begin
        while now < end:
            now = min(now + timedelta(seconds=10), end)
            started += [time.astimezone(table.schedule.zone).strftime("%H:%M%z") for time in table.due(now)]
    return started


AUTUMN, SPRING = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "in_spring", "in_autumn"),
    [
        ("30 2 * * *", ["03:00+0200"], ["02:30+0200"]),
        ("0 2 * * 0", ["03:00+0200"], ["02:00+0200"]),
        ("0 3 * * *", ["03:00+0200"], ["03:00+0100"]),
        ("0 22 * * *", ["22:00+0200"], ["22:00+0100"]),
    ],
)
def test_a_daily_schedule_is_neither_doubled_nor_missed_when_clocks_change(
    cron: str, in_spring: list[str], in_autumn: list[str]
) -> None:
    assert times(cron, SPRING) == in_spring
    assert times(cron, AUTUMN) == in_autumn


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25)])
def test_a_schedule_of_every_half_hour_keeps_its_distance_when_clocks_change(day: datetime, hours: int) -> None:
    begin = day - timedelta(seconds=1)
    table = Timetable(Schedule("F", "*/30 * * * *", "Europe/Berlin"), begin)
    assert table.upcoming(2 * hours) == [day + timedelta(minutes=30 * n) for n in range(2 * hours)]


@pytest.mark.parametrize("minutes", [149, 150, 151, 180, 195, 209, 211, 239, 241])
def test_a_restart_in_the_hour_that_is_repeated_doubles_nothing(minutes: int) -> None:
    assert times("30 2 * * *", AUTUMN, AUTUMN + timedelta(minutes=minutes)) == ["02:30+0200"]
    halves = times("*/30 * * * *", AUTUMN, AUTUMN + timedelta(minutes=minutes))
    assert halves == times("*/30 * * * *", AUTUMN)


@pytest.mark.parametrize(("missed", "started"), [("skip", 1), ("once", 1), ("all", 4)])
def test_times_that_were_missed_are_made_up_for_as_the_schedule_says(missed: str, started: int) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    table = Timetable(Schedule("F", "0 * * * *", missed=missed), begin)  # type: ignore[arg-type]
    assert table.due(begin + timedelta(minutes=59)) == []
    assert len(table.due(begin + timedelta(hours=4, seconds=1))) == started
    assert len(table.due(begin + timedelta(hours=6, minutes=30))) == {"skip": 0, "once": 1, "all": 2}[missed]
    assert table.next == begin + timedelta(hours=7)


def test_a_clock_that_jumps_a_year_ahead_doesnt_start_a_flow_a_thousand_times() -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    table = Timetable(Schedule("F", "* * * * *", missed="all"), begin)
    assert len(table.due(begin + timedelta(days=365))) <= 101
    assert table.next == begin + timedelta(days=365, minutes=1)


def test_a_schedule_starts_its_flow_when_it_is_due(tmp_path: Path) -> None:
    hosting, executions = hosted(
        tmp_path, "  - schedule: {cron: '30 6 * * *', timezone: Europe/Berlin, inputs: {order: daily}}"
    )

    async def three_days() -> list[str]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        begin = datetime(2026, 1, 1, tzinfo=UTC).timestamp() - loop.time()
        triggers = Triggers(hosting, executions, lambda: begin + loop.time())
        triggers.load()
        keeping = asyncio.ensure_future(triggers.keep_time())
        await asyncio.sleep(3 * 86400)
        keeping.cancel()
        runs = executions.list()
        assert all(run.status == "terminated" for run in runs)
        assert all(run.result is not None and run.result["order"] == "daily" for run in runs)
        return [run.events[0]["inputs"]["_schedule"]["due"] for run in runs]

    assert run_virtually(three_days()) == [f"2026-01-0{day}T05:30:00+00:00" for day in (3, 2, 1)]


def test_a_run_that_goes_on_keeps_the_next_from_being_started(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(
        "import asyncio\nfrom flowlang import TaskRegistry\n\ndef create_task_registry():\n"
        "    registry = TaskRegistry()\n\n    @registry.register('Sleep')\n    async def sleep():\n"
        "        await asyncio.sleep(150)\n\n    return registry\n"
    )
    (tmp_path / "flowlang.yaml").touch()
    (tmp_path / "flow.yaml").write_text(
        "flow: Slow\ntriggers: [{schedule: {cron: '* * * * *'}}]\nsteps: [{task: Sleep}]\n"
    )
    hosting, executions = Hosting(tmp_path), Executions(100)
    hosting.load()

    async def ten_minutes() -> int:
        loop = asyncio.get_running_loop()
        begin = datetime(2026, 1, 1, tzinfo=UTC).timestamp() - loop.time()
        triggers = Triggers(hosting, executions, lambda: begin + loop.time())
        triggers.load()
        keeping = asyncio.ensure_future(triggers.keep_time())
        await asyncio.sleep(601)
        keeping.cancel()
        await executions.stop(0)
        return len(executions.list())

    assert run_virtually(ten_minutes()) == 4


def test_the_triggers_of_the_documentation_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "server.md").read_text(encoding="utf-8")
    example = page.split("# in flow.yaml\ntriggers:\n", 1)[1].split("```", 1)[0]
    monkeypatch.setenv("HOOK_SECRET", "x")
    Triggers(*hosted(tmp_path, example)).load()
