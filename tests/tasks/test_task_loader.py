"""Loading a project's tasks: fresh after every edit, apart from other projects, clear when broken."""

from __future__ import annotations

import dataclasses
import sys
import textwrap
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowlang.tasks.loader import TaskLoadError, TaskModules, load_registry
from flowlang.tasks.registry import TaskRegistry

HEAD = "from flowlang import TaskRegistry\n"


@pytest.fixture(autouse=True)
def compiled_files_may_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


@pytest.fixture(autouse=True)
def nothing_of_a_project_stays_in_the_process(tmp_path: Path) -> Iterator[None]:
    finders = list(sys.meta_path)
    yield
    assert [name for name, module in sys.modules.items() if str(tmp_path) in str(vars(module).get("__file__"))] == []
    assert sys.meta_path == finders


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def tasks_file(folder: Path, body: str, head: str = "") -> Path:
    """A tasks file with one task, `Answer`, whose body this is."""
    code = (
        f"{head}\n{HEAD}def create_task_registry():\n    registry = TaskRegistry()\n    @registry.register('Answer')\n"
    )
    code += f"    def answer():\n        {body}\n    return registry\n"
    return write(folder / "flow.py", code)


def answer(registry: TaskRegistry) -> Any:
    task = registry.get("Answer")
    assert task is not None
    return task.function()


def failure(path: Path) -> TaskLoadError:
    with pytest.raises(TaskLoadError) as caught:
        load_registry(path)
    return caught.value


def test_the_tasks_of_a_file_are_registered(tmp_path: Path) -> None:
    path = write(
        tmp_path / "flow.py",
        '''
        """UserManager - custom tasks"""
        from typing import Any, Dict
        from flowlang import TaskRegistry

        def create_task_registry() -> TaskRegistry:
            registry = TaskRegistry()

            @registry.register(
                'TransformUser',
                description='Transform user data'
            )
            async def transform_user(user_data: Dict[str, Any]) -> Dict[str, Any]:
                """
                Transform it.

                Returns:
                    Dict with 'user' containing transformed data
                """
                return {'user': user_data}

            @registry.register('UpdateLastLogin', description='Update it')
            async def update_last_login(
                user_id: int,
                connection  # injected
            ) -> Dict[str, Any]:
                return {'updated': True}

            return registry
        ''',
    )
    registry = load_registry(path)
    assert registry.names() == ["TransformUser", "UpdateLastLogin"]
    info = registry.info("UpdateLastLogin")
    assert (info.description, info.wants_connection, info.parameters[0].type) == ("Update it", True, "integer")
    assert registry.info("TransformUser").results == {"user": "containing transformed data"}


def test_sixty_quick_edits_of_one_size_are_all_seen(tmp_path: Path) -> None:
    modules = TaskModules(tasks_file(tmp_path, "return (X, helpers.Y, Z)", "import helpers\nfrom pack.deep import Z"))
    write(tmp_path / "pack/__init__.py", "")
    main = modules.path.read_text(encoding="utf-8")
    for number in range(10, 70):
        modules.path.write_text(f"{main}\nX = {number}\n", encoding="utf-8")
        write(tmp_path / "helpers.py", f"Y = {number}\n")
        write(tmp_path / "pack/deep.py", f"Z = {number}\n")
        assert answer(modules.load().registry) == (number, number, number)
    assert not list(tmp_path.rglob("*.pyc"))


def test_two_projects_with_modules_of_one_name_stay_apart(tmp_path: Path) -> None:
    registries = []
    for name in ("one", "two"):
        write(tmp_path / name / "helpers.py", f"NAME = {name!r}\n")
        write(tmp_path / name / "later.py", f"NAME = 'later {name}'\n")
        body = "import later; from later import NAME as again; return helpers.NAME, later.NAME, again"
        registries.append(load_registry(tasks_file(tmp_path / name, body, "import helpers")))
    for _ in range(2):
        assert [answer(registry) for registry in registries] == [
            ("one", "later one", "later one"),
            ("two", "later two", "later two"),
        ]


def test_an_import_inside_a_task_works_in_any_thread(tmp_path: Path) -> None:
    write(tmp_path / "late.py", "import other\nVALUE = other.VALUE\n")
    write(tmp_path / "other.py", "VALUE = 7\n")
    registry = load_registry(tasks_file(tmp_path, "from late import VALUE; import json; return VALUE, json.dumps(1)"))
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(answer(registry))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(7, "1")] * 8


