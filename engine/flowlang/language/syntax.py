"""Says in plain words what libyaml means by its complaints, and what to leave out to read on."""

from __future__ import annotations

import re
from typing import NamedTuple

from yaml import MarkedYAMLError, YAMLError

from flowlang.language.diagnostics import Span
from flowlang.language.nodes import Mark

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NO_SPACE = re.compile(r"""\s*(?:-\s+)*[\w.$-]+(:)[^\s:/]""")
_EXPECTED = re.compile(r"did not find expected (.+)")


class Complaint(NamedTuple):
    """A syntax error. The stretch from `blank_from` to the end of its line may be blanked to read on."""

    code: str
    message: str
    span: Span
    blank_from: int


class _Place(NamedTuple):
    """A point of the text, with what stands around it. `offset`, `line` and `column` count from 0."""

    offset: int
    line: int
    column: int
    before: str
    after: str

    @property
    def char(self) -> str:
        return self.after[:1]

    @property
    def span(self) -> Span:
        return self.upto(1)

    def upto(self, length: int) -> Span:
        return Span(self.line + 1, self.column + 1, self.line + 1, self.column + 1 + length)

    @property
    def start_of_line(self) -> int:
        return self.offset - len(self.before)


def explain(error: YAMLError, text: str, innermost: Mark | None = None) -> Complaint:
    """The complaint of libyaml about `text`, in plain words; `innermost` is where the list or map around it starts."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return _character(text)
    place = _place(text, error.problem_mark)
    opened = _place(text, error.context_mark) if error.context_mark is not None else place
    context, problem = error.context or "", error.problem or ""
    if "flow node" in context and innermost is not None:
        opened = _place(text, innermost)
    for rule in (_tab, _tag, _quote, _no_key, _bracket, _mapping, _simple_key, _block, _start, _anchor):
        found = rule(context, problem, place, opened, text)
        if found is not None:
            return found
    expected = _EXPECTED.match(problem)
    what = f"expected {expected[1]} here" if expected else problem
    return Complaint("syntax", f"this can't be read as YAML: {what}", place.span, _line_or_rest(place))


def _character(text: str) -> Complaint:
    found = _CONTROL.search(text)
    if found is None:
        return Complaint("syntax", "this can't be read as YAML", Span(1, 1, 1, 1), 0)
    place = place_at(text, found.start())
    message = f"the control character U+{ord(found.group()):04X} can't stand in a flow; remove it"
    return Complaint("control-character", message, place.span, place.offset)


def _tab(context: str, problem: str, place: _Place, opened: _Place, text: str) -> Complaint | None:
    indentation = re.match(r"\s*", place.before + place.after)
    assert indentation is not None
    tab = indentation.group().find("\t")
    if tab < 0 or tab > len(place.before) or not ("token" in problem or "tab" in problem or "indentation" in problem):
        return None
    at = place_at(text, place.start_of_line + tab)
    return Complaint("tab", "a tab can't indent a line of a flow; use spaces", at.span, place.start_of_line)


def _tag(context: str, problem: str, place: _Place, opened: _Place, text: str) -> Complaint | None:
    if "tag" not in context:
        return None
    message = "text that starts with `!` is read as a YAML tag; put it in quotes"
    return Complaint("tag", message, opened.span, opened.offset)


def _quote(context: str, problem: str, place: _Place, opened: _Place, text: str) -> Complaint | None:
    if "quoted scalar" not in context:
        return None
    if "escape" in problem or "hexdecimal" in problem or "Unicode" in problem:
        written = re.match(r"\\?.", place.after)
        message = (
            f"`{written[0] if written else ''}` is no escape of a double-quoted text; write `\\\\` for a backslash, "
            "or use single quotes"
        )
        return Complaint("invalid-escape", message, place.upto(2), opened.offset)
    return Complaint("unclosed-quote", f"the quote {opened.char} is not closed", opened.span, opened.offset)


def _no_key(context: str, problem: str, place: _Place, opened: _Place, text: str) -> Complaint | None:
    if place.char != ":" or place.before.rstrip()[-1:] not in ("", *"-{[,?"):
        return None
    return Complaint("invalid-key", "there is no key before this `:`", place.span, _collection(context, place, opened))


def _bracket(context: str, problem: str, place: _Place, opened: _Place, text: str) -> Complaint | None:
    if "flow sequence" not in context and "flow mapping" not in context:
        return None
    closing = "]" if "sequence" in context else "}"
    if place.line == opened.line and place.after.strip():
        message = f"expected `,` or `{closing}` here"
        return Complaint("unclosed-bracket", message, place.span, opened.offset)
    return Complaint("unclosed-bracket", f"the bracket `{opened.char}` is not closed", opened.span, opened.offset)


def _mapping(context: str, problem: str, place: _Place, opened: _Place, text: str) -> Complaint | None:
    if "mapping values are not allowed" not in problem:
        return None
    if re.search(r":\s", place.before):
        message = "a second `: ` in one line; put the value in quotes"
        return Complaint("syntax", message, place.span, place.offset)
    return _missing_space(place, text) or _indentation(place)


def _missing_space(place: _Place, text: str) -> Complaint | None:
    lines = text[: place.start_of_line].rstrip().rsplit("\n", 1)
    found = _NO_SPACE.match(lines[-1])
    if found is None or re.search(r":\s", lines[-1]):
        return None
    start = len(text[: place.start_of_line].rstrip()) - len(lines[-1])
    at = place_at(text, start + found.start(1))
    indentation = len(lines[-1]) - len(lines[-1].lstrip())
    return Complaint("missing-space", "a space is missing after this `:`", at.span, start + indentation)


def _simple_key(context: str, problem: str, place: _Place, opened: _Place, text: str) -> Complaint | None:
    if "simple key" not in context:
        return None
    word = opened.after.strip()[:40]
    found = _NO_SPACE.match(opened.before + opened.after)
    if found is not None:
        at = place_at(text, opened.start_of_line + found.start(1))
        return Complaint("missing-space", "a space is missing after this `:`", at.span, opened.offset)
    message = f"`{word}` is neither a `key: value` nor a part of what stands around it"
    return Complaint("syntax", message, opened.upto(len(opened.after.rstrip())), opened.offset)


def _block(context: str, problem: str, place: _Place, opened: _Place, text: str) -> Complaint | None:
    if "block sequence entries" in problem:
        message = "a list can't start in the line of its key; put `- ` in the next line"
        return Complaint("syntax", message, place.span, place.offset)
    if "block mapping" not in context and "block collection" not in context:
        return None
    if place.before.strip():
        message = "text after the end of a value; put the whole value in quotes"
        return Complaint("syntax", message, place.upto(len(place.after.rstrip())), place.offset)
    return _missing_space(place, text) or _indentation(place)


def _start(context: str, problem: str, place: _Place, opened: _Place, text: str) -> Complaint | None:
    if "cannot start any token" not in problem and "node content" not in problem:
        return None
    if "flow" in context and not place.char.strip() and opened.char in ("[", "{"):
        return Complaint("unclosed-bracket", f"the bracket `{opened.char}` is not closed", opened.span, opened.offset)
    if not place.char.strip():
        return Complaint("syntax", "a value is missing here", place.span, _line_or_rest(place))
    if "flow" in context:
        message = f"a value is missing before this `{place.char}`"
        return Complaint("syntax", message, place.span, _collection(context, place, opened))
    message = f"a value can't start with `{place.char}`; put it in quotes"
    return Complaint("syntax", message, place.span, place.offset)


def _anchor(context: str, problem: str, place: _Place, opened: _Place, text: str) -> Complaint | None:
    if "anchor" not in context and "alias" not in context:
        return None
    what = "an anchor" if opened.char == "&" else "an alias"
    message = f"`{opened.char}` starts {what} of YAML, whose name is missing; put text that starts so in quotes"
    return Complaint("syntax", message, opened.span, opened.offset)


def _indentation(place: _Place) -> Complaint:
    start = _whole_line(place)
    column = start - place.start_of_line
    span = Span(place.line + 1, column + 1, place.line + 1, column + 1 + len((place.before + place.after).strip()))
    message = "the indentation of this line fits none of the lines above it"
    return Complaint("indentation", message, span, start)


def _whole_line(place: _Place) -> int:
    """Where the text of the line starts."""
    return place.start_of_line + len(place.before) - len(place.before.lstrip())


def _collection(context: str, place: _Place, opened: _Place) -> int:
    """Where the list or map in brackets starts that the problem spoils; else where the line does."""
    return opened.offset if "flow" in context and opened.line == place.line else _whole_line(place)


def _line_or_rest(place: _Place) -> int:
    """The place itself, or the whole line where nothing follows it."""
    return place.offset if place.after.strip() else place.start_of_line


def _place(text: str, mark: Mark) -> _Place:
    return place_at(text, mark.index)


def place_at(text: str, index: int) -> _Place:
    """The point of `text` at `index`."""
    index = min(index, len(text))
    start = text.rfind("\n", 0, index) + 1
    end = text.find("\n", index)
    before, after = text[start:index], text[index : end if end >= 0 else len(text)]
    return _Place(index, text.count("\n", 0, start), len(before), before, after.rstrip("\r"))
