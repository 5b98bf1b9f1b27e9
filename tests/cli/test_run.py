from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import ENVIRONMENT, Command, write

FAILING = """\
flow: failing
steps:
  - Charge:
      id: charge
      retry: {max_attempts: 2, delay: 0}
      amount: 12
  - Charge:
      id: after
      amount: 1
"""
CHARGE = """\
from flowlang import TaskRegistry


def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Charge")
    def charge(amount: int):
        print("charging", amount)
        try:
            raise OSError("no route")
        except OSError as error:
            raise ValueError("the card was refused\\x1b[2J") from error

    return registry
"""


@pytest.fixture
def failing(project: Path) -> Path:
    write(project / "flow.py", CHARGE)
    return write(project / "failing.yaml", FAILING)


def test_a_run_prints_its_result_as_json_when_nobody_looks(flowlang: Command, hello: Path) -> None:
    ran = flowlang("run", hello)
    assert ran.returncode == 0
    result = json.loads(ran.stdout)
    assert result["outputs"] == {"greeting": "hello world", "times": 1}
    assert result["status"] == "succeeded"
    assert "hello succeeded in" in ran.stderr


def test_flowlang_tui_with_run_is_the_same_command(flowlang: Command, hello: Path) -> None:
    for arguments in (["--run", hello, "--quiet"], ["--quiet", f"--run={hello}"]):
        ran = flowlang(*arguments, module="flowlang_tui")
        assert (ran.returncode, ran.stderr) == (0, "")
        assert json.loads(ran.stdout)["outputs"]["greeting"] == "hello world"


def test_flowlang_tui_without_a_terminal_says_what_it_can_do(flowlang: Command) -> None:
    ran = flowlang(module="flowlang_tui")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "this is no terminal" in ran.stderr
    assert "--run FLOW" in ran.stderr


def test_a_folder_runs_its_flow(flowlang: Command, hello: Path) -> None:
    ran = flowlang("run", hello.parent)
    assert json.loads(ran.stdout)["flow"] == "hello"


def test_a_folder_with_several_flows_runs_none_and_lists_them(flowlang: Command, hello: Path) -> None:
    write(hello.parent / "other.yaml", "flow: other\nsteps: [exit]\n")
    ran = flowlang("run", ".")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "hello.yaml" in ran.stderr
    assert "other.yaml" in ran.stderr


def test_an_input_is_read_as_its_declared_type(flowlang: Command, hello: Path) -> None:
    ran = flowlang("run", hello, "--input", "times=7", "--input", "name=7")
    assert json.loads(ran.stdout)["outputs"] == {"greeting": "hello 7", "times": 7}


def test_an_input_of_the_command_line_overrides_the_file(flowlang: Command, hello: Path) -> None:
    write(hello.parent / "in.json", '{\n\t"name": "file",\n\t"times": 3\n}')
    ran = flowlang("run", hello, "--inputs", "in.json", "--input", "name=a=b")
    assert json.loads(ran.stdout)["outputs"] == {"greeting": "hello a=b", "times": 3}


def test_inputs_come_from_yaml_and_from_stdin_too(flowlang: Command, hello: Path) -> None:
    write(hello.parent / "in.yml", "name: yaml\n")
    assert json.loads(flowlang("run", hello, "--inputs", "in.yml").stdout)["outputs"]["greeting"] == "hello yaml"
    ran = flowlang("run", hello, "--inputs", "-", stdin='{"name": "stdin"}')
    assert json.loads(ran.stdout)["outputs"]["greeting"] == "hello stdin"


