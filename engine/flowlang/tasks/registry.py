"""The tasks of a project: functions, by the names that steps call them with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final, NoReturn, TypeVar, overload

from flowlang.errors import ConfigurationError, TaskNotFoundError, TaskNotImplementedError
from flowlang.language.catalog import TaskInfo
from flowlang.tasks.callables import is_async, is_generator, named_parameters, place_of

F = TypeVar("F", bound=Callable[..., Any])

_LAMBDA: Final = "<lambda>"

_versions: Final = count(1)


class Task:
    """A function that steps can call.

    `function` is what a run calls, with arguments by name; plain functions (`is_async` false) belong in a
    worker thread. `wants_connection` and `wants_context` tell that it has a parameter of that name.
    """

    __slots__ = (
        "_description",
        "_info",
        "_provider",
        "_written",
        "function",
        "is_async",
        "name",
        "stub",
        "wants_connection",
        "wants_context",
    )

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        *,
        description: str = "",
        provider: str | None = None,
        stub: bool = False,
    ) -> None:
        parameters = named_parameters(function, name)
        self.name = name
        self.stub = stub
        self.wants_connection = "connection" in parameters
        self.wants_context = "context" in parameters
        self._written = function
        self._description = description
        self._provider = provider
        self._info: TaskInfo | None = None
        self.function: Callable[..., Any] = self._refuse if stub else function
        self.is_async = stub or is_async(function)

    @property
    def info(self) -> TaskInfo:
        """What the signature and the docstring tell."""
        if self._info is None:
            from flowlang.tasks.signatures import describe  # a run that calls no task needs no descriptions

            self._info = describe(
                self._written,
                name=self.name,
                description=self._description,
                provider=self._provider,
                stub=self.stub,
            )
        return self._info

    @property
    def place(self) -> str | None:
        """`file:line` of where the function was written; None for one that was not written in Python."""
        return place_of(self._written)

    @property
    def hint_to_write(self) -> str:
        """What to do when the body is not written yet; also the way out of a `NotImplementedError` from it."""
        where = f" at {self.place}" if self.place else ""
        if self.stub:
            return f"write its body{where} and register it with `register` instead of `stub`"
        return f"write the body of `{self.name}`{where}"

    async def _refuse(self, **arguments: Any) -> NoReturn:
        where = f" ({self.place})" if self.place else ""
        raise TaskNotImplementedError(f"the task `{self.name}`{where} is not written yet", hint=self.hint_to_write)

    def __repr__(self) -> str:
        return f"<Task {self.name}{' (stub)' if self.stub else ''} from {self.place or 'a builtin'}>"


class TaskRegistry:
    """The tasks of a project, by name.

    `version` grows with every change, so that a plan made with the tasks of before is known to be old; no two
    registries of a process ever have the same. In a `for` loop, and for `in` and `len`, a registry is the
    collection of its names.
    """

    __slots__ = ("_tasks", "_version")

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._version = next(_versions)

    @property
    def version(self) -> int:
        """A number that is greater after every change."""
        return self._version

    @overload
    def register(self, name: F, /) -> F: ...

    @overload
    def register(self, name: str, function: F, *, description: str = "", replace: bool = False) -> F: ...

    @overload
    def register(
        self, name: str | None = None, *, description: str = "", replace: bool = False
    ) -> Callable[[F], F]: ...

    def register(
        self,
        name: Any = None,
        function: Any = None,
        *,
        description: str = "",
        replace: bool = False,
    ) -> Any:
        """Register a function as a task: `@register("Name")`, `@register`, or `register("Name", function)`.

        Without a name the task has the function's. The function is given back as it was. Raises
        ConfigurationError for a name that is taken, unless `replace` is set, and for a function that a step
        cannot call.
        """
        if callable(name):
            name, function = None, name

        def add(function: F) -> F:
            self._add(name, function, description, replace, stub=False)
            return function

        return add if function is None else add(function)

    def stub(self, name: str | None = None, *, description: str = "", replace: bool = False) -> Callable[[F], F]:
        """Decorator for a task whose body is not written yet: only its signature and docstring count.

        Flows that use it can be checked; calling it raises TaskNotImplementedError.
        """

        def add(function: F) -> F:
            self._add(name, function, description, replace, stub=True)
            return function

        return add

    def unregister(self, name: str) -> None:
        """Remove a task. Raises TaskNotFoundError if there is none of that name."""
        if self._tasks.pop(name, None) is None:
            raise self._not_found(name)
        self._version = next(_versions)

    def get(self, name: str) -> Task | None:
        """The task called `name`, or None."""
        return self._tasks.get(name)

    def info(self, name: str) -> TaskInfo:
        """What is known of the task called `name`. Raises TaskNotFoundError if there is none."""
        task = self._tasks.get(name)
        if task is None:
            raise self._not_found(name)
        return task.info

    def names(self) -> list[str]:
        """The names of all tasks, in the order of their registration."""
        return list(self._tasks)

    def __contains__(self, name: object) -> bool:
        return name in self._tasks

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<TaskRegistry of {len(self)} tasks>"

    def _add(
        self, name: str | None, function: Callable[..., Any], description: str, replace: bool, *, stub: bool
    ) -> None:
        name = _checked_name(name, function)
        if is_generator(function) and not stub:
            raise ConfigurationError(
                f"the task `{name}` ({place_of(function)}) is a generator, and a step has one result",
                hint="return a list instead of yielding the items",
            )
        task = Task(name, function, description=description, stub=stub)
        taken = self._tasks.get(name)
        if taken is not None and not replace:
            raise ConfigurationError(
                f"the task `{name}` is registered twice: {taken.place or 'a builtin'} and {task.place or 'a builtin'}",
                hint="give one of them another name, or register the second with replace=True",
            )
        self._tasks[name] = task
        self._version = next(_versions)

    def _not_found(self, name: str) -> TaskNotFoundError:
        from flowlang.language.diagnostics import did_you_mean

        return TaskNotFoundError(f"there is no task `{name}`{did_you_mean(name, self._tasks)}")


def _checked_name(name: str | None, function: Callable[..., Any]) -> str:
    if not callable(function):
        raise ConfigurationError(f"a task must be a function, but {function!r} is a {type(function).__name__}")
    if name is None:
        name = getattr(function, "__name__", _LAMBDA)
        if name == _LAMBDA:
            raise ConfigurationError(
                f"{function!r} has no name of its own", hint='give the task one: register("Name", function)'
            )
    if not isinstance(name, str) or not name or name != name.strip():
        raise ConfigurationError(f"a task's name must be text without spaces around it, but {name!r} is not")
    return name
