"""Creates what somebody begins with: projects, flows, tasks, plugins. Nothing is ever overwritten."""

from __future__ import annotations

from flowlang.scaffold.errors import ScaffoldError
from flowlang.scaffold.plugins import plugin_skeleton
from flowlang.scaffold.projects import TEMPLATES, Created, Template, new_flow, new_project
from flowlang.scaffold.stubs import task_stub

__all__ = [
    "TEMPLATES",
    "Created",
    "ScaffoldError",
    "Template",
    "new_flow",
    "new_project",
    "plugin_skeleton",
    "task_stub",
]