def test_without_declared_inputs_json_is_json_and_the_rest_is_text(flowlang: Command, project: Path) -> None:
    flow = write(project / "any.yaml", "flow: any\nsteps: [exit: {outputs: {got: '${inputs}'}}]\n")
    ran = flowlang("run", flow, *(f"--input={pair}" for pair in ("a=1", "b=[1, 2]", "c=hi", "d=NaN", "e=007", "f=")))
    assert json.loads(ran.stdout)["outputs"]["got"] == {
        "a": 1,
        "b": [1, 2],
        "c": "hi",
        "d": "NaN",
        "e": "007",
        "f": "",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--input", "times=7.5"], "times"),
        (["--input", "nmae=x"], "name"),
        (["--input", "name"], "KEY=VALUE"),
        (["--inputs", "gone.json"], "gone.json cannot be read"),
        (["--timeout", "soon"], "`soon` is no duration"),
        (["--output", "pdf"], "invalid choice: 'pdf'"),
        (["--tasks-file", "gone.py"], "--tasks-file: there is no file gone.py"),
        (["--env-file", "gone.env"], "--env-file: there is no file gone.env"),
        (["--output-file", "no/such/folder/result"], "no/such/folder/result cannot be written"),
        (["--output-file", "."], ". is a folder"),
        (["--speed", "9"], "unrecognized arguments: --speed 9"),
    ],
)
def test_a_call_that_cannot_work_ends_with_2_and_a_sentence(
    flowlang: Command, hello: Path, arguments: list[str], said: str
) -> None:
    ran = flowlang("run", hello, *arguments)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [("list.json", "[1]"), ("broken.json", '{"a": '), ("broken.yaml", "a: [1\nb: 2"), ("text.yaml", "hello")],
)
def test_an_inputs_file_that_holds_no_map_is_refused(flowlang: Command, hello: Path, name: str, text: str) -> None:
    write(hello.parent / name, text)
    ran = flowlang("run", hello, "--inputs", name)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert name in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a: [", b"- 1", b"[" * 100_000, b"\x00"])
def test_a_file_that_is_no_flow_ends_with_2_and_its_place(flowlang: Command, project: Path, content: bytes) -> None:
    (project / "bad.yaml").write_bytes(content)
    ran = flowlang("run", "bad.yaml")
    assert ran.returncode == 2
    assert "bad.yaml:" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that even root cannot read")
def test_a_file_that_cannot_be_read_ends_with_2(flowlang: Command) -> None:
    ran = flowlang("run", "/proc/self/mem")
    assert (ran.returncode, ran.stdout) == (2, "") or "diagnostics" in ran.stdout
    assert "/proc/self/mem" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_flow_that_is_not_there_ends_with_2(flowlang: Command) -> None:
    ran = flowlang("run", "gone.yaml")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "there is no file or folder gone.yaml" in ran.stderr


def test_an_invalid_flow_shows_every_problem_and_is_json_all_the_same(flowlang: Command, project: Path) -> None:
    write(project / "bad.yaml", "flow: bad\nsteps:\n  - exit: {reson: x}\n  - task: Nothing\n    idd: y\n")
    ran = flowlang("run", "bad.yaml")
    assert ran.returncode == 2
    assert "bad.yaml:3:" in ran.stderr
    assert "bad.yaml:5:" in ran.stderr
    assert "^^^" in ran.stderr
    result = json.loads(ran.stdout)
    assert result["success"] is False
    assert result["error_type"] == "FlowValidationError"
    assert {problem["line"] for problem in result["diagnostics"]} >= {3, 5}


def test_a_failure_ends_with_1_and_is_told_wholly(flowlang: Command, failing: Path) -> None:
    ran = flowlang("run", failing, "--output", "text")
    assert ran.returncode == 1
    for part in (
        "failing failed after",
        "ValueError",
        "the card was refused",
        "failing.yaml:3:",
        "step `charge`",
        "- Charge:",
        "amount: 12",
        "attempts",
        "OSError: no route",
    ):
        assert part in ran.stdout
    assert "\x1b" not in ran.stdout


def test_a_failure_is_on_stderr_too_unless_the_result_tells_it(flowlang: Command, failing: Path) -> None:
    ran = flowlang("run", failing, "--quiet")
    assert json.loads(ran.stdout)["error"]["step"] == "charge"
    assert "the card was refused" in ran.stderr
    assert "\x1b" not in ran.stderr
    assert "failed after" not in ran.stderr


def test_what_tasks_print_never_reaches_stdout(flowlang: Command, failing: Path) -> None:
    ran = flowlang("run", failing)
    assert "charging 12" in ran.stderr
    assert "charging" not in ran.stdout


def test_events_are_one_object_a_line(flowlang: Command, failing: Path) -> None:
    ran = flowlang("run", failing, "--output", "events")
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "flow_started"
    assert {"step_started", "step_retrying", "step_failed", "flow_failed"} <= {event["type"] for event in events}


def test_junit_has_a_case_for_each_step(flowlang: Command, failing: Path) -> None:
    ran = flowlang("run", failing, "--output", "junit")
    (suite,) = ElementTree.fromstring(ran.stdout)
    assert {case.get("name"): [child.tag for child in case] for case in suite} == {"charge": ["failure"]}


def test_junit_of_an_invalid_flow_is_an_error(flowlang: Command, project: Path) -> None:
    write(project / "bad.yaml", "flow: bad\nsteps: [task: Nothing]\n")
    ran = flowlang("run", "bad.yaml", "--output", "junit")
    assert ran.returncode == 2
    assert ElementTree.fromstring(ran.stdout).find("testsuite/testcase/error") is not None


def test_an_output_file_is_whole_and_stdout_stays_empty(flowlang: Command, hello: Path) -> None:
    out = hello.parent / "result.json"
    out.write_text("what was there before, and longer than" + " what comes" * 1000)
    out.chmod(0o640)
    ran = flowlang("run", hello, "--output-file", out.name)
    assert ran.stdout == ""
    assert "the result is in result.json" in ran.stderr
    assert json.loads(out.read_text())["success"] is True
    assert out.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in hello.parent.iterdir() if "part" in path.name] == []


def test_a_refused_call_leaves_the_output_file_alone(flowlang: Command, hello: Path) -> None:
    out = hello.parent / "result.json"
    out.write_text("before")
    assert flowlang("run", hello, "--output-file", out.name, "--input", "x").returncode == 2
    assert out.read_text() == "before"
    assert [path.name for path in hello.parent.iterdir() if "part" in path.name] == []


def test_an_exit_is_a_success_with_its_reason(flowlang: Command, hello: Path) -> None:
    ran = flowlang("run", hello, "--input", "times=101")
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["status"] == "terminated"
    assert "too often" in ran.stderr


def test_a_missing_variable_ends_with_2_and_its_name(flowlang: Command, project: Path) -> None:
    flow = write(project / "env.yaml", "flow: env\nsteps: [exit: {outputs: {a: '${env.NOBODY_SET_THIS}'}}]\n")
    ran = flowlang("run", flow)
    assert ran.returncode == 2
    assert "NOBODY_SET_THIS" in ran.stderr
    write(project / "more.env", "NOBODY_SET_THIS=now somebody did\n")
    ran = flowlang("run", flow, "--env-file", "more.env")
    assert json.loads(ran.stdout)["outputs"]["a"] == "now somebody did"


def test_a_connection_that_cannot_be_opened_ends_with_3(flowlang: Command, project: Path) -> None:
    (project / "in the way").write_text("a file where a folder is needed")
    flow = write(
        project / "db.yaml",
        """\
        flow: db
        connections:
          shop: {type: sqlite, database: in the way/shop.db}
        steps:
          - sqlite_query: {query: select 1}
        """,
    )
    ran = flowlang("run", flow)
    assert ran.returncode == 3, ran.stderr
    assert "shop" in ran.stderr


def test_the_timeout_of_the_call_fails_the_run(flowlang: Command, project: Path) -> None:
    write(
        project / "flow.py",
        """\
        import asyncio

        from flowlang import TaskRegistry


        def create_task_registry():
            registry = TaskRegistry()

            @registry.register("Wait")
            async def wait():
                await asyncio.Event().wait()

            return registry
        """,
    )
    write(project / "flow.yaml", "flow: slow\nsteps: [task: Wait]\n")
    ran = flowlang("run", ".", "--timeout", "100ms")
    assert ran.returncode == 1
    assert json.loads(ran.stdout)["error_type"] == "StepTimeoutError"


def test_a_broken_tasks_file_is_told_with_its_place(flowlang: Command, hello: Path) -> None:
    write(hello.parent / "flow.py", "def create_task_registry(:\n")
    ran = flowlang("run", hello)
    assert ran.returncode == 2
    assert "flow.py" in ran.stderr
    assert "line 1" in ran.stderr or ":1" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_reader_that_goes_away_ends_nothing_and_is_not_complained_about(project: Path, failing: Path) -> None:
    write(failing, "flow: loop\nsteps:\n  - for_each: ${range(20000)}\n    do:\n      - if: true\n        then: []\n")
    command = [sys.executable, "-m", "flowlang", "run", str(failing), "--output", "events"]
    with subprocess.Popen(
        command, cwd=project, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read().decode()
    assert process.returncode in (0, 2)
    assert "Traceback" not in said
    assert "Broken" not in said


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_a_run_with_closed_standard_streams_works(project: Path, hello: Path, closed: str) -> None:
    command = f'"{sys.executable}" -m flowlang run hello.yaml --output-file out.json {closed}'
    ran = subprocess.run(["bash", "-c", command], cwd=project, env=ENVIRONMENT, capture_output=True, text=True)
    assert ran.returncode == 0
    assert json.loads((project / "out.json").read_text())["success"] is True


def test_a_full_disk_is_told_and_fails(project: Path, hello: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    command = f'"{sys.executable}" -m flowlang run hello.yaml > /dev/full'
    ran = subprocess.run(["bash", "-c", command], cwd=project, env=ENVIRONMENT, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "the result could not be written" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_json_is_utf_8_whatever_the_locale(project: Path, hello: Path) -> None:
    command = [sys.executable, "-m", "flowlang", "run", "hello.yaml", "--input", "name=名前 👍"]
    environment = ENVIRONMENT | {"PYTHONIOENCODING": "ascii"}
    ran = subprocess.run(command, cwd=project, env=environment, capture_output=True)
    assert json.loads(ran.stdout.decode("utf-8"))["outputs"]["greeting"] == "hello 名前 👍"


def test_a_secret_is_masked_in_every_form(flowlang: Command, project: Path) -> None:
    flow = write(
        project / "secret.yaml",
        """\
        flow: secret
        inputs:
          - {name: pin, type: string, secret: true}
        steps:
          - exit: {status: failure, reason: "the pin is ${inputs.pin}", outputs: {pin: "${inputs.pin}"}}
        """,
    )
    for form in ("json", "text", "events", "junit"):
        ran = flowlang("run", flow, "--input", "pin=hunter2hunter2", "--output", form)
        assert ran.returncode == 1
        assert "hunter2" not in ran.stdout + ran.stderr


def test_what_tasks_log_is_told_unless_quiet(flowlang: Command, project: Path) -> None:
    write(
        project / "flow.py",
        """\
        from flowlang import TaskRegistry


        def create_task_registry():
            registry = TaskRegistry()

            @registry.register("Tell")
            async def tell(context):
                context.log("half way\\x1b[2J", "warning", done=3)
                context.log("only for machines", "debug")

            return registry
        """,
    )
    write(project / "flow.yaml", "flow: telling\nsteps: [{task: Tell, id: tell}]\n")
    ran = flowlang("run", ".")
    assert "warning: tell: half way␛[2J done=3\n" in ran.stderr
    assert "only for machines" not in ran.stderr
    assert flowlang("run", ".", "--quiet").stderr == ""
    assert "half way" not in flowlang("run", ".", "--output", "events").stderr
