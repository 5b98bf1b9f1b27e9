"""The documentation tells the truth: flows are checked and run, tables and links compared with what there is."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import yaml

from flowlang import FlowExecutor, TaskRegistry, check
from flowlang.connections.discovery import Plugins
from flowlang.language.codes import CODES
from flowlang.language.diagnostics import Problems
from flowlang.language.reference import TABLES, fill
from flowlang.language.schema import json_schema
from flowlang.language.source import read_text
from flowlang.runtime.catalog import ProjectCatalog
from flowlang.tasks.loader import load_registry

ROOT = Path(__file__).parent.parent
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", *sorted((ROOT / "sample_projects").glob("*/*.md"))]

_BLOCK = re.compile(r"^```(\w*) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `(.+)` \| `(.+)` \|$", re.MULTILINE)
_EXPRESSIONS = re.compile(r"^\| expression \| gives \|\n\|---\|---\|\n((?:\|.*\n)+)", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of a page: its language, the words after that, its text, and the block that follows."""

    page: Path
    language: str
    words: str
    text: str
    next: Block | None

    @property
    def is_flow(self) -> bool:
        return self.language == "yaml" and self.text.startswith("flow:")

    @property
    def name(self) -> str:
        return self.text.split("\n", 1)[0].removeprefix("flow:").strip()

    @property
    def has_deliberate_mistakes(self) -> bool:
        return self.next is not None and self.next.text.startswith(f"$ flowlang check {self.name}.yaml")

    @property
    def shows_outputs(self) -> bool:
        return self.next is not None and self.next.language == "json"


def blocks_of(page: Path) -> list[Block]:
    blocks: list[Block] = []
    for found in reversed(list(_BLOCK.finditer(page.read_text(encoding="utf-8")))):
        blocks.insert(0, Block(page, found[1], found[2], found[3], blocks[0] if blocks else None))
    return blocks


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
FLOWS = [pytest.param(block, id=f"{block.page.stem}-{block.name}") for block in BLOCKS if block.is_flow]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project's folder."""
    (tmp_path / ".flowlang").mkdir()
    return tmp_path


def write_project(folder: Path, page: Path) -> None:
    """The files that a page shows, as a reader would save them."""
    for block in blocks_of(page):
        if block.is_flow:
            (folder / f"{block.name}.yaml").write_text(block.text, encoding="utf-8")
        elif block.language == "python" and "def create_task_registry" in block.text:
            (folder / "flow.py").write_text(block.text, encoding="utf-8")
        elif block.language == "python" and block.words == "plugin":
            plugin = folder / "plugins" / "shown"
            plugin.mkdir(parents=True)
            (plugin / "__init__.py").write_text(block.text, encoding="utf-8")


@pytest.mark.parametrize("block", FLOWS)
def test_a_flow_that_is_shown_has_no_problems_but_those_that_are_told(block: Block, project: Path) -> None:
    write_project(project, block.page)
    if not block.has_deliberate_mistakes:
        assert [str(problem) for problem in check(project / f"{block.name}.yaml")] == []
        return
    assert block.next is not None
    command, _, told = block.next.text.partition("\n")
    run = subprocess.run(
        [sys.executable, "-m", *command.removeprefix("$ ").split()], cwd=project, capture_output=True, text=True
    )
    assert run.stdout + run.stderr == told


@pytest.mark.parametrize("block", [flow for flow in FLOWS if flow.values[0].shows_outputs])  # type: ignore[union-attr]
async def test_a_flow_gives_what_is_shown_below_it(block: Block, project: Path) -> None:
    assert block.next is not None
    write_project(project, block.page)
    tasks = project / "flow.py"
    executor = FlowExecutor(load_registry(tasks) if tasks.exists() else None, env={})
    result = await executor.execute_flow(project / f"{block.name}.yaml")
    assert result.error is None
    assert result.to_dict()["outputs"] == json.loads(block.next.text)


@pytest.mark.parametrize("block", FLOWS)
def test_a_flow_that_is_shown_fits_the_schema_for_editors(block: Block, project: Path) -> None:
    write_project(project, block.page)
    tasks = project / "flow.py"
    catalog = ProjectCatalog(load_registry(tasks) if tasks.exists() else TaskRegistry(), Plugins(project))
    validator = jsonschema.Draft202012Validator(json_schema(catalog))
    data = read_text(block.text, Problems()).root
    assert data is not None
    assert validator.is_valid(data.data) is not block.has_deliberate_mistakes


def examples(page: Path) -> list[tuple[str, Any]]:
    text = page.read_text(encoding="utf-8")
    rows = [row for table in _EXPRESSIONS.findall(text) for row in _ROW.findall(table)]
    return [(expression.replace("\\|", "|"), json.loads(value)) for expression, value in rows]


async def test_every_expression_that_is_shown_gives_what_stands_beside_it() -> None:
    page = ROOT / "docs" / "language.md"
    values = next(yaml.safe_load(block.text) for block in blocks_of(page) if block.words == "values")
    shown = dict(examples(page))
    assert len(shown) > 30
    outputs = {str(number): f"${{{expression}}}" for number, expression in enumerate(shown)}
    flow = {
        "flow": "Examples",
        "inputs": [{"name": name} for name in values],
        "steps": [{"exit": {"outputs": outputs}}],
    }
    result = await FlowExecutor().execute_flow(flow, values)
    assert result.error is None
    assert dict(zip(shown, result.outputs.values(), strict=True)) == shown


def test_the_tables_of_the_reference_are_up_to_date() -> None:
    page = ROOT / "docs" / "language.md"
    text = page.read_text(encoding="utf-8")
    assert fill(text) == text, "run: python -m flowlang.language.reference docs/language.md"
    assert set(re.findall(r"<!-- table: (\S+) -->", text)) == TABLES.keys()


def test_every_code_that_a_problem_is_told_with_has_its_meaning() -> None:
    told: set[str] = set()
    for module in (ROOT / "engine").rglob("*.py"):
        for call in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                first = call.args[0] if call.args else None
                if call.func.attr in ("error", "warning") and isinstance(first, ast.Constant):
                    told |= set(re.findall(r"^[a-z0-9-]+$", str(first.value)))
    assert "unknown-key" in told
    assert told <= CODES.keys()


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link
