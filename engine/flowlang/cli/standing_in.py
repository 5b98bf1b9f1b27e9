"""`--pins` and `--sandbox`: steps that a file answers for, and databases that are left as they were."""

from __future__ import annotations

import os
from argparse import Namespace
from typing import TYPE_CHECKING, Final

from flowlang.cli.arguments import Parser
from flowlang.cli.terminal import Palette, inert, tell

if TYPE_CHECKING:
    from flowlang.debugger.pins import PinFile
    from flowlang.language.diagnostics import Diagnostic
    from flowlang.runtime.executor import FlowExecutor
    from flowlang.runtime.interception import Interceptor
    from flowlang.runtime.prepare import Loaded

#: How a pins file's name ends; looked for before anything of the debugger is imported.
_ENDING: Final = ".pins.yaml"


def add_options(parser: Parser) -> None:
    """`--pins` and `--sandbox`."""
    parser.add_argument("--pins", action="store_true", help="use the pins that lie beside the flow, in FLOW.pins.yaml")
    parser.add_argument(
        "--sandbox",
        action="store_true",
        help="undo what the run does to SQL databases at its end, and tell what it was",
    )


def interceptors_of(options: Namespace, flow: str, executor: FlowExecutor) -> list[Interceptor]:
    """What stands in for steps and databases in a run of the file `flow`; said on stderr unless it is to be quiet.

    Raises FlowValidationError for pins that don't fit the flow.
    """
    found: list[Interceptor] = []
    # the debugger has no such option
    quiet = getattr(options, "quiet", False)
    exists = os.path.exists(os.path.splitext(flow)[0] + _ENDING)
    if options.pins:
        from flowlang.debugger.pins import Pins, usable_pins

        file = usable_pins(flow, executor)
        if file.enabled:
            found.append(Pins(file.enabled))
        if not quiet:
            _tell_used(file)
    elif exists and not quiet:
        _tell_unused(flow)
    if options.sandbox:
        from flowlang.debugger.sandbox import Sandbox

        found.append(Sandbox())
    return found


def problems_of_pins(flow: str, loaded: Loaded) -> list[Diagnostic]:
    """What is wrong with the pins of a flow that was checked; what they must fit is known if it could run."""
    if not os.path.exists(os.path.splitext(flow)[0] + _ENDING):
        return []
    from flowlang.debugger.pins import check_pins, read_pins

    file = read_pins(flow)
    return file.problems if loaded.plan is None else check_pins(file, loaded.plan, loaded.catalog)


def _tell_used(file: PinFile) -> None:
    if file.problems:
        from flowlang.cli.problems import as_text

        tell(as_text(file.problems, Palette(None)))
    names = [pin.address for pin in file.enabled]
    if names:
        shown = names if len(names) <= 5 else [*names[:5], f"… {len(names) - 5} more"]
        tell(inert(f"{_counted(len(names), file)} used: {', '.join(shown)}"))
    else:
        tell(
            inert(f"{file.path.name} has no pins that are enabled" if file.exists else f"there is no {file.path.name}")
        )


def _tell_unused(flow: str) -> None:
    from flowlang.debugger.pins import read_pins

    file = read_pins(flow)
    if file.enabled:
        tell(inert(f"{_counted(len(file.enabled), file)} not used; --pins uses them"))


def _counted(count: int, file: PinFile) -> str:
    return f"1 pin in {file.path.name} is" if count == 1 else f"{count} pins in {file.path.name} are"
