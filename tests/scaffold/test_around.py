"""Scaffolding around a flow: what is missing is added, what is there stays byte for byte."""

from __future__ import annotations

import os
import random
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from flowlang import FlowValidationError
from flowlang.scaffold import ScaffoldError
from flowlang.scaffold.around import scaffold
from flowlang.scaffold.registered import written_in
from flowlang.scaffold.wanted import wanted_by

FLOW = """
flow: Orders
description: Books orders.
inputs:
  - {name: order_id, type: integer, description: Which one.}
connections:
  db: {type: postgres, url: '${env.DATABASE_URL}'}
steps:
  - pg_query: {id: find, query: 'SELECT 1'}
  - task: Price
    id: price
    inputs: {order: '${inputs.order_id}', rows: '${find.rows}', currency: EUR, exact: true}
  - task: Book
    id: book
    connection: db
    inputs: {total: '${price.total}', tax: '${price.tax}'}
    outputs: [booking]
  - subflow: notify
outputs: {booking: '${book.booking}'}
"""
NOTIFY = "flow: notify\nsteps: [{task: Mail, id: mail, inputs: {to: '${env.MAIL_TO}'}}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "notify.yaml").write_text(NOTIFY)
    return tmp_path


def test_the_flow_tells_the_parameters_and_results_of_its_tasks(folder: Path) -> None:
    wanted = wanted_by(folder / "flow.yaml")
    assert {name: (task.arguments, list(task.results)) for name, task in wanted.tasks.items()} == {
        "Price": ({"order": int, "rows": "${find.rows}", "currency": "EUR", "exact": True}, ["total", "tax"]),
        "Book": ({"total": "${price.total}", "tax": "${price.tax}", "connection": None}, ["booking"]),
        "Mail": ({"to": "${env.MAIL_TO}"}, []),
    }
    assert set(wanted.environment) == {"DATABASE_URL", "MAIL_TO"}


def test_a_new_folder_gets_everything_and_its_tests_pass(folder: Path) -> None:
    made = scaffold(folder / "flow.yaml", folder)
    assert set(made.files) == {
        "flow.py",
        "api.py",
        "tests/test_tasks.py",
        "tools/start_server.sh",
        "README.md",
        ".env.example",
        ".gitignore",
    }
    assert (made.implemented, made.tasks, made.added) == (0, ["Price", "Book", "Mail"], ["Price", "Book", "Mail"])
    made.write()
    assert os.access(folder / "tools" / "start_server.sh", os.X_OK)
    assert (folder / ".env.example").read_text() == "DATABASE_URL=\nMAIL_TO=\n"
    stub = (folder / "flow.py").read_text()
    assert "async def price(order: int, rows: Any, currency: str, exact: bool) -> dict[str, Any]:" in stub
    assert "async def book(total: Any, tax: Any, connection: Any)" in stub
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert "2 passed, 3 skipped" in done.stdout, done.stdout


def test_what_is_there_stays(folder: Path) -> None:
    (folder / "README.md").write_text("mine")
    (folder / "flow.py").write_text("# mine\ndef create_task_registry(): ...\n")
    made = scaffold(folder / "flow.yaml", folder, "scaffold")
    assert made.kept == ["flow.py", "README.md"]
    made.write()
    assert (folder / "README.md").read_text() == "mine"
    assert (folder / "flow.py").read_text().startswith("# mine")
    assert scaffold(folder / "flow.yaml", folder, "scaffold").files == {}


def test_update_adds_stubs_and_tells_what_no_flow_calls(folder: Path) -> None:
    scaffold(folder / "flow.yaml", folder).write()
    text = (folder / "flow.py").read_text()
    text = text.replace('@registry.stub("Price")', '@registry.register("Price")').replace(
        '        raise TaskNotImplementedError("the task Price is not written yet")', "        return {}  # at last"
    )
    (folder / "flow.py").write_text(text)
    (folder / "flow.yaml").write_text(FLOW.replace("task: Book", "task: Ship"))
    made = scaffold(folder / "flow.yaml", folder)
    assert list(made.files) == ["flow.py"]
    assert (made.added, made.vanished, made.implemented, len(made.tasks)) == (["Ship"], ["Book"], 1, 3)
    assert made.diff().startswith("--- a/flow.py\n+++ b/flow.py\n")
    made.write()
    after = (folder / "flow.py").read_text()
    assert "return {}  # at last" in after
    assert '@registry.stub("Book")' in after
    lines = iter(after.split("\n"))
    assert all(line in lines for line in text.split("\n")), "a line of the file was lost, or moved"