def test_packages_relative_imports_and_folders_without_init_are_found(tmp_path: Path) -> None:
    write(tmp_path / "pack/__init__.py", "from .inner import A\nfrom . import other\n")
    write(tmp_path / "pack/inner.py", "from .sub.deep import B\nA = B + 1\n")
    write(tmp_path / "pack/sub/deep.py", "from ..other import B\n")
    write(tmp_path / "pack/other.py", "B = 1\n")
    write(tmp_path / "space/part.py", "C = 3\n")
    head = "import pack.inner\nfrom pack import A\nfrom space.part import C"
    modules = TaskModules(tasks_file(tmp_path, "return A, pack.inner.A, C", head))
    loaded = modules.load()
    assert answer(loaded.registry) == (2, 2, 3)
    assert {path.relative_to(tmp_path).as_posix() for path in loaded.files} == {
        "flow.py",
        "pack/__init__.py",
        "pack/inner.py",
        "pack/other.py",
        "pack/sub/deep.py",
        "space/part.py",
    }


def test_a_module_of_the_process_with_the_same_name_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = type(sys)("helpers")
    monkeypatch.setitem(sys.modules, "helpers", elsewhere)
    write(tmp_path / "helpers.py", "NAME = 'ours'\n")
    assert answer(load_registry(tasks_file(tmp_path, "return helpers.NAME", "import helpers"))) == "ours"
    assert sys.modules["helpers"] is elsewhere


def test_a_file_named_like_a_module_of_python_hides_nothing(tmp_path: Path) -> None:
    write(tmp_path / "json.py", "raise AssertionError\n")
    assert answer(load_registry(tasks_file(tmp_path, "return json.dumps(1)", "import json"))) == "1"
    error = failure(tasks_file(tmp_path, "return 1", "from json import mine"))
    assert error.hint == "json.py is hidden by Python's own module: rename it"
    path = tasks_file(tmp_path, "return __name__").rename(tmp_path / "types.py")
    assert answer(load_registry(path)) == "types_tasks"


def test_the_module_knows_its_name_and_file_and_is_no_script(tmp_path: Path) -> None:
    path = tasks_file(tmp_path, "return __name__, __file__, __spec__.name")
    with path.open("a", encoding="utf-8") as file:
        file.write("if __name__ == '__main__':\n    raise AssertionError\n")
    assert answer(load_registry(path)) == ("flow", str(path), "flow")


def test_a_dataclass_with_text_annotations_can_be_defined(tmp_path: Path) -> None:
    head = """
from __future__ import annotations
from dataclasses import dataclass, field

@dataclass
class Order:
    id: int
    lines: list[str] = field(default_factory=list)
"""
    order = answer(load_registry(tasks_file(tmp_path, "return Order(3)", head.lstrip())))
    assert dataclasses.asdict(order) == {"id": 3, "lines": []}


def test_a_traceback_shows_the_source_as_it_was_loaded(tmp_path: Path) -> None:
    path = tasks_file(tmp_path, "raise ValueError('as loaded')")
    registry = load_registry(path)
    path.write_text("# changed\n" * 20, encoding="utf-8")
    with pytest.raises(ValueError, match="as loaded") as caught:
        answer(registry)
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.line) == (str(path), "raise ValueError('as loaded')")


