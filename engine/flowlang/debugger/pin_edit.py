"""Changes a pins file where it must, and nowhere else: comments and the order of its pins stay."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from textwrap import indent
from typing import Any, Final

from flowlang.connections.atomic import write_atomically
from flowlang.debugger.pin_file import Pin, PinFile, as_data, pins_path, read_pins, read_text
from flowlang.language.diagnostics import Problems
from flowlang.language.edit import EditError

_NEW: Final = (
    "# Steps that don't run: what they give instead, or how they fail.\n"
    "# Used in the workbench, and by `flowlang run --pins`.\n\n"
)
#: The keys of a pin that are replaced when it is pinned anew; its `note` stays unless there is another one.
_OURS: Final = ("output", "error", "from", "enabled")


def pin(flow: str | os.PathLike[str], new: Pin) -> PinFile:
    """Put a pin into the file of a flow, or change the one that it has there; the file as it is then.

    Raises ValueRefused for an output that can't be written, EditError for a file that can't be changed.
    """
    return _rewritten(flow, lambda text: pinned(text, new))


def unpin(flow: str | os.PathLike[str], address: str) -> PinFile:
    """Take a pin out of the file of a flow; a file without pins goes too. Raises EditError."""
    return _rewritten(flow, lambda text: unpinned(text, address))


def enable(flow: str | os.PathLike[str], addresses: Sequence[str], on: bool) -> PinFile:
    """Switch pins on or off in the file. Raises EditError."""

    def change(text: str) -> str:
        for address in addresses:
            text = switched(text, address, on)
        return text

    return _rewritten(flow, change)


def pinned(text: str, new: Pin) -> str:
    """The text of a pins file with a pin set. Raises ValueRefused and EditError."""
    data = as_data(new)
    before = _data(text)
    old = before.get(new.address)
    wanted = {**before, new.address: data if old is None else {**_kept(old), **data}}
    body = _block(wanted[new.address])
    entry = _Lines(text).entry([new.address])
    if entry is None:
        base = text if text.strip() else _NEW
        apart = "" if not base.endswith("\n") else "\n" if _has_blank_lines(base) and not base.endswith("\n\n") else ""
        gap = "" if base.endswith("\n") or not base else "\n"
        changed = f"{base}{gap}{apart}{_key(new.address)}:\n{indent(body, '  ')}"
    elif entry.flow_style:
        changed = _Lines(text).replaced(entry, f"{_key(new.address)}:\n{indent(body, '  ')}")
    else:
        changed = _keys_set(text, new.address, data, dict.fromkeys((*_OURS, *data)))
    return _verified(changed, wanted)


def unpinned(text: str, address: str) -> str:
    """The text without a pin, and without the comment directly above it. Raises EditError."""
    wanted = {key: value for key, value in _data(text).items() if key != address}
    lines = _Lines(text)
    entry = lines.entry([address])
    if entry is None:
        raise EditError(f"`{address}` is not pinned")
    return _verified(lines.replaced(entry.with_comment_above(lines.lines), ""), wanted)


def switched(text: str, address: str, on: bool) -> str:
    """The text with a pin enabled, or not. Raises EditError."""
    before = _data(text)
    if address not in before:
        raise EditError(f"`{address}` is not pinned")
    entry = {key: value for key, value in before[address].items() if key != "enabled"}
    changed = _keys_set(text, address, {**entry, **({} if on else {"enabled": False})}, ("enabled",))
    return _verified(changed, {**before, address: entry if on else {**entry, "enabled": False}})


class _Entry:
    """A key of a block and what belongs to it: whole lines, from `start` up to `end`."""

    def __init__(self, start: int, end: int, column: int, flow_style: bool) -> None:
        self.start = start
        self.end = end
        self.column = column
        self.flow_style = flow_style

    def with_comment_above(self, lines: Sequence[str]) -> _Entry:
        start = self.start
        while start and lines[start - 1].startswith("#"):
            start -= 1
        if start and lines[start - 1].strip():
            start = self.start  # no gap: it may speak of more than this pin
        elif start == 0 and self.start:
            start = self.start  # the head of the file
        return _Entry(start, self.end, self.column, self.flow_style)


class _Lines:
    """The lines of a text, and the entries in them by the keys that lead there."""

    def __init__(self, text: str) -> None:
        from flowlang.debugger.pin_values import loader_of

        self.text = text
        self.lines = text.splitlines(keepends=True)
        self._root = loader_of(text).get_single_node() if text.strip() else None

    def entry(self, keys: Sequence[str]) -> _Entry | None:
        """The entry at the end of these keys, or None. Raises EditError if it is not on lines of its own."""
        node, found = self._root, None
        for key in keys:
            pairs = [] if node is None or node.id != "mapping" else node.value
            if node is not None and node.id == "mapping" and node.flow_style:
                if node is self._root:
                    raise EditError("the pins are written in braces", hint="Write each on lines of its own.")
                return None
            at = next((number for number, pair in enumerate(pairs) if pair[0].value == key), None)
            if at is None:
                return None
            name, value = pairs[at]
            found = self._extent(name, value)
            node = value
        return found

    def replaced(self, entry: _Entry, lines: str) -> str:
        """The text with other lines instead of an entry's."""
        return "".join([*self.lines[: entry.start], lines, *self.lines[entry.end :]])

    def _extent(self, key: Any, value: Any) -> _Entry:
        start, column = key.start_mark.line, key.start_mark.column
        if self.lines[start][:column].strip():
            raise EditError(f"line {start + 1} holds more than one key", hint="Write each on a line of its own.")
        end = start + 1
        for number in range(start + 1, len(self.lines)):
            line = self.lines[number]
            bare = line.strip()
            margin = len(line) - len(line.lstrip())
            if bare and not bare.startswith("#"):
                if margin <= column:
                    break
                end = number + 1
            elif bare and margin > column:
                end = number + 1
        return _Entry(start, end, column, value.id == "mapping" and bool(value.flow_style))


