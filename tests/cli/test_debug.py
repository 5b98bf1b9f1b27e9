"""`flowlang debug` as a person uses it: with commands typed one after the other, and on a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.conftest import ENVIRONMENT, Command, Ran, write

TASKS = """\
import asyncio
from pathlib import Path

from flowlang import TaskRegistry


def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Ship")
    async def ship(order: int):
        if order > 90:
            raise ValueError(f"order {order} is too big")
        return {"label": f"L{order}"}

    @registry.register("Mark")
    def mark(name: str):
        Path(name).touch()

    @registry.register("Spin")
    async def spin():
        Path("spinning").touch()
        while not Path("enough").exists():
            await asyncio.sleep(0.01)

    return registry
"""
FLOW = """\
flow: orders
inputs:
  - {name: numbers, type: array, default: [1, 2, 3]}
steps:
  - for_each: ${inputs.numbers}
    id: each
    as: number
    do:
      - task: Ship
        id: ship
        inputs: {order: "${number}"}
  - task: Ship
    id: last
    inputs: {order: 10}
on_cancel:
  - {task: Mark, inputs: {name: cancelled}}
outputs:
  label: ${last.label}
"""

Debug = Callable[..., Ran]


@pytest.fixture
def orders(project: Path) -> Path:
    write(project / "flow.py", TASKS)
    return write(project / "orders.yaml", FLOW)


@pytest.fixture
def debug(flowlang: Command, orders: Path) -> Debug:
    """Debugs the flow with these lines typed."""

    def call(*lines: str, options: tuple[str, ...] = (), flow: Path = orders) -> Ran:
        return flowlang("debug", flow, *options, stdin="".join(f"{line}\n" for line in lines))

    return call


def stops(ran: Ran) -> list[str]:
    """The paths of the steps at which the run stood, in order."""
    return re.findall(r"^\S+\.yaml:\d+ (\S+)  (?:before|after|where|between)", ran.stdout, re.MULTILINE)


def test_without_a_breakpoint_it_stops_before_the_first_step_and_goes_on_step_by_step(debug: Debug) -> None:
    ran = debug("next", "n", "continue")
    assert stops(ran) == ["each", "last"]
    assert ran.returncode == 0
    assert "orders succeeded" in ran.stdout
    assert "label: L10" in ran.stdout


def test_stepping_in_and_out_of_a_loop(debug: Debug) -> None:
    assert stops(debug("step", "step", "out", "continue")) == ["each", "each[0]/ship", "each[1]/ship", "last"]


def test_a_stop_shows_the_text_around_it_and_what_can_be_done(debug: Debug) -> None:
    ran = debug("continue", options=("--break", "last"))
    shown = [line.split() for line in ran.stdout.splitlines()]
    assert ["●→", "12", "-", "task:", "Ship"] in shown
    assert 'inputs {"order": 10}' in ran.stdout
    assert "skip, give" in ran.stdout


@pytest.mark.parametrize(
    ("breakpoint", "expected"),
    [
        (("last",), ["last"]),
        (("orders.yaml:10",), ["each[0]/ship", "each[1]/ship", "each[2]/ship"]),
        (("each/ship if number == 2",), ["each[1]/ship"]),
        (("ship after", "--condition", "result.label == 'L3'"), ["each[2]/ship"]),
        (("ship hits every 2",), ["each[1]/ship"]),
        (("ship log number ${number}", "--break", "last"), ["last"]),
    ],
)
def test_breakpoints_of_the_call(debug: Debug, breakpoint: tuple[str, ...], expected: list[str]) -> None:
    ran = debug("c", "c", "c", options=("--break", *breakpoint))
    assert stops(ran) == expected
    assert ran.returncode == 0
    assert ("number 3" in ran.stderr) == ("log" in breakpoint[0])


@pytest.mark.parametrize(
    ("breakpoint", "message"),
    [
        ("shp", "did you mean `ship`?"),
        ("other.yaml:3", "reads no file other.yaml"),
        ("orders.yaml:99", "no step at line 99"),
        ("ship if number ==", "can't work"),
        ("ship nonsense", "no breakpoint"),
    ],
)
def test_a_breakpoint_that_cannot_work_is_told_before_anything_runs(
    debug: Debug, breakpoint: str, message: str
) -> None:
    ran = debug(options=("--break", breakpoint))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert message in ran.stderr


def test_expressions_are_evaluated_where_the_run_stands(debug: Debug) -> None:
    ran = debug(
        "print number * 2", "p ${inputs.numbers | length} orders", "scope", "where", options=("--break", "ship")
    )
    assert "\n2\n" in ran.stdout
    assert "\n3 orders\n" in ran.stdout
    assert re.search(r"number, 1 of 3\n  number +1", ran.stdout)
    assert re.search(r"each +for_each +1 of 3 +orders.yaml:5", ran.stdout)


def test_a_mistake_at_the_prompt_is_told_and_loses_nothing(debug: Debug) -> None:
    ran = debug("prnt 1", "print nothing.there", "set x", "until nowhere", "commit", "", "# a note", "give 7", "c")
    for message in ("did you mean `print`?", "`nothing`", "write NAME = VALUE", "no step `nowhere`", "makes no sense"):
        assert message in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr
    assert stops(ran) == ["each", "last"]
    assert ran.returncode == 0


def test_values_and_arguments_are_changed_and_a_result_is_given_by_hand(debug: Debug) -> None:
    ran = debug(
        "set inputs.numbers = [7]",
        "step",
        "arg order = number + 1",
        "next",
        "p ship.label",
        'give {"label": "by hand"}',
        options=(),
    )
    assert "\nL8\n" in ran.stdout
    assert "label: by hand" in ran.stdout


def test_it_stops_where_a_step_fails_and_the_step_is_run_again_with_another_argument(debug: Debug) -> None:
    ran = debug("arg order = 9", "again", "changes", "c", options=("--input", "numbers=[99]", "--break", "last"))
    assert "ValueError order 99 is too big" in ran.stdout
    assert stops(ran) == ["each[0]/ship", "last"]
    assert re.search(r"1  input +each\[0\]/ship +order\n2  again", ran.stdout)
    assert ran.returncode == 0


def test_errors_are_passed_through_if_that_is_asked_for(debug: Debug) -> None:
    ran = debug(options=("--input", "numbers=[99]", "--break", "last", "--through-errors"))
    assert stops(ran) == []
    assert ran.returncode == 1
    assert "order 99 is too big" in ran.stdout


def test_breakpoints_are_kept_with_the_project_and_forgotten(debug: Debug, project: Path) -> None:
    assert stops(debug("break last", "c", "c")) == ["each", "last"]
    kept = json.loads((project / ".flowlang" / "breakpoints.json").read_text())["breakpoints"]
    assert [(point["step"], point["flow"]) for point in kept] == [("last", "orders.yaml")]
    ran = debug("break", "clear 1", "clear 5", "c")
    assert stops(ran) == ["last"]
    assert "no breakpoint 5" in ran.stdout
    assert json.loads((project / ".flowlang" / "breakpoints.json").read_text())["breakpoints"] == []


def test_a_breakpoint_has_the_number_that_the_list_shows(debug: Debug) -> None:
    ran = debug("break last", "break", "clear 1", "c")
    assert re.findall(r"^1  last", ran.stdout, re.MULTILINE) == ["1  last", "1  last"]
    assert "forgotten: last" in ran.stdout


def test_the_end_of_the_input_cancels_the_run_with_its_handlers(debug: Debug, project: Path) -> None:
    ran = debug("step")
    assert ran.returncode == 130
    assert "orders was cancelled" in ran.stdout
    assert (project / "cancelled").exists()


def test_quit_cancels_too_and_detach_runs_to_the_end(debug: Debug) -> None:
    assert debug("quit", "c").returncode == 130
    ran = debug("detach", options=("--break", "ship"))
    assert (ran.returncode, stops(ran)) == (0, ["each[0]/ship"])


def test_a_flow_that_cannot_run_is_refused(debug: Debug, project: Path) -> None:
    broken = write(project / "broken.yaml", "flow: broken\nsteps:\n  - task: Nothing\n")
    ran = debug(flow=broken)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "broken.yaml:3" in ran.stderr


def test_inside_a_transaction_a_query_sees_what_is_not_committed(flowlang: Command, project: Path) -> None:
    flow = write(
        project / "moves.yaml",
        """\
        flow: moves
        connections:
          db: {type: sqlite, database: moves.db}
        steps:
          - sqlite_execute: {id: create, query: CREATE TABLE moves (amount INTEGER)}
          - sqlite_transaction:
              id: move
              queries:
                - {query: INSERT INTO moves VALUES (12)}
                - {query: INSERT INTO moves VALUES (-12)}
          - sqlite_query: {id: rest, query: SELECT amount FROM moves}
        outputs:
          rest: ${rest.rows}
        """,
    )
    lines = ["next", "step", "next", "query SELECT sum(amount) AS total FROM moves", "commit"]
    ran = flowlang("debug", flow, "--break", "create", stdin="\n".join([*lines, "c", "c"]))
    assert "open transaction before statement 2 of 2, rolled back in" in ran.stdout
    assert re.search(r"total\n─+\n +12\n1 row, in the open transaction", ran.stdout)
    assert re.search(r"rest:\n +amount\n +─+\n +12$", ran.stdout.rstrip())
    assert ran.returncode == 0


def test_walking_back_shows_what_was_and_changes_nothing(debug: Debug) -> None:
    lines = ["back", "p number", "p result.label", "next", "back each", "forward", "now", "p number", "c"]
    ran = debug(*lines, options=("--break", "ship hits 3"))
    assert "each[1]/ship  step 3 of 3, succeeded" in ran.stdout
    assert re.search(r"\(debug, back at step 3\) p number\n2\n", ran.stdout)
    assert "\nL2\n" in ran.stdout
    assert "`now` looks at the present again" in ran.stdout
    assert re.search(r"flowlang runs rerun \S+ --from 'each\[1\]/ship'", ran.stdout)
    assert "each  step 1 of 3" in ran.stdout
    assert "\n(debug) p number\n3\n" in ran.stdout
    assert ran.returncode == 0


def test_without_a_record_there_is_no_way_back(debug: Debug) -> None:
    ran = debug("back", "c", options=("--no-journal",))
    assert "this run is not recorded" in ran.stdout
    assert ran.returncode == 0


def test_a_run_that_was_left_says_how_it_is_gone_on_with(debug: Debug) -> None:
    ran = debug("next", "quit")
    assert re.search(r"What is left of it runs with: flowlang runs resume \S+\n", ran.stderr)


def test_a_change_is_written_into_the_file_and_no_comment_is_lost(debug: Debug, orders: Path) -> None:
    orders.write_text(orders.read_text().replace("{order: 10}", "{order: 99}  # the last one"))
    ran = debug("arg order = 11", "accept 1", "accept 2", "again", options=("--break", "last after"))
    assert "written into orders.yaml" in ran.stdout
    assert "there is no change 2" in ran.stdout
    assert "{order: 11}  # the last one" in orders.read_text()
    assert "L11" in ran.stdout


class Terminal:
    """The command on a terminal of its own, as a person sits before it."""

    def __init__(self, project: Path, *arguments: str, **more: str) -> None:
        self._master, slave = pty.openpty()
        environment = ENVIRONMENT | {"TERM": "xterm-256color", "NO_COLOR": "1"} | more
        command = [sys.executable, "-m", "flowlang", "debug", *arguments]
        self.process = subprocess.Popen(
            command, cwd=project, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self.shown = ""
        self._seen = 0

    def wait_for(self, text: str) -> None:
        """Read on until `text` comes, behind what was waited for before."""
        while (found := self.shown.find(text, self._seen)) < 0:
            ready, _, _ = select.select([self._master], [], [], 60)
            assert ready, f"{text!r} never came:\n{self.shown}"
            self.shown += os.read(self._master, 65536).decode(errors="replace")
        self._seen = found + len(text)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def interrupt_until(self, text: str) -> None:
        """Send Ctrl+C's signal until `text` comes: the library that reads lines misses one while it takes a key."""
        while text not in self.shown[self._seen :]:
            self.process.send_signal(signal.SIGINT)
            # a second one too soon after it would end the program
            while text not in self.shown[self._seen :] and select.select([self._master], [], [], 3)[0]:
                self.shown += os.read(self._master, 65536).decode(errors="replace")
        self._seen = len(self.shown)

    def end(self) -> int:
        """Wait for the end; the exit code."""
        try:
            while chunk := os.read(self._master, 65536):
                self.shown += chunk.decode(errors="replace")
        # how Linux says that the other end is closed
        except OSError:
            pass
        return self.process.wait()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


