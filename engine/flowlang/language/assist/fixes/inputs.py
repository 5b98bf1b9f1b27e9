"""Inputs that are read and not declared, or given and not taken."""

from __future__ import annotations

from collections.abc import Iterator

from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.edits import TextEdit, insertion
from flowlang.language.assist.entries import add_below, add_entry, end_of
from flowlang.language.assist.fixes.fix import Fix
from flowlang.language.assist.fixes.keys import needless_key
from flowlang.language.diagnostics import Diagnostic
from flowlang.language.nodes import Mapping, Sequence
from flowlang.language.vocabulary import FLOW_KEYS


def unknown_input(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """One that is read can be declared; one that is given to a subflow has nobody to take it."""
    start = analysis.offsets.range(problem.span)[0]
    is_read = analysis.text[:start].rstrip("[\"' ").endswith(("inputs.", "inputs"))
    return (undeclared_input if is_read else needless_key)(analysis, problem)


def undeclared_input(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """Declare it. A flow that declares none so far gets all that it reads, because the rest would be wrong then."""
    name = analysis.offsets.slice(problem.span)
    root = analysis.flow.node
    if root is None or not name.isidentifier() or "${" not in analysis.text:
        return
    section = root.entries.get("inputs")
    names = [name] if section is not None else _inputs_read(analysis)
    title = f"Declare the input{'s' if len(names) > 1 else ''} {', '.join(f'`{one}`' for one in names)}"
    items = [f"- name: {one}" for one in names]
    if section is None:
        yield Fix(title, [_new_section(analysis, root, "\n".join(["inputs:", *(f"  {item}" for item in items)]))])
        return
    key, value = section
    offsets = analysis.offsets
    if isinstance(value, Sequence) and value.items:
        last = value.items[-1]
        start = value.span.column - 1
        if offsets.slice(value.span).startswith("["):
            yield Fix(title, [insertion(last.span.end_line, last.span.end_column, f", {{name: {name}}}")])
        else:
            yield Fix(title, [add_below(offsets, end_of(offsets.text, key, last), start, "\n".join(items))])
    elif isinstance(value, Mapping) and value.entries:
        yield Fix(title, [add_entry(offsets, value, f"{name}: {{}}", f"{name}: {{}}")])
    elif not offsets.slice(value.span).strip():
        yield Fix(title, [add_below(offsets, offsets.range(key.span)[1], 2, "\n".join(items))])


def _inputs_read(analysis: Analysis) -> list[str]:
    found = [value.reads for step in analysis.steps for value in step.values()]
    found += [output.value.reads for output in analysis.flow.outputs]
    names = [read.path[0] for reads in found for read in reads if read.root == "inputs" and read.path]
    return list(dict.fromkeys(str(name) for name in names if not str(name).startswith("_")))


def _new_section(analysis: Analysis, root: Mapping, block: str) -> TextEdit:
    """A section of the flow, put where the order of the language has it: behind what comes before `inputs`."""
    before = [key.name for key in FLOW_KEYS[: [key.name for key in FLOW_KEYS].index("inputs")]]
    earlier = [entry for name, entry in root.entries.items() if name in before]
    if not earlier:
        return insertion(1, 1, f"{block}\n")
    key, value = earlier[-1]
    return add_below(analysis.offsets, end_of(analysis.text, key, value), 0, block)
