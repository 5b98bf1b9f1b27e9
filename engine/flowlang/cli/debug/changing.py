"""The commands that change something: values, arguments, the text of the flow."""

from __future__ import annotations

import os
import subprocess
import sys
from shlex import split

from flowlang.cli.debug.at_stop import AtStop
from flowlang.cli.debug.view import change_lines
from flowlang.cli.failure import shown_path
from flowlang.cli.target import UsageError
from flowlang.cli.terminal import is_terminal
from flowlang.language.assist.edits import apply_edits


class Changing(AtStop):
    """Changing."""

    def do_set(self, rest: str) -> None:
        name, value = _assignment(rest)
        self.here.set_value(name, self.value(value))

    def do_arg(self, rest: str) -> None:
        name, value = _assignment(rest)
        self.here.set_input(name, self.value(value))

    def do_edit(self, rest: str) -> None:
        file = self.file
        self.text_of(file)
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
        if not editor or not is_terminal(sys.stdin):
            why = "there is no terminal" if editor else "neither VISUAL nor EDITOR is set"
            raise UsageError(f"{why}: change {shown_path(file)} in an editor of your own, then `redo`")
        try:
            subprocess.run([*split(editor), str(file)], check=False)
        except (OSError, ValueError) as error:
            raise UsageError(f"{editor} could not be started: {error}") from error
        self.say("`redo` runs the step with the new text.")

    def do_changes(self, rest: str) -> None:
        changes = self.debugger.changes
        self.say_all(change_lines(changes, self.palette) if changes else ["nothing was changed by hand"])

    def do_accept(self, rest: str) -> None:
        changes = self.debugger.changes
        if not rest.isdecimal() or not 0 < int(rest) <= len(changes):
            raise UsageError(f"there is no change {rest}".rstrip(), hint="`changes` lists them.")
        file = self.file
        text = self.text_of(file)
        edits = self.here.accept(changes[int(rest) - 1], text)
        from pathlib import Path

        from flowlang.connections.atomic import write_atomically

        path = Path(str(file))
        try:
            write_atomically(path, apply_edits(text, edits).encode(), path.stat().st_mode & 0o777)
        except OSError as error:
            raise UsageError(f"{file} could not be written: {error.strerror}") from error
        self.sources.forget(str(file))
        self.say(f"written into {shown_path(file)}")


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError("write NAME = VALUE")
    return name.strip(), value.strip()
