"""What a picture of steps is painted in, and what stands where there are none."""

from __future__ import annotations

from typing import Final

from flowlang_tui.actions import BY_NAME, key_name

#: The names of its parts; `step-graph--…` are their component classes.
PARTS: Final = (
    *("box", "frame", "edge", "taken", "label", "detail", "badge", "branch", "title", "selected", "row", "related"),
    *("critical", "pending", "running", "retrying", "succeeded", "failed", "skipped", "cancelled", "unknown", "missed"),
    *("stopped", "breakpoint", "empty"),
)

CSS: Final = """
StepGraph {
    height: 1fr;
    scrollbar-gutter: stable;
    scrollbar-size-vertical: 1;
    & > .step-graph--box { color: $foreground 50%; }
    & > .step-graph--frame { color: $foreground 50%; }
    & > .step-graph--edge { color: $foreground 50%; }
    & > .step-graph--taken { color: $success; }
    & > .step-graph--label { color: $foreground; text-style: bold; }
    & > .step-graph--detail { color: $foreground 75%; }
    & > .step-graph--badge { color: $foreground 80%; }
    & > .step-graph--branch { color: $secondary; text-style: italic; }
    & > .step-graph--title { color: $secondary; text-style: bold; }
    & > .step-graph--pending { color: $foreground 70%; }
    & > .step-graph--running { color: $warning; }
    & > .step-graph--retrying { color: $warning; text-style: bold; }
    & > .step-graph--succeeded { color: $success; }
    & > .step-graph--failed { color: $error; text-style: bold; }
    & > .step-graph--skipped { color: $foreground 60%; }
    & > .step-graph--cancelled { color: $warning; }
    & > .step-graph--unknown { color: $warning; text-style: bold; }
    & > .step-graph--missed { color: $foreground 62%; text-style: not bold; }
    & > .step-graph--stopped { color: $text-warning; text-style: bold; }
    & > .step-graph--breakpoint { color: $text-error; text-style: bold; }
    & > .step-graph--related { color: $accent; }
    & > .step-graph--critical { text-style: bold; }
    & > .step-graph--selected { color: $primary; text-style: bold; }
    & > .step-graph--row { background: $primary 30%; }
    & > .step-graph--empty { color: $foreground 75%; }
    &:ansi > .step-graph--missed, &:ansi > .step-graph--detail { text-style: dim; }
}
"""


def empty_words() -> list[str]:
    """What stands where there are no steps: how to get some."""
    ways = {name: " or ".join(map(key_name, BY_NAME[name].key_list)) for name in ("view.editor", "flow.new")}
    return [
        "No steps yet",
        "",
        f"Press {ways['view.editor']} to write some into the text,",
        f"or {ways['flow.new']} for a flow made from a template.",
    ]
