"""The actions that make what is not there yet: projects, flows, tasks, connection plugins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowlang import FlowLangError
from flowlang.language.model import Step, TaskStep
from flowlang.language.nodes import Mapping
from flowlang.project import TASKS_FILE
from flowlang.values import to_json
from flowlang_tui.screens.base import ProjectScreen


class MakingCommands(ProjectScreen):
    """Nothing here overwrites anything."""

    def new_file(self) -> None:
        """Ask what kind of file, then make it and open it; one that is there is opened as it is."""
        from flowlang_tui.screens.pick import Pick

        kinds = {"Flow": "from a template", "Tasks": "functions for flow.yaml, in flow.py", "Inputs": "inputs.json"}
        makers = {"Flow": self.action_flow_new, "Tasks": self._new_tasks, "Inputs": self._new_inputs}

        def chosen(kind: str | None) -> None:
            if kind is not None:
                self._making(makers[kind])

        self.app.push_screen(Pick("New file", list(kinds), kinds), chosen)

    def _new_tasks(self) -> None:
        if self._tasks_file.exists():
            self.open_file(self._tasks_file)
        else:
            self._ask("Name of the first task", lambda name: self.create("create-task", name))

    def _new_inputs(self) -> None:
        """A file with every input of the flow, at its default."""
        path = self._tasks_file.with_name("inputs.json")
        checked = self.session.checked(self.shown_flow)
        declared = [] if checked is None else checked.flow.inputs or ()
        if not path.exists():
            known = {one.name: one.default if one.has_default else None for one in declared if not one.secret}
            path.write_text(to_json(known, indent=2) + "\n", "utf-8")
            self.session.refresh_files()
        self.open_file(path)

    def action_flow_new(self) -> None:
        """Ask for a template and a name, then make the flow and open it."""
        self._from_template("New flow from", self._new_flow)

    def action_project_new(self) -> None:
        """Ask for a template and a folder, then make the project and open it."""
        self._from_template("New project from", self._new_project)

    def action_project_new_plugin(self) -> None:
        """Ask for a name, then write the skeleton of a connection plugin."""

        def make(name: str) -> None:
            from flowlang.scaffold import plugin_skeleton

            paths = plugin_skeleton(self.session.root, name)
            self.session.refresh_files()
            self.open_file(next((path for path in paths if path.name == "provider.py"), paths[0]))

        self._ask("Name of the new connection type", make)

    def action_flow_new_task(self) -> None:
        """Write a stub for one of the tasks that the flow names and nobody has written."""
        checked = self.session.checked(self.shown_flow)
        problems = [] if checked is None else checked.problems
        steps = [] if checked is None or checked.analysis is None else checked.analysis.steps
        unknown = {problem.span for problem in problems if problem.code == "unknown-task"}
        names = list(
            dict.fromkeys(one.task.text for one in steps if isinstance(one, TaskStep) and one.task.span in unknown)
        )
        if not names:
            self.tell("Every task of this flow has been written.")
        elif len(names) == 1:
            self.create("create-task", names[0])
        else:
            from flowlang_tui.screens.pick import Pick

            def chosen(name: str | None) -> None:
                if name is not None:
                    self.create("create-task", name)

            self.app.push_screen(Pick("Write a stub for", names), chosen)

    def create(self, what: str, name: str) -> None:
        {"create-task": self._new_task, "create-flow": self._new_subflow, "open-task": self._show_task}[what](name)

    def _new_task(self, name: str) -> None:
        from flowlang.scaffold import task_stub

        path = self._tasks_file
        document = self.session.documents.get(path)
        try:
            if document is None and not path.exists():
                path.write_text(task_stub(None, name, self._arguments(name)), "utf-8")
                self.session.changed([path])
                self.open_file(path)
            else:
                document = document or self.session.documents.open(path)
                text = task_stub(document.text, name, self._arguments(name))
                self.open_file(path)
                self.editor.code.replace_text(text)
                self.session.edit(document, text)
                self.session.save(document)
        except FlowLangError as error:
            self.tell(f"{error}\n{error.hint or ''}".strip(), "error")
            return
        except OSError as error:
            self.tell(f"{path} cannot be written: {error.strerror}", "error")
            return
        self._show_task(name)

    def _show_task(self, name: str) -> None:
        """Show where a task is written, in the file that is open or in `flow.py`."""
        path = self._tasks_file
        try:
            lines = path.read_text("utf-8", errors="replace").split("\n")
        except OSError:
            return
        self.open_file(path, next((at for at, line in enumerate(lines, 1) if f'"{name}"' in line), 1))

    def _new_subflow(self, name: str) -> None:
        self._making(lambda: self._new_flow("empty", name))

    @property
    def _tasks_file(self) -> Path:
        flow = self.shown_flow or self.session.folder / "flow.yaml"
        return flow.with_name(TASKS_FILE)

    def _arguments(self, task: str) -> dict[str, Any]:
        """What the flow gives to a task, by name; the value where the text has one."""
        checked = self.session.checked(self.shown_flow)
        steps: list[Step] = [] if checked is None or checked.analysis is None else checked.analysis.steps
        for step in steps:
            if isinstance(step, TaskStep) and step.task.text == task and isinstance(step.arguments.node, Mapping):
                data = step.arguments.node.data
                return {key: None if isinstance(value, str) and "${" in value else value for key, value in data.items()}
        return {}

    def _from_template(self, question: str, make: Callable[[str, str], None]) -> None:
        from flowlang.scaffold import TEMPLATES
        from flowlang_tui.screens.pick import Pick

        def named(template: str | None) -> None:
            if template is not None:
                self._ask(f"{question} {template}: its name", lambda name: make(template, name))

        self.app.push_screen(
            Pick(question, list(TEMPLATES), {name: one.title for name, one in TEMPLATES.items()}), named
        )

    def _new_flow(self, template: str, name: str) -> None:
        from flowlang.scaffold import new_flow

        folder = self.session.folder if self.shown_flow is None else self.shown_flow.parent
        made = new_flow(folder, name, template)
        self.session.refresh_files()
        self.open_file(made.flow)

    def _new_project(self, template: str, name: str) -> None:
        from flowlang.scaffold import new_project

        folder = Path(name).expanduser()
        if not folder.is_absolute():
            folder = self.session.folder.parent / folder
        new_project(folder, template)
        self.leave(lambda: self.workbench.open_project(folder))

    def _ask(self, question: str, make: Callable[[str], None]) -> None:
        from flowlang_tui.screens.ask import Ask

        def answered(name: str | None) -> None:
            if name is not None:
                self._making(lambda: make(name))

        self.app.push_screen(Ask(question), answered)

    def _making(self, make: Callable[[], None]) -> None:
        """Make something; what keeps it from being made is told."""
        try:
            make()
        except FlowLangError as error:
            self.tell(f"{error}\n{error.hint or ''}".strip(), "error")
        except OSError as error:
            self.tell(f"{error.filename} cannot be written: {error.strerror}", "error")
