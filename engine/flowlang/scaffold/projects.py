"""New projects and new flows, from templates that run as they are."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, NamedTuple

from flowlang.language.diagnostics import did_you_mean
from flowlang.project import MAIN_FLOW
from flowlang.scaffold.errors import ScaffoldError
from flowlang.scaffold.files import template_files, write_new
from flowlang.scaffold.naming import snake_case

_EMPTY: Final = "flow: empty\n\nsteps:\n  - exit: {reason: nothing to do yet}\n"
_IGNORED: Final = ".env\n*.db\n*.db-*\n__pycache__/\n"
_MARKER: Final = "# Flows below this folder are one project: they can call each other and share its connections.\n"
_FLOW_KEY: Final = re.compile(r"^flow: .*$", re.MULTILINE)


class Template(NamedTuple):
    """A flow to begin with. `folder` holds its files; an empty one is the least that a flow can be."""

    name: str
    title: str
    folder: str = ""

    @property
    def files(self) -> dict[str, str]:
        """The files by name, `flow.yaml` among them."""
        return template_files(self.folder) if self.folder else {MAIN_FLOW: _EMPTY}


#: With what the names of a template's tests begin.
_TESTS: Final = "tests/"

TEMPLATES: Final = {
    template.name: template
    for template in (
        Template("empty", "the least that a flow can be"),
        Template("hello", "one task in Python, and a condition", "hello"),
        Template("api", "a service that is asked, with retries and a token", "api"),
        Template("database", "queries and a transaction in SQLite", "database"),
        Template("etl", "a CSV file that is read, checked and loaded into SQLite", "etl"),
        Template("cache-aside", "a cache before a slow database", "cache_aside"),
        Template("approval", "a request that waits for a decision", "approval"),
    )
}


class Created(NamedTuple):
    """What was created: the file of the flow, and all files with it."""

    flow: Path
    files: list[Path]


def new_project(folder: str | os.PathLike[str], template: str = "hello") -> Created:
    """Make a project in a folder, which may hold other things already; the flow has the folder's name.

    Raises ScaffoldError for a template that there is not, and when a file of the project is there already.
    """
    home = Path(os.path.abspath(folder))
    files = {
        **_named(_template(template), snake_case(home.name)),
        ".gitignore": _IGNORED,
        "flowlang.yaml": _MARKER,
    }
    if (home / ".gitignore").exists():
        del files[".gitignore"]
    return Created(home / MAIN_FLOW, write_new(home, files))


def new_flow(folder: str | os.PathLike[str], name: str, template: str = "empty") -> Created:
    """Add a flow to the project in a folder, so that other flows there can call it by its name.

    It comes without tests, as one file, `<name>.yaml`; a folder `<name>/` where the template brings tasks or data.
    Raises ScaffoldError like `new_project`, and when another flow there has the name.
    """
    home = Path(os.path.abspath(folder))
    name = snake_case(name)
    files = {path: text for path, text in _named(_template(template), name).items() if not path.startswith(_TESTS)}
    for taken in (home / f"{name}.yaml", home / name / MAIN_FLOW):
        if taken.exists():
            raise ScaffoldError(f"{taken} is there already", hint="Give the flow another name.")
    if len(files) == 1:
        flow = home / f"{name}.yaml"
        return Created(flow, write_new(home, {flow.name: files[MAIN_FLOW]}))
    return Created(home / name / MAIN_FLOW, write_new(home / name, files))


def _template(name: str) -> Template:
    found = TEMPLATES.get(name)
    if found is None:
        raise ScaffoldError(
            f"there is no template `{name}`{did_you_mean(name, TEMPLATES)}", hint=f"There are {', '.join(TEMPLATES)}."
        )
    return found


def _named(template: Template, name: str) -> dict[str, str]:
    """The files of a template, its flow with another name."""
    files = template.files
    return {**files, MAIN_FLOW: _FLOW_KEY.sub(f"flow: {name}", files[MAIN_FLOW], count=1)}
