"""The codes of all diagnostics, each with what it means."""

from __future__ import annotations

from typing import Final

CODES: Final[dict[str, str]] = {
    # reading the text
    "unreadable": "The file is not there, is no file, or may not be read.",
    "too-large": "The text has more than 5 MB, or more values than a flow may have.",
    "invalid-utf8": "The text is not valid UTF-8.",
    "control-character": "A character stands in the text that no text file should hold.",
    "syntax": "The text is not valid YAML at this place.",
    "tab": "A tab indents a line.",
    "indentation": "The indentation of a line fits none of the lines above it.",
    "missing-space": "A `:` after a key is not followed by a space.",
    "unclosed-quote": "A quote is opened and never closed.",
    "unclosed-bracket": "A `[` or `{` is opened and never closed, or a `,` is missing inside.",
    "invalid-escape": "A backslash in a double-quoted text starts no known escape.",
    "too-deep": "Lists and maps nest deeper than 100 levels.",
    "too-many-aliases": "The aliases expand to more than 100,000 values.",
    "recursive-anchor": "An alias stands inside the value that it repeats.",
    "unknown-anchor": "An alias names an anchor that does not stand before it.",
    "invalid-merge": "A merge key `<<` is given something else than maps.",
    "tag": "A YAML tag; text that starts with `!` needs quotes.",
    "several-documents": "The file holds more than one YAML document.",
    "invalid-number": "A number has more digits than can be read.",
    "invalid-key": "A key is empty, or is a list or map.",
    "too-many-problems": "Reading was given up, because every further line adds a problem.",
    "duplicate-key": "A key stands twice in one map.",
    # the shape of the flow
    "empty-flow": "There is nothing in the file.",
    "unknown-key": "A key that means nothing at this place.",
    "missing-key": "A key that must be there is not.",
    "missing-value": "A key stands there without a value.",
    "wrong-type": "A value has another shape than its key takes.",
    "invalid-choice": "A value is not one of those that its key takes.",
    "out-of-range": "A number is smaller or larger than its key takes.",
    "invalid-duration": "A value is no duration.",
    "not-literal": "An expression stands where the value must be known before the run.",
    "conflicting-keys": "Two keys that mean the same, or exclude each other, stand together.",
    "no-kind": "Nothing tells what a step does.",
    "two-kinds": "A step has the keys of two kinds of step.",
    "empty-steps": "A list that needs at least one step has none.",
    "invalid-name": "A name has characters that names cannot have.",
    "duplicate-id": "Two steps that can both run have the same id.",
    "reserved-id": "An id or loop variable has a name that means something else in expressions.",
    "name-clash": "A loop variable has the name of a step.",
    "duplicate-input": "Two inputs have the same name.",
    "duplicate-output": "Two outputs have the same name.",
    "invalid-default": "The default of an input does not fit its type or its `enum`.",
}
