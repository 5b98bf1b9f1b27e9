"""Gives a step, an input, a loop variable or a connection another name, everywhere in its flow."""

from __future__ import annotations

from collections.abc import Iterator

from flowlang.errors import FlowLangError
from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.edits import TextEdit
from flowlang.language.assist.entries import add_below, add_entry
from flowlang.language.assist.navigation import uses
from flowlang.language.assist.occurrences import Occurrence, occurrences
from flowlang.language.assist.subject import Subject, subject_at
from flowlang.language.diagnostics import Span
from flowlang.language.model import Output, Step, TaskStep
from flowlang.language.nodes import Mapping, Scalar
from flowlang.language.parse_fields import IDENTIFIER
from flowlang.language.vocabulary import RESERVED

_WHAT = {"step": "step", "input": "input", "variable": "loop variable", "connection": "connection"}


class RenameError(FlowLangError):
    """A name cannot be changed as asked; nothing was changed."""


def renameable(analysis: Analysis, text: str, line: int, column: int) -> tuple[str, Span] | None:
    """The name at a place that `rename` can change, with its span; None if there is none."""
    subject = _subject(analysis, text, line, column)
    return None if subject is None else (subject.name, subject.span)


def rename(analysis: Analysis, text: str, line: int, column: int, new_name: str) -> list[TextEdit]:
    """The edits that change the name at a place, wherever it is used. `text` must be the one that was analysed.

    Raises RenameError where nothing at the place can be renamed, or the new name cannot be.
    """
    if text != analysis.text:
        raise RenameError("the text has changed since it was checked", hint="Try again in a moment.")
    subject = _subject(analysis, text, line, column)
    if subject is None:
        raise RenameError(
            "nothing here can be renamed",
            hint="Put the cursor on the name of a step, input, loop variable or connection.",
        )
    if new_name == subject.name:
        return []
    _check_new(analysis, subject, new_name)
    found = uses(analysis, text, subject)
    edits = [edit for one in found for edit in _renamed(analysis, one, new_name)]
    if subject.kind == "step" and not any(one.defines for one in found):
        edits.append(_id_written_down(analysis, analysis.by_id[subject.name], new_name))
    return sorted(edits, key=lambda edit: edit.span)


def _subject(analysis: Analysis, text: str, line: int, column: int) -> Subject | None:
    subject = subject_at(analysis, text, line, column)
    if subject is None:
        return None
    if subject.kind == "field" and subject.path[0] == "inputs":
        return None
    known = {
        "step": subject.name in analysis.by_id,
        "input": any(one.name == subject.name for one in analysis.flow.inputs or ()),
        "variable": True,
        "connection": subject.name in analysis.flow.connections,
    }
    return subject if known.get(subject.kind) else None


def _check_new(analysis: Analysis, subject: Subject, new_name: str) -> None:
    if IDENTIFIER.fullmatch(new_name) is None:
        raise RenameError(
            f"`{new_name}` cannot be a name", hint="Use letters, digits and `_` only, and no digit first."
        )
    if subject.kind in ("step", "variable") and new_name in RESERVED:
        raise RenameError(f"`{new_name}` means something else in expressions", hint="Choose another name.")
    kinds = {"step", "variable"} if subject.kind in ("step", "variable") else {subject.kind}
    taken = next(
        (one for one in occurrences(analysis) if one.defines and one.kind in kinds and one.name == new_name), None
    )
    if taken is not None:
        raise RenameError(
            f"there is a {_WHAT[taken.kind]} `{new_name}` already, in line {taken.span.line}",
            hint="Choose another name.",
        )
    if subject.kind in ("step", "variable") and new_name in analysis.by_id:
        line = analysis.by_id[new_name].line
        raise RenameError(
            f"the step in line {line} is called `{new_name}` already, after its task", hint="Choose another name."
        )


def _renamed(analysis: Analysis, one: Occurrence, new_name: str) -> Iterator[TextEdit]:
    """The edits of one occurrence. An output that is named after a step keeps its own name."""
    output = next((each for each in analysis.flow.outputs if each.span == each.value.node.span == one.span), None)
    if output is None:
        yield TextEdit(one.span, _quoted_as_before(analysis, one, new_name))
    else:
        yield _value_written_down(analysis, output, f"${{{new_name}}}")


def _quoted_as_before(analysis: Analysis, one: Occurrence, new_name: str) -> str:
    before = analysis.offsets.slice(one.span)
    return f"{before[0]}{new_name}{before[0]}" if before[:1] in ("'", '"') else new_name


def _value_written_down(analysis: Analysis, output: Output, value: str) -> TextEdit:
    """`- total` becomes `- total: ${new}`; `name: total` gets a `value` below it."""
    root = analysis.flow.node
    section = root.get("outputs") if root is not None else None
    for item in getattr(section, "items", ()):
        if isinstance(item, Mapping) and item.entries.get("name", (None, None))[1] is output.value.node:
            return add_entry(analysis.offsets, item, f"value: {value}", f'value: "{value}"', "name")
    written = f"{output.name}: {value}"
    before = analysis.offsets.text[: analysis.offsets.range(output.span)[0]].rstrip(" ")
    return TextEdit(output.span, written if before.endswith("-") else f"{{{output.name}: {value}}}")


def _id_written_down(analysis: Analysis, step: Step, id: str) -> TextEdit:
    """The `id` of a step that had none of its own."""
    offsets, entry = analysis.offsets, f"id: {id}"
    node = step.node
    if isinstance(step, TaskStep) and step.builtin_form:
        inside = node.get(step.key.value) if isinstance(node, Mapping) else None
        if isinstance(inside, Mapping):
            return add_entry(offsets, inside, entry, entry)
        return add_below(offsets, offsets.range(step.key.span)[1], step.key.span.column + 1, entry)
    if isinstance(node, Mapping):
        value = node.entries[step.key.value][1]
        return add_entry(offsets, node, entry, entry, step.key.value if isinstance(value, Scalar) else None)
    raise RenameError("a step that is one word has no place for an id", hint="Write it as a map first.")
