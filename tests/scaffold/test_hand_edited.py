"""Tasks files as people write them: stubs are added, the rest stays byte for byte, and the file still loads."""

from __future__ import annotations

import os
import re
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from flowlang.scaffold import ScaffoldError
from flowlang.scaffold.around import Scaffold, scaffold
from flowlang.tasks.loader import load_registry

FLOW = """
flow: Shop
inputs: [{name: number, type: integer}]
steps:
  - {task: Old, id: old, inputs: {x: '${inputs.number}'}}
  - {task: New Task, id: new, inputs: {x: '${old.y}', größe: 3, class: 1}}
  - {task: Überprüfen, id: checked}
outputs: {z: '${new.z}'}
"""
IMPORT = "from flowlang import TaskRegistry\n"
FACTORY = """def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Old")
    def old(x):
        return {"y": x}

    return registry
"""
PLAIN = IMPORT + FACTORY


def in_factory(before: str, after: str, head: str = IMPORT) -> str:
    assert before in FACTORY
    return head + FACTORY.replace(before, after)


WRITTEN = {
    "plain": PLAIN,
    "windows": PLAIN.replace("\n", "\r\n"),
    "mixed line ends": PLAIN.replace("\n", "\r\n", 3),
    "old mac": PLAIN.replace("\n", "\r"),
    "tabs": PLAIN.replace("    ", "\t"),
    "two spaces": PLAIN.replace("    ", "  "),
    "byte order mark": "\ufeff" + PLAIN,
    "no end of the last line": PLAIN.rstrip("\n"),
    "comments before and behind return": in_factory("    return r", "    # the end\n    # really\n    return r"),
    "comments below the last task": in_factory("x}\n", "x}  # tail\n        # more\n    # less\n"),
    "no blank line before return": in_factory("\n    return r", "    return r"),
    "a parameter": in_factory("registry():", "registry(registry: TaskRegistry | None = None) -> TaskRegistry:"),
    "name in a constant": in_factory('"Old"', "OLD", IMPORT + 'OLD = "Old"\n'),
    "name by keyword": in_factory('"Old"', 'name="Old"'),
    "name in an f-string": in_factory('"Old"', 'f"Old"'),
    "name in two pieces": in_factory('"Old"', '"O" "ld"'),
    "name of the function": in_factory('register("Old")\n    def old', "register\n    def Old"),
    "name of the function, described": in_factory('"Old")\n    def old', 'description="old")\n    def Old'),
    "a short name for register": in_factory("    @registry.register", "    task = registry.register\n\n    @task"),
    "async": in_factory("def old", "async def old"),
    "letters of another alphabet": in_factory("def old", "def überalles"),
    "a function with the stub's name": in_factory("def old", "def new_task"),
    "registered by a call": in_factory('    @registry.register("Old")\n', "").replace(
        "    return r", '    registry.register("Old", old)\n    return r'
    ),
    "methods of a class": IMPORT
    + "class Tasks:\n    def old(self, x):\n        return {'y': x}\n\n\n"
    + FACTORY.replace('    @registry.register("Old")\n    def old(x):\n        return {"y": x}\n', "").replace(
        "    return r", '    registry.register("Old")(Tasks().old)\n    return r'
    ),
    "a registry of the module": IMPORT
    + 'registry = TaskRegistry()\n\n\n@registry.register("Old")\ndef old(x):\n    return {"y": x}\n\n\n'
    + "# everything\ndef create_task_registry():\n    return registry\n",
    "a program below": PLAIN + '\n\nif __name__ == "__main__":\n    print("hello")\n',
    "a decorated factory": IMPORT + "def deco(f):\n    return f\n\n\n@deco\n" + FACTORY,
    "a block around tasks": in_factory("    @registry", "    if True:\n      @registry")
    .replace("    def old", "      def old")
    .replace("        return {", "          return {"),
    "a form feed": IMPORT + "\f\n" + FACTORY,
    "other line separators in text": IMPORT + 'S = "a\u2028b\x0c\x1cc"\n' + FACTORY,
    "a line that goes on": in_factory("    return r", "    registry = \\\n        registry\n    return r"),
    "return in a text": in_factory("    return r", '    text = """\nreturn registry\n   """\n    return r'),
    "semicolon": in_factory("    return r", "    x = 1;\n    return r"),
    "return in parentheses": in_factory("return registry", "return (\n        registry\n    )"),
    "everything imported": in_factory("x", "x", "from flowlang import *\n"),
    "imports in parentheses": in_factory("x", "x", "from flowlang import (  # ours\n    TaskRegistry,  # it\n)\n"),
    "another name for the module": in_factory("= TaskR", "= fl.TaskR", "import flowlang as fl\n"),
    "another name for the class": in_factory("= TaskRegistry", "= TR", "from flowlang import TaskRegistry as TR\n"),
    "a docstring": '"""Tasks."""\n' + PLAIN,
    "letters before an import": 'x = "üüü"; ' + PLAIN,
    "other imports": "from typing import Dict\nfrom typing import Any as A\n" + PLAIN,
    "imports for types": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from typing import Any\n" + PLAIN,
    "another register": IMPORT
    + "import atexit\nfrom functools import singledispatch\n\natexit.register(print)\n\n\n"
    + "@singledispatch\ndef area(x):\n    pass\n\n\n@area.register\ndef _(x: int):\n    pass\n\n\n"
    + FACTORY,
    "a program with an encoding": "#!/usr/bin/env python\n# -*- coding: latin-1 -*-\n" + PLAIN,
}


