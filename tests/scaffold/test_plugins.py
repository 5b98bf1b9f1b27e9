"""A scaffolded plugin works as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flowlang import FlowExecutor, check
from flowlang.connections.contract import verify
from flowlang.connections.discovery import Plugins
from flowlang.scaffold import ScaffoldError, new_project, plugin_skeleton


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return new_project(tmp_path / "shop", "empty").flow.parent


async def test_it_keeps_the_contract_also_with_a_service(project: Path) -> None:
    plugin_skeleton(project, "Key store")
    entry = Plugins(project).get("key_store")
    assert entry is not None
    assert entry.error is None
    assert entry.plugin is not None
    executor = FlowExecutor(folder=project)
    results = await verify(entry.plugin, config={"space": "mine"}, live=True, run=executor.execute_flow)
    await executor.close()
    assert [(result.name, result.message) for result in results if result.status == "failed"] == []
    assert sum(result.status == "ok" for result in results) > 50


def test_the_command_verifies_it(project: Path) -> None:
    plugin_skeleton(project, "notes")
    command = [sys.executable, "-m", "flowlang", "connection", "verify", "notes"]
    ran = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr


async def test_a_flow_of_the_project_can_use_it(project: Path) -> None:
    plugin_skeleton(project, "notes")
    flow = project / "flow.yaml"
    flow.write_text(
        "flow: a\nconnections: {n: {type: notes, space: mine, limit: 1}}\nsteps:\n"
        "  - notes_set: {key: a, value: {b: 1}}\n"
        "  - notes_get: {key: a, id: read}\noutputs:\n  value: ${read.value}\n"
    )
    assert check(flow) == []
    executor = FlowExecutor()
    result = await executor.execute_flow(flow)
    await executor.close()
    assert result["value"] == {"b": 1}


def test_taken_names_are_refused_and_nothing_is_overwritten(project: Path) -> None:
    for name in ("sqlite", "postgresql", "Redis tools"):
        with pytest.raises(ScaffoldError):
            plugin_skeleton(project, name)
    written = plugin_skeleton(project, "notes")
    written[0].write_text("mine")
    with pytest.raises(ScaffoldError, match="there already"):
        plugin_skeleton(project, "notes")
    assert written[0].read_text() == "mine"
