"""The configuration of a connection that a flow declares, outside of any run: to test it, to show where it leads."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flowlang.environment import Environment
from flowlang.language.expressions import compile_values, evaluation_error
from flowlang.language.model import Connection, Flow, Value


def declared_config(connection: Connection, flow: Flow, folder: Path, root: Path) -> dict[str, Any]:
    """The configuration with its expressions evaluated; inputs have their defaults.

    The flow was checked. `folder` is that of its file and `root` that of the project, for `.env`. Raises
    ExpressionError for a value that cannot be computed now, such as one that reads a variable that is not set.
    """
    compile_values(connection.config.values())
    inputs = {declared.name: declared.default for declared in flow.inputs or () if declared.has_default}
    frame = SimpleNamespace(v={}, up=None, inputs=inputs, env=Environment.load(folder, root), context={})
    return {key: _evaluated(value, frame) for key, value in connection.config.items()}


def _evaluated(value: Value, frame: SimpleNamespace) -> Any:
    assert value.run is not None, "it was compiled"
    try:
        return value.run(frame)
    # whatever a compiled expression raises is told as an error of the expression, as in a run
    except Exception as error:
        raise evaluation_error(error, value) from error