OnTerminal = Callable[..., Terminal]


@pytest.fixture
def on_terminal(project: Path) -> Iterator[OnTerminal]:
    """Starts `flowlang debug` on a terminal."""
    with ExitStack() as open_terminals:

        def start(*arguments: str, **more: str) -> Terminal:
            terminal = Terminal(project, *arguments, **more)
            open_terminals.callback(terminal.close)
            return terminal

        yield start


def test_on_a_terminal_tab_completes_and_an_empty_line_repeats(orders: Path, on_terminal: OnTerminal) -> None:
    terminal = on_terminal("orders.yaml")
    terminal.wait_for("(debug) ")
    terminal.type("unt\tsh\t\n")
    terminal.wait_for("(debug) ")
    assert "each[0]/ship" in terminal.shown
    terminal.type("print num\t * 10\n")
    terminal.wait_for("\n10\r\n(debug) ")
    terminal.type("next\n")
    terminal.wait_for("(debug) ")
    terminal.type("\n")
    terminal.wait_for("(debug) ")
    assert "each[2]/ship" in terminal.shown
    terminal.type("\x04")
    assert terminal.end() == 130
    assert "orders was cancelled" in terminal.shown


def test_an_edited_text_is_taken_over(orders: Path, on_terminal: OnTerminal) -> None:
    project = orders.parent
    write(
        project / "edit.py",
        """\
        import sys
        from pathlib import Path

        flow = Path(sys.argv[1])
        flow.write_text(flow.read_text().replace("{order: 10}", "{order: 20}"))
        """,
    )
    editor = f"'{sys.executable}' edit.py"
    terminal = on_terminal("orders.yaml", "--break", "last", EDITOR=editor, VISUAL="")
    terminal.wait_for("(debug) ")
    terminal.type("edit\n")
    terminal.wait_for("`redo` runs the step with the new text.")
    terminal.wait_for("(debug) ")
    terminal.type("redo\n")
    assert terminal.end() == 0
    assert "new: last" in terminal.shown
    assert "label: L20" in terminal.shown


def test_ctrl_c_pauses_a_run_and_ends_a_line(orders: Path, on_terminal: OnTerminal) -> None:
    project = orders.parent
    write(
        project / "spin.yaml",
        """\
        flow: spinning
        steps:
          - {task: Spin, id: spin}
          - {task: Mark, id: mark, inputs: {name: marked}}
        """,
    )
    terminal = on_terminal("spin.yaml", "--break", "mark hits 9")
    while not (project / "spinning").exists():
        os.sched_yield()
    terminal.process.send_signal(signal.SIGINT)
    terminal.wait_for("Pausing at the next step")
    (project / "enough").touch()
    terminal.wait_for("(debug) ")
    assert "mark  before it runs, paused" in terminal.shown
    terminal.type("never mind")
    terminal.wait_for("never mind")
    terminal.interrupt_until("(debug) ")
    terminal.type("print 1 + 1\n")
    terminal.wait_for("(debug) ")
    terminal.process.terminate()
    assert terminal.end() == 130
    assert not (project / "marked").exists()
