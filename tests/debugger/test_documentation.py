"""docs/debugger.md: its program prints what it says, and its tables name what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from flowlang.debugger import Breakpoint, Debugger, Stop

PAGE = (Path(__file__).parents[2] / "docs" / "debugger.md").read_text(encoding="utf-8")


def names_in(title: str) -> list[str]:
    """The names in the first column of the table with this title."""
    table = PAGE.split(f"| `{title}` | |\n", 1)[1].split("\n\n", 1)[0]
    cells = [line.split("|")[1] for line in table.splitlines()[1:]]
    return [name for cell in cells for name in re.findall(r"`(?:await )?(\w+)", cell)]


def test_the_program_prints_what_the_page_says(tmp_path: Path) -> None:
    [(program, printed)] = re.findall(r"```python\n(.*?)```\n\nprints `(.*?)`", PAGE, re.DOTALL)
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert (ran.stdout.strip(), ran.stderr) == (printed, "")


def test_the_tables_name_what_there_is() -> None:
    debugger = Debugger()
    assert [name for name in names_in("Debugger") if not hasattr(debugger, name)] == []
    source = Path(sys.modules[Stop.__module__].__file__ or "").read_text()
    missing = [name for name in names_in("Stop") if not hasattr(Stop, name) and f"self.{name}" not in source]
    assert missing == []
    assert len(names_in("Stop")) > 20


def test_every_field_of_a_breakpoint_is_described() -> None:
    table = PAGE.split("## Breakpoints", 1)[1].split("\n\nConditions", 1)[0]
    described = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert set(described) == {field.name for field in fields(Breakpoint)} - {"enabled"}
