"""The pins of a flow: a file beside it that says which steps don't run, and what they give instead."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from flowlang.language.diagnostics import NOWHERE, Diagnostic, Problems, Span, nearest

#: How a pins file's name ends: `orders.pins.yaml` belongs to `orders.yaml`.
ENDING: Final = ".pins.yaml"
MAX_BYTES: Final = 20_000_000

_KEYS: Final = ("output", "error", "from", "note", "enabled")
_ERROR_KEYS: Final = ("type", "message", "attempts")
_SEGMENT: Final = re.compile(r"([^/\[\]]+)(?:\[(\d+)\])?")
_CLASS: Final = re.compile(r"[^\W\d]\w*")


class PinnedError:
    """The error with which a pinned step fails: in its first `attempts`, or in each of them if that is None."""

    __slots__ = ("attempts", "message", "type")

    def __init__(self, type: str, message: str, attempts: int | None = None) -> None:
        self.type = type
        self.message = message
        self.attempts = attempts


@dataclass(frozen=True, slots=True)
class Pin:
    """What a step gives without running.

    `address` is the step's path in events: `orders/ship` for each iteration of the loop `orders`, `orders[3]/ship`
    for one. `run` is the run that the output came from. A pin with an `error` fails the step; with an output beside
    it that is what the attempts after the failed ones give.
    """

    address: str
    output: Any = None
    has_output: bool = False
    error: PinnedError | None = None
    run: str | None = None
    note: str | None = None
    enabled: bool = True
    at: Span = NOWHERE
    output_at: Span = NOWHERE

    @property
    def segments(self) -> list[tuple[str, int | None]]:
        """The ids on the way to the step, each with the iteration that is meant, or None for all of them."""
        return segments_of(self.address)


@dataclass(slots=True)
class PinFile:
    """The pins that a file holds, by address, and what is wrong with it."""

    path: Path
    pins: dict[str, Pin] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    exists: bool = False

    @property
    def enabled(self) -> list[Pin]:
        """Those that are not switched off."""
        return [pin for pin in self.pins.values() if pin.enabled]

    @property
    def is_broken(self) -> bool:
        """Whether something in it keeps it from being used."""
        return any(problem.severity == "error" for problem in self.problems)


def pins_path(flow: str | os.PathLike[str]) -> Path:
    """The pins file of a flow."""
    path = Path(flow)
    return path.with_name(f"{path.stem}{ENDING}")


def segments_of(address: str) -> list[tuple[str, int | None]]:
    """The parts of an address. Raises ValueError for a text that is none."""
    found = [_SEGMENT.fullmatch(part) for part in address.split("/")]
    if not all(found):
        raise ValueError(f"`{address}` is no address of a step")
    return [(one[1], None if one[2] is None else int(one[2])) for one in found if one is not None]


def read_pins(flow: str | os.PathLike[str]) -> PinFile:
    """The pins of a flow; none if there is no file. What is wrong with the file is in `problems`."""
    path = pins_path(flow)
    file = PinFile(path)
    problems = Problems(str(path))
    try:
        if path.stat().st_size > MAX_BYTES:
            problems.error("too-large", f"the file has more than {MAX_BYTES // 1_000_000} MB", NOWHERE)
        else:
            read_text(path.read_bytes().decode("utf-8-sig"), file.pins, problems)
        file.exists = True
    except FileNotFoundError:
        return file
    except UnicodeDecodeError:
        problems.error("invalid-utf8", "the file is no valid UTF-8; save it as UTF-8", Span(1, 1, 1, 1))
    except OSError as error:
        problems.error("unreadable", f"{path} can't be read: {error.strerror}", NOWHERE)
    file.problems = problems.in_order()
    return file


def read_text(text: str, pins: dict[str, Pin], problems: Problems) -> None:
    """Put the pins that a text holds into `pins`, and what is wrong with it into `problems`."""
    from yaml import YAMLError

    from flowlang.debugger.pin_values import loader_of

    try:
        if is_too_intricate(text, problems):
            return
        loader = loader_of(text)
        root = loader.get_single_node()
    except YAMLError as error:
        problems.error("syntax", f"this is not valid YAML: {sentence_of(error)}", error_span(error))
        return
    if root is None or (root.id == "scalar" and not root.value):
        return
    if root.id != "mapping":
        problems.error("pins-shape", "a pins file is a map of steps to what they give", _span(root))
        return
    for key, node in root.value:
        pin = _Reader(loader, problems, key.value if key.id == "scalar" else "", _span(key)).pin(node)
        if pin is None:
            continue
        if pin.address in pins:
            first = pins[pin.address].at
            problems.error("duplicate-key", f"`{pin.address}` is pinned in line {first.line} already", pin.at)
        else:
            pins[pin.address] = pin


class _Reader:
    """Reads the pin of one step."""

    def __init__(self, loader: Any, problems: Problems, address: str, at: Span) -> None:
        self._loader = loader
        self._problems = problems
        self._address = address
        self._at = at
        self._good = True

    def pin(self, node: Any) -> Pin | None:
        """The pin; None if something is wrong with it, which has been told."""
        try:
            segments_of(self._address)
        except ValueError:
            self._wrong("pin-address", "a step is named by its id, or as in `orders/ship`, `orders[3]/ship`", self._at)
            return None
        if node.id != "mapping":
            self._wrong("pins-shape", f"`{self._address}` takes a map with `output` or `error`", _span(node))
            return None
        entries = {name: (at, value) for name, at, value in self._entries(node, _KEYS)}
        if self._good and "output" not in entries and "error" not in entries:
            self._wrong("pins-shape", f"`{self._address}` has neither `output` nor `error`", self._at)
        facts: dict[str, Any] = {}
        if "output" in entries:
            value = entries["output"][1]
            facts.update(has_output=True, output=self._value(value), output_at=_span(value))
        if "error" in entries:
            facts["error"] = self._error(entries["error"][1])
        for name, fact, kind in (("from", "run", str), ("note", "note", str), ("enabled", "enabled", bool)):
            if name in entries:
                facts[fact] = self._typed(name, entries[name][1], kind)
        return Pin(self._address, at=self._at, **facts) if self._good else None

    def _error(self, node: Any) -> PinnedError | None:
        if node.id != "mapping":
            self._wrong("pins-shape", "`error` takes a map with `type` and `message`", _span(node))
            return None
        entries = {name: value for name, _, value in self._entries(node, _ERROR_KEYS)}
        kind = self._typed("type", entries["type"], str) if "type" in entries else "FlowExecutionError"
        message = self._typed("message", entries["message"], str) if "message" in entries else "pinned to fail"
        attempts = self._typed("attempts", entries["attempts"], int) if "attempts" in entries else None
        if kind is not None and not _CLASS.fullmatch(kind):
            self._wrong(
                "pins-shape", f"`{kind}` is no name of an error, such as `TimeoutError`", _span(entries["type"])
            )
        if attempts is not None and attempts < 1:
            self._wrong("pins-shape", "`attempts` is a whole number from 1", _span(entries["attempts"]))
        return PinnedError(kind or "", message or "", attempts)

    def _entries(self, node: Any, known: tuple[str, ...]) -> Iterator[tuple[str, Span, Any]]:
        seen: set[str] = set()
        for key, value in node.value:
            name = key.value if key.id == "scalar" else ""
            if name not in known:
                self._wrong(
                    "unknown-key",
                    f"there is no key `{name}` here; there are {', '.join(f'`{one}`' for one in known)}",
                    _span(key),
                    nearest(name, known),
                )
            elif name in seen:
                self._wrong("duplicate-key", f"`{name}` stands twice in this map", _span(key))
            else:
                seen.add(name)
                yield name, _span(key), value

    def _value(self, node: Any) -> Any:
        from yaml.constructor import ConstructorError

        try:
            return self._loader.construct_object(node, deep=True)
        except ConstructorError as error:
            self._wrong("pin-value", sentence_of(error), error_span(error))
        except (ValueError, TypeError) as error:
            self._wrong("pin-value", f"this value can't be read: {error}", _span(node))
        return None

    def _typed(self, name: str, node: Any, kind: type) -> Any:
        value = self._value(node)
        if value is not None and type(value) is not kind:
            wanted = {str: "text", bool: "true or false", int: "a whole number"}[kind]
            self._wrong("pins-shape", f"`{name}` must be {wanted}", _span(node))
        return value if value is not None else kind()

    def _wrong(self, code: str, message: str, span: Span, suggestion: str | None = None) -> None:
        self._good = False
        self._problems.error(code, message, span, suggestion=suggestion)


def is_too_intricate(text: str, problems: Problems) -> bool:
    """Whether a text nests too deep for libyaml, or repeats parts of itself."""
    from yaml import CSafeLoader, parse
    from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    from flowlang.debugger.pin_values import MAX_DEPTH

    depth = 0
    for event in parse(text, Loader=CSafeLoader):
        if isinstance(event, AliasEvent):
            problems.error("alias", "such a file has no aliases (`*`); write the value out", _span(event))
            return True
        if isinstance(event, CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH + 2:
                problems.error("too-deep", f"the text nests deeper than {MAX_DEPTH} levels", _span(event))
                return True
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
    return False


def _span(node: Any) -> Span:
    start, end = node.start_mark, node.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def error_span(error: Any) -> Span:
    """Where YAML says that it is."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return Span(1, 1, 1, 1) if mark is None else Span(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)


def sentence_of(error: Any) -> str:
    """What YAML says is wrong."""
    problem = getattr(error, "problem", None) or str(error)
    unknown = re.search(r"could not determine a constructor for the tag '(.*)'", problem)
    if unknown:
        from flowlang.debugger.pin_values import TAGS

        return f"there is no tag `{unknown[1]}`; there are {', '.join(f'`{tag}`' for tag in TAGS)}"
    return str(problem)


def as_data(pin: Pin) -> Mapping[str, Any]:
    """A pin as the file says it, with the keys that it has."""
    data: dict[str, Any] = {}
    if pin.has_output:
        data["output"] = pin.output
    if pin.error is not None:
        data["error"] = {"type": pin.error.type, "message": pin.error.message}
        if pin.error.attempts is not None:
            data["error"]["attempts"] = pin.error.attempts
    if pin.run is not None:
        data["from"] = pin.run
    if pin.note is not None:
        data["note"] = pin.note
    if not pin.enabled:
        data["enabled"] = False
    return data