def _keys_set(text: str, address: str, data: Mapping[str, Any], keys: Iterable[str]) -> str:
    """The text with these keys of one pin as in `data`, and without those that are not in it."""
    first = _Lines(text).entry([address])
    if first is not None and first.flow_style:
        return _Lines(text).replaced(first, f"{_key(address)}:\n{indent(_block(data), '  ')}")
    for key in keys:
        lines = _Lines(text)
        entry = lines.entry([address, key])
        if key not in data:
            text = text if entry is None else lines.replaced(entry, "")
        elif entry is not None:
            text = lines.replaced(entry, indent(_block({key: data[key]}), " " * entry.column))
        else:
            whole = lines.entry([address])
            assert whole is not None, "it has been found before"
            margin = _margin(lines.lines[whole.start + 1 : whole.end])
            before = lines.lines[: whole.end]
            if before and not before[-1].endswith("\n"):
                before[-1] += "\n"
            text = "".join([*before, indent(_block({key: data[key]}), margin), *lines.lines[whole.end :]])
    return text


def _margin(lines: Sequence[str]) -> str:
    first = next((line for line in lines if line.strip() and not line.strip().startswith("#")), "  ")
    return first[: len(first) - len(first.lstrip())]


def _kept(old: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in old.items() if key not in _OURS}


def _block(data: Mapping[str, Any]) -> str:
    """The keys of a pin, each from a line of its own, an output below its key."""
    from flowlang.debugger.pin_values import written

    parts = []
    for key, value in data.items():
        text = written(value)
        # a list or map of several lines stands below its key; all else beside it
        below = isinstance(value, (dict, list)) and value and ("\n" in text.rstrip("\n") or text[0] not in "{[")
        parts.append(f"{key}:\n{indent(text, '  ')}" if below else f"{key}: {_continued(text)}")
    return "".join(part if part.endswith("\n") else f"{part}\n" for part in parts)


def _continued(text: str) -> str:
    first, _, rest = text.partition("\n")
    return f"{first}\n{indent(rest, '  ')}" if rest else f"{first}\n"


def _key(address: str) -> str:
    from flowlang.debugger.pin_values import written

    return written(address).strip()


def _has_blank_lines(text: str) -> bool:
    return "\n\n" in text.strip()


def _data(text: str) -> dict[str, dict[str, Any]]:
    """What the text says, by address. Raises EditError for one that has problems."""
    pins: dict[str, Pin] = {}
    problems = Problems()
    read_text(text, pins, problems)
    if problems.fatal:
        first = problems.in_order()[0]
        raise EditError(f"line {first.line} of the pins file: {first.sentence}", hint="Correct the file first.")
    return {address: dict(as_data(one)) for address, one in pins.items()}


def _verified(text: str, wanted: Mapping[str, Mapping[str, Any]]) -> str:
    try:
        fits = _comparable(_data(text)) == _comparable(wanted)
    except EditError:
        fits = False
    if not fits:
        raise EditError("the pins file is written in a way that this cannot change", hint="Do it by hand instead.")
    return text


def _comparable(pins: Mapping[str, Mapping[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    # by their text: NaN is not equal to itself, and 1 is to True; YAML has no word for the second 2:30 of a night
    def shown(value: Any) -> str:
        return repr(value).replace(", fold=1", "")

    return {key: sorted((name, shown(value)) for name, value in entry.items()) for key, entry in pins.items()}


def _rewritten(flow: str | os.PathLike[str], change: Callable[[str], str]) -> PinFile:
    path = pins_path(flow)
    try:
        old = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        old = ""
    except (OSError, UnicodeDecodeError) as error:
        raise EditError(f"{path} can't be read: {error}") from error
    text = change(old.replace("\r\n", "\n"))
    try:
        if text.strip() in ("", _NEW.strip()):
            path.unlink()
        else:
            write_atomically(path, (text.replace("\n", "\r\n") if "\r\n" in old else text).encode(), mode=0o644)
    except OSError as error:
        raise EditError(f"{path} can't be written: {error.strerror}") from error
    return read_pins(flow)
