"""What an editor offers for a flow: completion, documentation, navigation, renaming, an outline, quick fixes.

A text is analysed once (`analyse`), off the screen's thread; all services take that analysis and the text as it is
now, which may be a few keys ahead. Lines and columns count from 1, in characters.
"""

from __future__ import annotations

from flowlang.language.assist.analysis import Analysis, analyse
from flowlang.language.assist.completion import Completion, complete
from flowlang.language.assist.edits import Location, TextEdit, apply_edits
from flowlang.language.assist.fixes import Fix, quick_fixes
from flowlang.language.assist.hover import Hover, hover
from flowlang.language.assist.navigation import definition, references, task_location
from flowlang.language.assist.outline import OutlineItem, outline, step_at
from flowlang.language.assist.rename import RenameError, rename, renameable

__all__ = [
    "Analysis",
    "Completion",
    "Fix",
    "Hover",
    "Location",
    "OutlineItem",
    "RenameError",
    "TextEdit",
    "analyse",
    "apply_edits",
    "complete",
    "definition",
    "hover",
    "outline",
    "quick_fixes",
    "references",
    "rename",
    "renameable",
    "step_at",
    "task_location",
]
