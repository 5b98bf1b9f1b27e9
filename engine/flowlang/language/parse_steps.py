"""Reads lists of steps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, Final, NamedTuple

from flowlang.language.diagnostics import Problems
from flowlang.language.identify import Path
from flowlang.language.model import (
    Case,
    Elif,
    ExitStep,
    ForEachStep,
    IfStep,
    Name,
    ParallelStep,
    Retry,
    Step,
    SubflowStep,
    SwitchStep,
    TaskStep,
    Value,
    WhileStep,
)
from flowlang.language.nodes import Mapping, Node, Scalar, Sequence
from flowlang.language.parse_fields import FieldReader, Table, described, start_of
from flowlang.language.source import Source
from flowlang.language.vocabulary import CASE_KEYS, ELIF_KEYS, EXIT_KEYS, KIND, KINDS, RETRY_KEYS, STEP_KEYS, Key

_COMMON: Final = Table(STEP_KEYS)
_OF_KIND: Final = {
    kind.name: Table(
        (*STEP_KEYS, *kind.keys),
        "; arguments stand under `inputs`" if any(key.name == "inputs" for key in kind.keys) else "",
    )
    for kind in KINDS
}
_KEYS_OF_KINDS: Final = frozenset(key.name for kind in KINDS for key in kind.keys)
#: With one of these beside it, `if` is the kind of the step and no longer its condition.
_BRANCHES: Final = frozenset(key.name for key in KIND["if"].keys) - {"if"}
#: Kinds whose lists of steps exclude each other.
_CHOICES: Final = frozenset({"if", "switch"})
_RETRY: Final = Table(RETRY_KEYS)
_ELIF: Final = Table(ELIF_KEYS)
_CASE: Final = Table(CASE_KEYS)
_EXIT: Final = Table(EXIT_KEYS)

_NOTHING: Final = Mapping({})


class _Cases(NamedTuple):
    """What the `cases` of a switch hold. `default_key` is the key of the default among them."""

    cases: list[Case]
    default: list[Step] | None
    default_key: Scalar | None


class StepReader(FieldReader):
    """Reads steps. `given` collects the ids that stand in the text, each with the branches around it."""

    def __init__(self, source: Source, problems: Problems) -> None:
        super().__init__(source, problems)
        self.given: list[tuple[Name, Path]] = []
        self._path: Path = ()
        self._choice: int | None = None
        self._numbers = count()
        self._makers: dict[str, Callable[[dict[str, Any], Scalar], Step]] = {
            "task": self._task,
            "parallel": self._parallel,
            "if": self._if,
            "switch": self._switch,
            "for_each": self._for_each,
            "while": self._while,
            "subflow": self._subflow,
            "exit": self._exit,
        }

    def read_steps(self, node: Node, key: Key) -> list[Step] | None:
        choice, path = self._choice, self._path
        if choice is None:
            return self._list(node, key)
        self._choice, self._path = None, (*path, (choice, next(self._numbers)))
        steps = self._list(node, key)
        self._choice, self._path = choice, path
        return steps

    def _list(self, node: Node, key: Key) -> list[Step] | None:
        if isinstance(node, Sequence):
            found = [self._step(item) for item in node.items]
            return [step for step in found if step is not None]
        if isinstance(node, Mapping):
            message = f"`{key.name}` takes a list of steps, not a map; put `- ` before each step"
            self.problems.error("wrong-type", message, start_of(node))
            step = self._step(node)
            return [] if step is None else [step]
        self.wrong_type(node, key)
        return None

    def read_handler(self, node: Node, key: Key) -> list[Step] | None:
        if not isinstance(node, Mapping) or "steps" not in node.entries:
            return self._list(node, key)
        for name, key_node, _ in node.items():
            if name != "steps":
                self.unknown_key(key_node, ("steps",), f"`{key.name}`")
        steps = node.entries["steps"][1]
        return [] if isinstance(steps, Scalar) and steps.value is None else self._list(steps, key)

    def _step(self, node: Node) -> Step | None:
        if not isinstance(node, Mapping):
            return self._bare(node)
        choice = self._choice
        kind, key, others = self._kind(node)
        self._choice = next(self._numbers) if kind in _CHOICES else None
        if kind is None:
            step = self._broken(node, key)
        elif kind in KIND:
            fields = self.fields(node, _OF_KIND[kind], f"a step of kind `{kind}`", others)
            step = self._made(kind, fields, node, key)
        else:
            step = self._builtin(node, key, others)
        self._choice = choice
        return step

    def _bare(self, node: Node) -> Step | None:
        if isinstance(node, Scalar) and node.value == "exit":
            return self._made("exit", {}, node, node)
        name = self.as_name(node)
        if isinstance(node, Sequence):
            self.problems.error("wrong-type", "a step is a map, not a list", start_of(node))
        elif name is None and self.is_broken(node):
            return None
        elif name is None:
            self.problems.error("no-kind", "there is no step after this `-`", node.span)
        else:
            suggestion = f"task: {name.text}" if len(name.text) < 60 and "\n" not in name.text else None
            message = f"a step is a map, not {described(node)}"
            self.problems.error("no-kind", message, node.span, suggestion=suggestion)
        return None

    def _kind(self, node: Mapping) -> tuple[str | None, Scalar, frozenset[str]]:
        """The step's kind or the name of its task, the key that tells it, and the keys that should not be there."""
        kinds = [name for name in node.entries if name in KIND]
        if "if" in kinds and not (_BRANCHES & node.entries.keys()):
            kinds.remove("if")
        if not kinds:
            kinds = [
                name
                for name, _, value in node.items()
                if name not in _COMMON.by_name and name not in _KEYS_OF_KINDS and _may_be_arguments(value)
            ]
        if not kinds:
            key = next((key for key, _ in node.entries.values()), Scalar(None, "", node.start, node.end))
            return None, key, frozenset()
        first = node.entries[kinds[0]][0]
        for other in kinds[1:]:
            second = node.entries[other][0]
            self.problems.error(
                "two-kinds",
                f"a step is of one kind, and this one has `{kinds[0]}` and `{other}`; make two steps of it",
                second.span,
                related=((f"`{kinds[0]}`", first.span),),
            )
        return kinds[0], first, frozenset(kinds)

    def _broken(self, node: Mapping, key: Scalar) -> Step:
        """A step of no kind: told, and kept as a task without a name, so that its id is known."""
        known = [*KIND, *_COMMON.by_name]
        unknown = [
            key_node for name, key_node, _ in node.items() if name not in _COMMON.by_name and name not in _KEYS_OF_KINDS
        ]
        for key_node in unknown:
            self.unknown_key(key_node, known, "a step", "; a task is written `task: <name>`")
        if not unknown and self.source.complete:
            stray = next((name for name in node.entries if name in _BRANCHES), None)
            why = f"`{stray}` belongs to an `if`" if stray else f"it needs one of {', '.join(f'`{k}`' for k in KIND)}"
            self.problems.error("no-kind", f"nothing tells what this step does; {why}", key.span)
        return self._made("task", self.fields(node, _COMMON, "a step", node.entries.keys()), node, key)

    def _builtin(self, node: Mapping, key: Scalar, others: frozenset[str]) -> Step:
        """A step written `- <task name>: {…}`: the common keys may stand inside or beside the arguments."""
        beside = {name: entry for name, entry in node.entries.items() if name not in others}
        inside = node.entries[key.value][1]
        arguments = {}
        for name, entry in inside.entries.items() if isinstance(inside, Mapping) else ():
            if name not in _COMMON.by_name:
                arguments[name] = entry
            elif name in beside:
                self.conflict(
                    entry[0], beside[name][0], f"`{name}` stands inside `{key.value}` and beside it; keep one of them"
                )
            else:
                beside[name] = entry
        fields = self.fields(Mapping(beside, node.start, node.end), _COMMON, f"a step of the task `{key.value}`")
        fields["task"] = Name(key.value, key.span)
        fields["arguments"] = Value(Mapping(arguments, inside.start, inside.end))
        fields["builtin_form"] = True
        return self._made("task", fields, node, key)

    def _made(self, kind: str, fields: dict[str, Any], node: Node, key: Scalar) -> Step:
        id = fields.pop("id", None)
        if id is not None and not id.text:
            id = None
        if id is not None:
            self.given.append((id, self._path))
        description = fields.pop("description", None)
        connection = fields.get("connection")
        if connection is not None and not self.literal(connection, "connection"):
            del fields["connection"]
        fields.update(kind=kind, node=node, key=key)
        step = self._makers[kind](fields, key)
        step.id, step.id_span, step.id_given = (id.text, id.span, True) if id else ("", key.span, False)
        step.description = description and description.text
        return step

    def _task(self, fields: dict[str, Any], key: Scalar) -> Step:
        task = fields.setdefault("task", Name("", key.span))
        if not self.literal(task, "task"):
            fields["task"] = Name("", task.span)
        fields.setdefault("arguments", Value(_NOTHING))
        return TaskStep(id="", **fields)

    def _parallel(self, fields: dict[str, Any], key: Scalar) -> Step:
        return ParallelStep(id="", **fields)

    def _if(self, fields: dict[str, Any], key: Scalar) -> Step:
        fields.setdefault("test", Value(Scalar(False, "", key.start, key.end), "condition"))
        return IfStep(id="", **fields)

    def _switch(self, fields: dict[str, Any], key: Scalar) -> Step:
        fields.setdefault("subject", Value(Scalar(None, "", key.start, key.end), "expression"))
        found: _Cases = fields.pop("cases", None) or _Cases([], None, None)
        if found.default_key is not None:
            if "default" in fields:
                message = "this switch has a default already, among its cases"
                related = (("the other default", found.default_key.span),)
                beside = fields["node"].entries["default"][0]
                self.problems.error("conflicting-keys", message, beside.span, related=related)
            fields["default"] = found.default
        return SwitchStep(id="", cases=found.cases, **fields)

    def _for_each(self, fields: dict[str, Any], key: Scalar) -> Step:
        fields.setdefault("items", Value(Scalar(None, "", key.start, key.end), "expression"))
        fields.setdefault("as_", Name("item", key.span))
        return ForEachStep(id="", **fields)

    def _while(self, fields: dict[str, Any], key: Scalar) -> Step:
        fields.setdefault("test", Value(Scalar(False, "", key.start, key.end), "condition"))
        return WhileStep(id="", **fields)

    def _subflow(self, fields: dict[str, Any], key: Scalar) -> Step:
        flow = fields.setdefault("flow", Name("", key.span))
        if not self.literal(flow, "subflow"):
            fields["flow"] = Name("", flow.span)
        fields.setdefault("arguments", Value(_NOTHING))
        return SubflowStep(id="", **fields)

    def _exit(self, fields: dict[str, Any], key: Scalar) -> Step:
        return ExitStep(id="", **fields.pop("ending", {}), **fields)

    def read_exit(self, node: Node, key: Key) -> dict[str, Any] | None:
        if isinstance(node, Scalar) and node.value is None:
            return {}
        if not isinstance(node, Mapping):
            self.wrong_type(node, key)
            return None
        ending = self.fields(node, _EXIT, "`exit`")
        if "outputs" in ending:
            ending["exit_outputs"] = ending.pop("outputs")
        if "status" in ending:
            ending["status"] = ending["status"].text
        return ending

    def read_retry(self, node: Node, key: Key) -> Retry | None:
        if isinstance(node, Mapping):
            return Retry(**self.fields(node, _RETRY, "`retry`"))
        attempts = node.value if isinstance(node, Scalar) else None
        self.wrong_type(node, key, f"{{max_attempts: {attempts}}}" if isinstance(attempts, int) else None)
        return None

    def read_elifs(self, node: Node, key: Key) -> list[Elif]:
        found = []
        for item in self._maps(node, key):
            fields = self.fields(item, _ELIF, "an `elif`")
            condition = fields.get("condition") or Value(Scalar(False, "", item.start, item.end), "condition")
            found.append(Elif(condition, fields.get("then", [])))
        return found

    def read_cases(self, node: Node, key: Key) -> _Cases:
        cases: list[Case] = []
        default: list[Step] | None = None
        default_key: Scalar | None = None
        for item in self._maps(node, key):
            fields = self.fields(item, _CASE, "a case")
            if "default" not in item.entries:
                for name in ("when", "do"):
                    if name not in item.entries:
                        self.missing_key(name, item, "a case")
                if "when" in fields:
                    cases.append(Case(fields["when"], fields.get("do", [])))
                continue
            own = item.entries["default"][0]
            for name in ("when", "do"):
                if name in item.entries:
                    self.conflict(
                        item.entries[name][0], own, f"`{name}` and `default` are two cases; put `- ` before each"
                    )
            if default_key is not None:
                self.conflict(own, default_key, "a switch has one default at most")
                continue
            default_key, default = own, fields.get("default", [])
        return _Cases(cases, default, default_key)

    def _maps(self, node: Node, key: Key) -> list[Mapping]:
        """The maps of a list; tells what is none."""
        if not isinstance(node, Sequence):
            self.wrong_type(node, key)
            return [node] if isinstance(node, Mapping) else []
        for item in node.items:
            if not isinstance(item, Mapping):
                self.wrong_type(item, key)
        return [item for item in node.items if isinstance(item, Mapping)]


def _may_be_arguments(node: Node) -> bool:
    return isinstance(node, Mapping) or (isinstance(node, Scalar) and node.value is None)
