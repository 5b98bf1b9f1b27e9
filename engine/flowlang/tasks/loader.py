"""Loads the tasks of a project from its Python file, as often as it changes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from inspect import iscoroutine
from itertools import islice
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flowlang.errors import ConfigurationError, FlowLangError
from flowlang.tasks.registry import TaskRegistry

if TYPE_CHECKING:
    from flowlang.tasks.imports import ProjectImports

#: The function of a tasks file that gives the registry.
FACTORY: Final = "create_task_registry"

#: Distributions whose modules have another name.
_DISTRIBUTIONS: Final = {
    "PIL": "pillow",
    "MySQLdb": "mysqlclient",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "google": "google-api-python-client",
    "jwt": "pyjwt",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


class TaskLoadError(ConfigurationError):
    """A tasks file could not be loaded. The original error is the cause.

    `file`, `line` and `column` (from 1, None where unknown) say where in the project it went wrong, `files`
    which files had been read by then: a change of one of them may mend it.
    """

    def __init__(
        self,
        message: str,
        file: Path,
        line: int | None = None,
        column: int | None = None,
        *,
        files: frozenset[Path] = frozenset(),
        hint: str | None = None,
    ) -> None:
        place = ":".join(str(part) for part in (file, line, column) if part is not None)
        super().__init__(f"{place}: {message}", hint=hint)
        self.file = file
        self.line = line
        self.column = column
        self.files = files or frozenset({file})


class Loaded(NamedTuple):
    """What a tasks file gave, and the files of the project that it came from."""

    registry: TaskRegistry
    files: frozenset[Path]


def load_registry(path: Path, *, required: bool = False) -> TaskRegistry:
    """The tasks of a project's Python file; see `TaskModules`."""
    return TaskModules(path, required=required).load().registry


class TaskModules:
    """A tasks file with the modules beside it that it imports, loaded anew by each `load`.

    `last` is what the last successful load gave; a broken edit leaves it as it is. A file that doesn't exist
    gives no tasks, unless it is `required`.
    """

    def __init__(self, path: Path, *, required: bool = False) -> None:
        self.path = Path(path).absolute()
        self.required = required
        self.last: Loaded | None = None

    def load(self) -> Loaded:
        """Run the file as it is now. Raises TaskLoadError, and nothing else, for whatever is wrong with it."""
        if not self.path.exists() and not self.required:
            self.last = Loaded(TaskRegistry(), frozenset({self.path}))
        else:
            self.last = self._load()
        return self.last

    def _load(self) -> Loaded:
        from flowlang.tasks.imports import ProjectImports  # not needed where there is no file

        imports = ProjectImports(self.path.parent)
        attempt = _Attempt(self.path, imports)
        with imports.lent():
            module = attempt.call(imports.run_file, self.path)
            factory = attempt.factory_of(module)
            registry = attempt.call(factory)
        return Loaded(attempt.checked(registry, factory), frozenset(imports.files | {self.path}))


class _Attempt:
    """One try at loading a file, and what is wrong if it fails."""

    def __init__(self, path: Path, imports: ProjectImports) -> None:
        self._path = path
        self._imports = imports

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except KeyboardInterrupt:
            raise
        # a project's own code may raise anything, SystemExit included
        except BaseException as error:
            raise self._error(error, function) from error

    def factory_of(self, module: ModuleType) -> Callable[[], Any]:
        factory = getattr(module, FACTORY, None)
        if factory is None:
            from flowlang.language.diagnostics import did_you_mean

            question = did_you_mean(FACTORY, [name for name, value in vars(module).items() if callable(value)])
            raise self._wrong(
                f"there is no function `{FACTORY}`{question}", hint=f"add `def {FACTORY}()` that returns a TaskRegistry"
            )
        if not callable(factory):
            raise self._wrong(f"`{FACTORY}` must be a function, but it is a {type(factory).__name__}")
        checked: Callable[[], Any] = factory
        return checked

    def checked(self, registry: Any, factory: Callable[[], Any]) -> TaskRegistry:
        if isinstance(registry, TaskRegistry):
            return registry
        line = _line_of(factory)
        if iscoroutine(registry):
            registry.close()
            raise self._wrong(f"`{FACTORY}` must be a plain function, but it is async", line, hint="remove the `async`")
        if registry is None:
            raise self._wrong(f"`{FACTORY}` returns nothing", line, hint="end it with `return registry`")
        raise self._wrong(f"`{FACTORY}` must return a TaskRegistry, but it returns a {type(registry).__name__}", line)

    def _wrong(self, message: str, line: int | None = None, hint: str | None = None) -> TaskLoadError:
        return TaskLoadError(message, self._path, line, files=self._files(), hint=hint)

    def _files(self) -> frozenset[Path]:
        return frozenset(self._imports.files | {self._path})

    def _error(self, error: BaseException, called: Callable[..., Any]) -> TaskLoadError:
        file, line, column = self._place(error)
        if line is None and not isinstance(error, (OSError, ValueError)):
            line = _line_of(called) if file == self._path else None
        return TaskLoadError(_sentence(error), file, line, column, files=self._files(), hint=self._hint(error))

    def _place(self, error: BaseException) -> tuple[Path, int | None, int | None]:
        """The place in the project's code that is nearest to where the error was raised."""
        if isinstance(error, SyntaxError) and error.filename and self._is_ours(error.filename):
            return Path(error.filename), error.lineno, error.offset or None
        place: tuple[Path, int | None, int | None] = (self._path, None, None)
        step = error.__traceback__
        while step is not None:
            filename = step.tb_frame.f_code.co_filename
            if self._is_ours(filename):
                place = (Path(filename), step.tb_lineno, _column_of(step))
            step = step.tb_next
        return place

    def _is_ours(self, filename: str) -> bool:
        return Path(filename) in self._imports.files

    def _hint(self, error: BaseException) -> str | None:
        if isinstance(error, FlowLangError):
            return error.hint
        if isinstance(error, ModuleNotFoundError) and error.name:
            return self._hint_for_missing(error.name)
        if isinstance(error, ImportError) and error.name in sys.stdlib_module_names:
            namesake = self._path.with_name(f"{error.name}.py")
            return f"{namesake.name} is hidden by Python's own module: rename it" if namesake.is_file() else None
        return None

    def _hint_for_missing(self, name: str) -> str | None:
        from flowlang.language.diagnostics import nearest

        top = name.partition(".")[0]
        if self._imports.is_local(top):
            return None
        near = nearest(top, self._imports.local_names())
        if near is not None:
            return f"did you mean `{near}`, beside {self._path.name}?"
        return f"pip install {_DISTRIBUTIONS.get(top, top)}, or write {top}.py beside {self._path.name}"


def _sentence(error: BaseException) -> str:
    if isinstance(error, FlowLangError):
        return str(error)
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename} cannot be read: {error.strerror}"
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else f"it raised {type(error).__name__}"


def _line_of(function: Any) -> int | None:
    code = getattr(function, "__code__", None)
    return code.co_firstlineno if code is not None else None


def _column_of(step: TracebackType) -> int | None:
    """The column of what a frame was doing, in characters from 1."""
    import linecache

    code = step.tb_frame.f_code
    line, _, offset, _ = next(islice(code.co_positions(), step.tb_lasti // 2, None), (None,) * 4)
    if line is None or offset is None:
        return None
    text = linecache.getline(code.co_filename, line)
    return len(text.encode()[:offset].decode("utf-8", "replace")) + 1
