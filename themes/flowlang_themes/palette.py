"""What a theme has a colour for, and where a colour that it doesn't give comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

#: Colours that every theme gives.
COLORS: Final = {
    "background": "behind everything",
    "surface": "behind dialogs, lists and fields",
    "panel": "behind the lines at the top and the bottom",
    "text": "text",
    "muted": "text that is less important",
    "border": "frames",
    "focus": "the frame of what has the focus",
    "selection": "behind text that is selected",
    "primary": "what is chosen, buttons, keywords",
    "secondary": "a second colour beside it: keys of YAML",
    "accent": "what should catch the eye: what is running, expressions",
    "success": "what went well; strings",
    "warning": "what needs a look; numbers",
    "error": "what went wrong",
}

#: Colours that a theme may give, in groups, and the colour that stands in for each.
ROLES: Final[Mapping[str, Mapping[str, str]]] = {
    "states": {
        "pending": "muted",
        "running": "accent",
        "retrying": "warning",
        "succeeded": "success",
        "failed": "error",
        "skipped": "muted",
        "cancelled": "warning",
    },
    "syntax": {
        "key": "secondary",
        "keyword": "primary",
        "kind": "accent",
        "string": "success",
        "number": "warning",
        "constant": "warning",
        "comment": "muted",
        "brace": "accent",
        "name": "text",
        "variable": "primary",
        "function": "warning",
        "definition": "text",
        "decorator": "secondary",
        "operator": "accent",
        "punctuation": "muted",
    },
    "graph": {
        "edge": "muted",
        "box": "muted",
        "label": "text",
        "selected": "focus",
        "critical": "warning",
        "taken": "success",
        "missed": "muted",
        "frame": "muted",
        "branch": "secondary",
        "title": "secondary",
        "related": "accent",
        "row": "selection",
    },
}

_PREFIXES: Final = {"states": "state", "syntax": "syntax", "graph": "graph"}


@dataclass(frozen=True, slots=True)
class Palette:
    """A theme's colours: `#rrggbb`, or with `ansi` the sixteen of the terminal, as `ansi_bright_red`.

    `roles` has those of `ROLES` that the theme gives itself, as `state-failed`.
    """

    name: str
    title: str
    dark: bool
    ansi: bool
    colors: Mapping[str, str]
    roles: Mapping[str, str]

    @property
    def variables(self) -> dict[str, str]:
        """A colour for every role, given or not: `state-running`, `syntax-key`, `graph-edge` and so on."""
        return {
            role_name(group, role): self.roles.get(role_name(group, role), self.colors[stand_in])
            for group, roles in ROLES.items()
            for role, stand_in in roles.items()
        }


def role_name(group: str, role: str) -> str:
    """The name of a role in styles."""
    return f"{_PREFIXES[group]}-{role}"