def test_a_module_may_print(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_registry(tasks_file(tmp_path, "return 1", "print('loading')"))
    assert capsys.readouterr().out == "loading\n"


def test_without_a_file_there_are_no_tasks_unless_it_was_asked_for(tmp_path: Path) -> None:
    modules = TaskModules(tmp_path / "flow.py")
    assert len(modules.load().registry) == 0
    tasks_file(tmp_path, "return 1")
    assert modules.load().registry.names() == ["Answer"]
    with pytest.raises(TaskLoadError, match=r"other\.py cannot be read: No such file"):
        load_registry(tmp_path / "other.py", required=True)
    assert "cannot be read" in str(failure(tmp_path))


def test_a_broken_edit_keeps_the_last_good_tasks(tmp_path: Path) -> None:
    modules = TaskModules(tasks_file(tmp_path, "return 1"))
    good = modules.load()
    write(modules.path, "def create_task_registry(:\n")
    with pytest.raises(TaskLoadError):
        modules.load()
    assert modules.last is good
    assert answer(good.registry) == 1
    tasks_file(tmp_path, "return 2")
    assert answer(modules.load().registry) == 2
    assert modules.last is not good


@pytest.mark.parametrize(
    ("helpers", "line", "column", "said"),
    [
        ("x = = 1\n", 1, 5, "SyntaxError: invalid syntax"),
        ("ok = 1\nif ok:\nx = 1\n", 3, 1, "IndentationError: expected an indented block"),
        ("ok = 1\nété = 1; y = missing\n", 2, 14, "NameError: name 'missing' is not defined"),
        ("raise SystemExit(3)\n", 1, 1, "SystemExit: 3"),
        ("raise AssertionError\n", 1, 1, "it raised AssertionError"),
        ("import json\njson.loads('{')\n", 2, 1, "JSONDecodeError"),
    ],
)
def test_an_error_names_the_place_in_the_projects_own_code(
    tmp_path: Path, helpers: str, line: int, column: int, said: str
) -> None:
    path = tasks_file(tmp_path, "return 1", "import helpers")
    broken = write(tmp_path / "helpers.py", helpers)
    error = failure(path)
    assert (error.file, error.line, error.column) == (broken, line, column)
    assert str(error).startswith(f"{broken}:{line}:{column}: {said}")
    assert error.__cause__ is not None
    assert error.files == {path, broken}


def test_null_bytes_and_broken_encodings_are_errors_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "flow.py"
    for content in (b"x = 1\0\n", b"# -*- coding: nonsense -*-\n", b"x = '\xff'\n"):
        path.write_bytes(content)
        assert failure(path).file == path


def test_a_missing_package_comes_with_the_command_that_installs_it(tmp_path: Path) -> None:
    error = failure(tasks_file(tmp_path, "return 1", "import surely_not_installed.deep"))
    assert error.hint == "pip install surely_not_installed, or write surely_not_installed.py beside flow.py"
    write(tmp_path / "helpers.py", "")
    assert failure(tasks_file(tmp_path, "return 1", "import helper")).hint == "did you mean `helpers`, beside flow.py?"
    write(tmp_path / "pack/__init__.py", "")
    assert failure(tasks_file(tmp_path, "return 1", "import pack.nothing")).hint is None


@pytest.mark.parametrize(
    ("code", "line", "said", "hint"),
    [
        ("", None, "there is no function `create_task_registry`", "add `def create_task_registry()`"),
        ("def create_tasks_registry(): ...", None, "did you mean `create_tasks_registry`?", "add"),
        ("create_task_registry = 3", None, "must be a function, but it is a int", ""),
        ("\ndef create_task_registry(): ...", 2, "returns nothing", "end it with `return registry`"),
        ("def create_task_registry():\n    return {}", 1, "but it returns a dict", ""),
        ("async def create_task_registry(): ...", 1, "but it is async", "remove the `async`"),
        ("def create_task_registry(x): ...", 1, "missing 1 required positional argument: 'x'", ""),
        ("def create_task_registry():\n    1 / 0", 2, "ZeroDivisionError: division by zero", ""),
        (
            f"{HEAD}def create_task_registry():\n    r = TaskRegistry()\n    r.register('T', len)",
            4,
            "the task `T` takes `obj` by position only",
            "remove the `/`",
        ),
    ],
)
def test_a_factory_that_gives_no_registry_is_explained(
    tmp_path: Path, code: str, line: int | None, said: str, hint: str
) -> None:
    path = tmp_path / "flow.py"
    path.write_text(code, encoding="utf-8")
    error = failure(path)
    assert said in str(error)
    assert (error.file, error.line) == (path, line)
    assert (error.hint or "").startswith(hint)


def test_a_project_may_be_loaded_while_another_is_loading(tmp_path: Path) -> None:
    write(tmp_path / "in/helpers.py", "NAME = 'inner'\n")
    inner = tasks_file(tmp_path / "in", "return helpers.NAME", "import helpers")
    write(tmp_path / "out/helpers.py", "NAME = 'outer'\n")
    head = f"""
import helpers
from pathlib import Path
from flowlang.tasks.loader import load_registry
INNER = load_registry(Path({str(inner)!r})).get('Answer').function()
"""
    outer = tasks_file(tmp_path / "out", "import helpers as again; return INNER, again.NAME", head)
    assert answer(load_registry(outer)) == ("inner", "outer")