def test_a_flow_with_mistakes_is_refused_and_missing_tasks_are_none(folder: Path) -> None:
    (folder / "flow.yaml").write_text(FLOW.replace("${price.total}", "${prize.total}"))
    with pytest.raises(FlowValidationError, match="prize"):
        scaffold(folder / "flow.yaml", folder)


def test_a_tasks_file_that_cannot_be_read_says_where(folder: Path) -> None:
    (folder / "flow.py").write_text("def broken(:\n")
    with pytest.raises(ScaffoldError, match=r"flow\.py:1: "):
        scaffold(folder / "flow.yaml", folder)
    assert (folder / "flow.py").read_text() == "def broken(:\n"


def test_a_task_that_only_raises_is_not_written() -> None:
    written = written_in(
        "def create_task_registry():\n"
        "    @registry.register('A')\n    async def a():\n        '''Doc.'''\n        raise NotImplementedError\n"
        "    @registry.register('B')\n    async def b():\n        raise ValueError\n"
        "    @registry.stub('C')\n    async def c():\n        return 1\n"
    )
    assert written.tasks == {"A": 2, "B": 6, "C": 9}
    assert written.stubs == {"A", "C"}


PIECES = [
    "import os\n",
    "# a comment about nothing\n",
    "LIMIT = 3  # of them\n\n\n",
    "class Helper:\n    '''Help.'''\n\n    x = 1\n\n\n",
    "def helper(a, b=(1,\n           2)):\n    return a\n\n\n",
    "TEXT = '''\n@registry.register(\"NotOne\")\n'''\n",
    "if os.environ.get('X'):\n    LIMIT = 4\n",
    "\n\n\n",
    "async def outer():\n    # only a comment\n    pass\n\n\n",
]
TASKS = [
    "    @registry.register('T{0}')\n    async def t{0}(a, *, b=None):  # odd\n        return {{'x': a}}\n\n",
    "    @registry.register(\n        'T{0}',\n        description='on lines',\n    )\n"
    "    def t{0}(**rest):\n        return rest\n",
    "\n    registry.register('T{0}')(helper)\n",
    "    @registry.stub('T{0}')\n    async def t{0}():\n        raise NotImplementedError\n\n    # after it\n\n",
]


@pytest.mark.parametrize("seed", range(50))
def test_update_loses_nothing_of_files_edited_by_hand(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    before = "".join(chance.choices(PIECES, k=chance.randint(0, 6)))
    tasks = "".join(chance.choice(TASKS).format(number) for number in range(chance.randint(0, 5)))
    helper = "import os\n\n\ndef helper():\n    return {}\n\n\n"
    text = (
        f"{helper}{before}from flowlang import TaskRegistry\n\n\n"
        f"def create_task_registry():\n    registry = TaskRegistry()\n{tasks}    return registry\n"
        + chance.choice(["", "\n\n# the end", "\n\nLAST = 1\n"])
    )
    if chance.random() < 0.3:
        text = text.replace("\n", "\r\n")
    compile(text, "flow.py", "exec")
    steps = "".join(f"  - task: T{number}\n" for number in range(8))
    (tmp_path / "flow.yaml").write_text(f"flow: F\nsteps:\n{steps}")
    (tmp_path / "flow.py").write_bytes(text.encode())
    made = scaffold(tmp_path / "flow.yaml", tmp_path, "update")
    made.write()
    after = (tmp_path / "flow.py").read_bytes().decode()
    compile(after, "flow.py", "exec")
    lines = iter(after.split("\n"))
    kept = [line for line in text.split("\n") if not line.startswith("from flowlang import")]
    assert all(line in lines for line in kept), "a line of the file was lost, or moved"
    assert set(written_in(after).tasks) >= {f"T{number}" for number in range(8)}
    assert scaffold(tmp_path / "flow.yaml", tmp_path, "update").files == {}


def test_the_readme_gives_each_input_that_a_run_needs(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(
        "flow: Needy\ninputs:\n  - {name: user_id, type: int}\n  - {name: kind, enum: [new, old]}\n"
        "  - {name: more, type: object}\n  - {name: late, type: boolean, default: true}\n"
        "steps: [{exit: {outputs: {id: '${inputs.user_id}'}}}]\n"
    )
    scaffold(tmp_path / "flow.yaml", tmp_path).write()
    lines = (tmp_path / "README.md").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(".venv/bin/flowlang run"))
    assert line == ".venv/bin/flowlang run flow.yaml --input user_id=1 --input kind=new --input 'more={}'"
    ran = subprocess.run([sys.executable, "-m", "flowlang", *shlex.split(line)[1:]], cwd=tmp_path, capture_output=True)
    assert ran.returncode == 0
    assert any('{"inputs": {"user_id": 1, "kind": "new", "more": {}}}' in line for line in lines)