def updated(folder: Path, content: bytes) -> Scaffold:
    (folder / "flowlang.yaml").touch()
    (folder / "flow.yaml").write_text(FLOW, encoding="utf-8")
    (folder / "flow.py").write_bytes(content)
    made = scaffold(folder / "flow.yaml", folder, "update")
    made.write()
    return made


@pytest.mark.parametrize("name", WRITTEN)
def test_stubs_are_added_and_nothing_else_changes(tmp_path: Path, name: str) -> None:
    before = WRITTEN[name].encode()
    made = updated(tmp_path, before)
    after = (tmp_path / "flow.py").read_bytes()
    kinds = {change[0] for change in SequenceMatcher(None, before, after, autojunk=False).get_opcodes()}
    assert kinds == {"equal", "insert"}
    assert (made.added, made.vanished, made.implemented) == (["New Task", "Überprüfen"], [], 1)
    assert sorted(load_registry(tmp_path / "flow.py").names()) == ["New Task", "Old", "Überprüfen"]
    assert set(re.findall(rb"\r\n|\r|\n", after)) == set(re.findall(rb"\r\n|\r|\n", before))
    assert not scaffold(tmp_path / "flow.yaml", tmp_path, "update").files


def test_names_that_only_a_run_tells_are_asked_of_the_file(tmp_path: Path) -> None:
    loop = IMPORT + (
        "\n\ndef create_task_registry():\n    registry = TaskRegistry()\n    for name in ('Old', 'New Task'):\n"
        "        registry.register(name)(lambda x: {'y': x})\n    return registry\n"
    )
    made = updated(tmp_path, loop.encode())
    assert (made.added, made.implemented) == (["Überprüfen"], 2)
    with pytest.raises(ScaffoldError, match=r"flow\.py:7: which task this is .* fails: .*NameError"):
        updated(tmp_path, loop.replace("for name in (", "for name in (unknown, ").encode())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PLAIN.replace("(x):", "(x:"), r"flow\.py:6: '\(' was never closed"),
        (PLAIN + "\0", r"flow\.py.*null bytes"),
        (IMPORT + "registry = TaskRegistry()\n", "a registry in line 2, which no `create_task_registry` returns"),
        (IMPORT + "create_task_registry = lambda: TaskRegistry()\n", "in line 2 .* is no function"),
        ("from elsewhere import create_task_registry\n", "in line 1 .* is no function"),
        (IMPORT + "async def create_task_registry():\n    return TaskRegistry()\n", "in line 2 .* is no function"),
        (in_factory("    return r", "    x = 1; return r"), "line 9 .* several statements"),
        (in_factory("    return registry", "    return dict(a=registry)['a']"), "does not end with `return <name>`"),
        (in_factory("    return r", "    if True:\n        return r"), "does not end with `return <name>`"),
    ],
)
def test_what_nothing_can_be_added_to_is_told_and_left_alone(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ScaffoldError, match=said):
        updated(tmp_path, text.encode())
    assert (tmp_path / "flow.py").read_bytes() == text.encode()


@pytest.mark.parametrize("text", ["", "\n\n", "# my tasks\n", '"""My tasks."""\n', "#!/usr/bin/env python\nx = 1\n"])
def test_a_file_without_tasks_gets_all_of_it(tmp_path: Path, text: str) -> None:
    updated(tmp_path, text.encode())
    assert (tmp_path / "flow.py").read_text(encoding="utf-8").startswith(text.splitlines()[0] if text.strip() else text)
    assert len(load_registry(tmp_path / "flow.py").names()) == 3


def test_what_an_encoding_lacks_is_told(tmp_path: Path) -> None:
    ascii_only = b"# coding: ascii\n" + PLAIN.encode()
    with pytest.raises(ScaffoldError, match=r"is ascii, which has no 'ö'"):
        updated(tmp_path, ascii_only)
    assert (tmp_path / "flow.py").read_bytes() == ascii_only
    with pytest.raises(ScaffoldError, match="cannot be read"):
        updated(tmp_path, b"# coding: martian\n" + PLAIN.encode())


def test_a_link_stays_one_and_a_difference_has_what_is_new_only(tmp_path: Path) -> None:
    shared, project = tmp_path / "shared", tmp_path / "project"
    shared.mkdir()
    project.mkdir()
    (shared / "tasks.py").write_text(PLAIN.replace("\n", "\r\n"), newline="")
    os.symlink(shared / "tasks.py", project / "flow.py")
    (project / "flow.yaml").write_text(FLOW, encoding="utf-8")
    made = scaffold(project / "flow.yaml", project, "update")
    assert [line for line in made.diff().splitlines() if line.startswith("-")] == [
        "--- a/flow.py",
        "-from flowlang import TaskRegistry",
    ]
    made.write()
    assert (project / "flow.py").is_symlink()
    assert len(load_registry(shared / "tasks.py").names()) == 3


@pytest.mark.parametrize("name", ["检查", "été 2", "***", "2nd", "class", "Ünïcode Näme"])
def test_a_task_in_any_letters_gets_a_function(tmp_path: Path, name: str) -> None:
    (tmp_path / "flow.yaml").write_text(f"flow: A\nsteps: [{{task: '{name}'}}]\n", encoding="utf-8")
    scaffold(tmp_path / "flow.yaml", tmp_path).write()
    assert load_registry(tmp_path / "flow.py").names() == [name]
