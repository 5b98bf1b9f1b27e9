"""The one table of what a person can do: keys, palette, footer, help and the page of keys are made from it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from textual.binding import BindingType

Where = Literal[
    "app", "explorer", "editor", "graph", "logs", "inspector", "connections", "problems", "timeline", "runs", "debug"
]


class Action(NamedTuple):
    """Something a person can do.

    `keys` has the keys in Textual's names, with commas between them; empty if only the palette offers it. `title` is
    `Noun: Verb`. `where` is the pane that has to have the focus for the keys, `app` for everywhere. `when` is empty
    or one of `CONDITIONS`. `footer` is its word in the footer, empty if it has no place there.
    """

    name: str
    keys: str
    title: str
    help: str
    where: Where
    footer: str = ""
    when: str = ""

    @property
    def method(self) -> str:
        """What follows `action_` in the name of the method that does it."""
        return self.name.replace(".", "_").replace("-", "_")

    @property
    def key_list(self) -> list[str]:
        """The keys one by one."""
        return self.keys.split(",") if self.keys else []


#: The places, in the order of help, with the words for them.
PLACES: dict[Where, str] = {
    "app": "Everywhere",
    "explorer": "Project",
    "editor": "Editor",
    "graph": "Graph",
    "logs": "Logs",
    "inspector": "Inspector",
    "connections": "Connections",
    "problems": "Problems",
    "timeline": "Timeline",
    "runs": "Runs",
    "debug": "Debugger",
}

#: What an action may wait for. The app answers whether it holds.
CONDITIONS: dict[str, str] = {
    "flow-open": "a flow is open",
    "file-open": "a file is open",
    "several-files": "more than one file is open",
    "running": "a run is going on",
    "run-shown": "there is a run to show",
    "recorded-shown": "a run of the journal is shown",
    "inputs-known": "the flow ran before with inputs",
    "stopped": "a step has stopped",
    "several-stops": "more than one step has stopped",
    "in-transaction": "a step has stopped inside a transaction",
    "can-run-again": "a step has stopped after an attempt",
    "can-skip": "a step has stopped where it can be skipped",
    "can-give": "a step has stopped where its output can be given",
    "can-set-inputs": "a step has stopped where its inputs can be changed",
    "can-redo": "a step has stopped where another text of it can be taken",
    "changed-by-hand": "something was changed at this stop that the file could have",
    "looking-back": "an earlier state of the run is shown",
}

#: What a cell of the table begins with that names the place, where the name of the action doesn't.
_PLACED: Final = "in "

#: Keys that a pane takes over from the app on purpose, because its meaning there is a finer one.
OVERRIDES = frozenset({("editor", "f1"), ("editor", "alt+h")})

# name | keys | title | help, and after that `footer` (and the word there, if it isn't the verb), a condition, or the
# place: `in app` for what works everywhere though its name doesn't begin so
_TABLE = """
project.open | alt+o | Project: Open… | Open another project's folder or flow
project.new | | Project: New… | Make a project from a template
project.new-plugin | | Project: New connection plugin… | Write the skeleton of a connection type of your own
project.reload | | Project: Reload | Read all files of the project again
flow.open | ctrl+o | Flow: Open… | Go to a file of the project by a part of its name | footer
flow.new | ctrl+n | Flow: New… | Make a flow from a template
flow.save | ctrl+s | Flow: Save | Write the file to disk | footer | file-open
flow.save-all | alt+s | Flow: Save all | Write every changed file to disk | file-open
flow.close | alt+w | Flow: Close | Close the file; asks if it has changes | file-open
flow.next-tab | alt+n,alt+pagedown | Flow: Next tab | Show the next open file | several-files
flow.previous-tab | alt+shift+n,alt+pageup | Flow: Previous tab | Show the open file before this one | several-files
flow.check | | Flow: Check | Look for problems now and show them | flow-open
flow.new-task | | Flow: Write task stub… | Write a task into flow.py for a name that has none yet | flow-open
run.start | ctrl+r,f5 | Run: Start | Run the flow; asks for inputs only if one is missing | footer Run | flow-open
run.start-form | alt+r | Run: Start with inputs… | Fill in the inputs, then run | flow-open
run.start-last | alt+a | Run: Start again | Run once more with the inputs of the last run | inputs-known
run.start-file | | Run: Start with inputs from a file… | Take the inputs from a JSON or YAML file, then run | flow-open
run.cancel | ctrl+t | Run: Cancel | Stop the run; its finally steps still run | footer | running
run.again | alt+shift+c | Run: Again… | Run the chosen step of the shown run again, or what is around it | run-shown
run.resume | alt+shift+z | Run: Resume | Go on with a run that ended before its time
run.compare | | Run: Compare with the one before | What the shown run did differently | run-shown
run.watch | ctrl+l | Run: Watch | Run again at every save, until you press it again | footer | flow-open
debug.menu | ctrl+b | Debug: Menu | What can be done about breakpoints and stops, by a letter | footer Debug | in app
debug.start | alt+shift+a | Debug: Start | Run the flow and stop before its first step | flow-open | in app
debug.breakpoint | alt+shift+b | Debug: Breakpoint | Stop at the chosen step, or no longer | flow-open | in app
debug.condition | | Debug: Condition… | When to stop at the chosen step, or what to log there | flow-open | in app
view.jump | ctrl+g | View: Jump | Put a letter on every pane, then press the letter to go there | footer
view.explorer | alt+x | View: Project | Go to the files of the project
view.editor | alt+e | View: Editor | Go to the text
view.graph | alt+g | View: Graph | Go to the drawing of the steps
view.logs | alt+l | View: Logs | Go to the log of the run
view.inspector | alt+i | View: Inspector | Go to what the chosen step got and gave
view.connections | alt+c | View: Connections | Go to the connections
view.problems | alt+p | View: Problems | Go to the problems
view.timeline | alt+t | View: Timeline | Go to the times of the run
view.runs | alt+shift+l | View: Runs | Go to the runs that are recorded
view.stack | alt+shift+v | View: Stack | Go to the steps that have stopped, and what they stand in
view.scope | | View: Scope | Go to the values that the stopped step sees
view.breakpoints | | View: Breakpoints | Go to the list of breakpoints
view.console | | View: Console | Go to where expressions, queries and changes are typed
view.next-pane | f6,alt+m | View: Next pane | Go to the next pane, out of the editor too
view.previous-pane | shift+f6,alt+shift+m | View: Previous pane | Go to the pane before this one
view.zoom | alt+z | View: Zoom | Give the whole screen to the pane, or take it back
view.hide | alt+v | View: Hide | Hide the pane; going to it shows it again
view.next-layout | alt+y | View: Next layout | Arrange the panes in the next way: by itself, wide, narrow
view.previous-layout | alt+shift+y | View: Previous layout | Arrange the panes in the way before this one
view.reset-layout | | View: Reset layout | Show every pane in its own place and size again
view.wider | alt+shift+right | View: Wider | Make the pane wider
view.narrower | alt+shift+left | View: Narrower | Make the pane narrower
view.taller | alt+shift+down | View: Taller | Make the pane taller
view.shorter | alt+shift+up | View: Shorter | Make the pane shorter
help.show | question_mark,f1,alt+h,alt+shift+h | Help: Show | What the pane is for and what its keys do | footer Help
help.keys | alt+k | Help: Keys | Every key, with a field to search in them
app.palette | ctrl+p | App: Palette | Find anything you can do by its name | footer
app.theme | alt+shift+t | App: Theme… | Choose the colours, and see them while you choose
app.keymap | | App: Edit keys | Open the file in which you can give actions other keys
app.quit | ctrl+q | App: Quit | Leave; asks if a file has changes or a run is going on | footer
explorer.open | enter | Project: Open file | Open the file, or open and close the folder | footer Open
explorer.down | j | Project: Down | Go to the next line
explorer.up | k | Project: Up | Go to the line before this one
explorer.expand | l | Project: Expand | Open the folder or the flow
explorer.collapse | h | Project: Collapse | Close it, or go to what it is in
explorer.run | r | Project: Run | Run the flow that is chosen | footer Run it
explorer.new | n | Project: New file… | Make a flow, a tasks file or an inputs file | footer New
explorer.rename | e | Project: Rename… | Give the file another name
explorer.delete | d,delete | Project: Delete… | Delete the file, after a question
explorer.copy-path | y | Project: Copy path | Copy the path of the file
explorer.filter | slash | Project: Filter | Show only names that have what you type
explorer.refresh | R | Project: Refresh | Read the folder again
editor.find | ctrl+f | Editor: Find | Search in the text, by regular expression too | footer
editor.replace | alt+shift+f | Editor: Replace | Search and put something else there
editor.find-next | f3,alt+u | Editor: Find next | Go to the next match
editor.find-previous | shift+f3,alt+shift+u | Editor: Find previous | Go to the match before this one
editor.complete | ctrl+@,ctrl+space | Editor: Complete | Offer what may stand here
editor.docs | f1,alt+h | Editor: Explain | What the word under the cursor means; help, if it has no meaning
editor.definition | alt+j | Editor: Go to definition | Go to the step, input, connection or task named here
editor.references | alt+shift+j | Editor: Find references | List every place that uses what is named here
editor.rename | alt+shift+r | Editor: Rename… | Give it another name, wherever it is used
editor.fix | alt+q | Editor: Fix… | Offer what would mend the problem here | footer
editor.next-problem | f8,alt+d | Editor: Next problem | Go to the next problem
editor.previous-problem | shift+f8,alt+shift+d | Editor: Previous problem | Go to the problem before this one
editor.outline | alt+shift+i | Editor: Outline… | List the steps and go to one
editor.comment | ctrl+underscore,ctrl+slash | Editor: Comment | Make the lines a comment, or text again
editor.fold | alt+left | Editor: Fold | Fold what is under this line away
editor.unfold | alt+right | Editor: Unfold | Show again what is folded under this line
editor.fold-all | alt+shift+q | Editor: Fold all | Fold every step
editor.unfold-all | alt+shift+w | Editor: Unfold all | Show everything
editor.start | ctrl+home | Editor: Start | Go to the start of the text
editor.end | ctrl+end | Editor: End | Go to the end of the text
editor.select-word | alt+shift+s | Editor: Select word | Select the word, then each time the next place where it stands
editor.indent | ctrl+right_square_bracket | Editor: Indent | Move the lines to the right
editor.outdent | shift+tab | Editor: Outdent | Move the lines to the left
editor.duplicate | ctrl+d | Editor: Duplicate | Write the lines once more
editor.move-up | alt+up | Editor: Move up | Move the lines up
editor.move-down | alt+down | Editor: Move down | Move the lines down
editor.delete-line | alt+shift+k | Editor: Delete line | Delete the lines
editor.external | alt+shift+e | Editor: Open in $EDITOR | Edit the file in your own editor, then come back
editor.show-step | alt+shift+g | Editor: Show in graph | Select the step of this line in the graph
graph.open | enter | Graph: Go to text | Go to the text of the selected step | footer Text
graph.toggle | space,o | Graph: Collapse | Hide what is inside the selected step, or show it again | footer
graph.down | down,j | Graph: Down | Select the step below
graph.up | up,k | Graph: Up | Select the step above
graph.left | left,h | Graph: Left | Select the step to the left
graph.right | right,l | Graph: Right | Select the step to the right
graph.first | home,g | Graph: First step | Select the first step
graph.last | end,G | Graph: Last step | Select the last step
graph.failed | e | Graph: Next failed | Select the next step that failed | footer Failed
graph.collapse-all | minus | Graph: Collapse all | Hide what is inside of every step
graph.expand-all | plus,equals_sign | Graph: Expand all | Show everything
graph.form | r | Graph: Boxes or rail | Draw boxes, or one line for each step, or what fits | footer Form
graph.critical | c | Graph: Critical path | Mark the steps that decided how long the run took
graph.breakpoint | b | Graph: Breakpoint | Stop at the selected step from now on, or no longer
graph.pin | p | Step: Pin output | Keep what the step gave: it gives that from now on, without running | flow-open
graph.unpin | P | Step: Unpin | Let the step run again | flow-open
graph.pins | i | Run: Pins | Use pins in runs, or run every step | flow-open
graph.sandbox | x | Run: Sandbox | Run the flow and undo what it did to SQL databases; tells what it was | flow-open
graph.follow | f | Graph: Follow | Keep the steps in sight that are running
graph.from-here | R | Run: From here | Run the selected step again, and all after it | run-shown
graph.only-step | S | Run: Only this step | Run just the selected step again, with what it got then | run-shown
graph.up-to-here | U | Run: Up to here | Run the flow again up to the selected step, and stop after it | run-shown
logs.filter | slash | Logs: Filter | Show only lines with a text; `!text` hides them, `/pattern/` is a regex | footer
logs.clear-filter | escape | Logs: Clear filter | Show all lines again
logs.next-match | n | Logs: Next match | Go to the next line that the filter's text is in
logs.previous-match | N | Logs: Previous match | Go to the one before
logs.follow | f,end,G | Logs: Follow | Go to the end and stay there while lines come | footer
logs.start | home,g | Logs: First line | Go to the first line
logs.level | l | Logs: Change level | Show all lines, or from information, warnings or errors on | footer
logs.only-step | o | Logs: Only this step | Show only the lines of the selected line's step, or of all steps again
logs.times | t | Logs: Times | Show or hide the column of times
logs.wrap | w | Logs: Whole line | Show the selected line in whole below, or not | footer
logs.step | enter | Logs: Go to step | Show the step of the selected line in text, graph and inspector | footer
logs.copy | y | Logs: Copy line | Copy the selected line
logs.down | j,down | Logs: Line down | Select the next line
logs.up | k,up | Logs: Line up | Select the line above
logs.page-down | pagedown,ctrl+d | Logs: Page down | Go down by a page
logs.page-up | pageup,ctrl+u | Logs: Page up | Go up by a page
inspector.previous-call | left_square_bracket | Inspector: Previous call | Show the step's call before this one | footer
inspector.next-call | right_square_bracket | Inspector: Next call | Show the step's next call | footer
inspector.first-failed | f | Inspector: First failed | Show the first call that failed
inspector.last-call | L | Inspector: Latest call | Show the latest call, and those that come
inspector.table | t | Inspector: Table | Show the selected list of rows as a table, or as a tree again | footer
inspector.ask | colon | Inspector: Evaluate | Evaluate an expression on the values of the step | footer
inspector.source | s | Inspector: Go to source | Go to the step, or the place of the error, in the text
inspector.copy | y | Inspector: Copy | Copy the selected value as JSON, a statement or an error as its text | footer
inspector.whole | w | Inspector: Whole text | Show the whole of a text that is cut
inspector.open | enter,space | Inspector: Open or close | Show what is inside the selected value, or hide it
inspector.down | j,down | Inspector: Down | Select the next line
inspector.up | k,up | Inspector: Up | Select the line above
inspector.inside | l,right | Inspector: Inside | Open the selected value
inspector.outside | h,left | Inspector: Outside | Close the selected value, or go to the one around it
inspector.page-down | pagedown,ctrl+d | Inspector: Page down | Go down by a page
inspector.page-up | pageup,ctrl+u | Inspector: Page up | Go up by a page
inspector.start | home,g | Inspector: First line | Go to the first line
inspector.end | end,G | Inspector: Last line | Go to the last line
connections.add | a,n | Connections: Add… | Choose a type and fill in a form | footer
connections.edit | e,enter | Connections: Edit… | Open the form of the selected connection | footer
connections.duplicate | c | Connections: Duplicate | Keep a copy of a stored connection under another name
connections.delete | d,delete | Connections: Delete… | Forget a stored connection; flows that use it are listed first
connections.test | t | Connections: Test | Test the selected connection stage by stage | footer
connections.test-all | T | Connections: Test all | Test every connection and show its health
connections.scaffold | s | Connections: Use in flow | Write the selected connection into the open flow | flow-open
connections.example | x | Connections: Example flow | Write an example flow of this type into the project
connections.used-by | u | Connections: Used by | List the steps that use the selected connection
connections.health | h | Connections: Health | How the last tests of the selected connection ended
connections.reveal | v | Connections: Reveal | Show its secrets for 15 seconds, after a second key
connections.copy-url | y | Connections: Copy URL | Copy where it leads, with its secrets masked
connections.refresh | r | Connections: Refresh | Read the connections and plugins again
problems.open | enter | Problems: Go to | Go to the place in the text | footer
problems.down | j | Problems: Down | Go to the next problem
problems.up | k | Problems: Up | Go to the problem before this one
problems.fix | f | Problems: Fix… | Offer what would mend it | footer
problems.filter | s | Problems: Errors only | Show errors only, or warnings too
problems.copy | y | Problems: Copy | Copy the problem with its file and line
timeline.step | enter | Timeline: Go to step | Show the step in text, graph and inspector | footer
timeline.zoom-in | plus,equals_sign | Timeline: Zoom in | Show less time, in more detail | footer
timeline.zoom-out | minus | Timeline: Zoom out | Show more time | footer
timeline.fit | 0 | Timeline: Whole run | Show the whole run, and go on with it
timeline.earlier | h,left | Timeline: Earlier | Move towards the begin of the run
timeline.later | l,right | Timeline: Later | Move towards the end of the run
timeline.copy | y | Timeline: Copy | Copy the selected step's times
timeline.down | j,down | Timeline: Down | Select the next step
timeline.up | k,up | Timeline: Up | Select the step above
timeline.page-down | pagedown,ctrl+d | Timeline: Page down | Go down by a page
timeline.page-up | pageup,ctrl+u | Timeline: Page up | Go up by a page
timeline.start | home,g | Timeline: First step | Go to the first step
timeline.end | end,G | Timeline: Last step | Go to the last step
runs.open | enter | Runs: Show | Show the run in graph, inspector, logs and timeline as it ended | footer
runs.again | r | Runs: Run again… | Run it again, from its start or from a step | footer Again
runs.resume | u | Runs: Resume | Go on where the run ended before its time | footer
runs.mark | space,m | Runs: Mark | Mark the run to compare it with another one | footer
runs.compare | c | Runs: Compare | Compare the marked runs, or the selected one with the run before | footer
runs.filter | slash | Runs: Filter | Show only some: `flow:orders status:failed >5s since:2h text` | footer
runs.clear-filter | escape | Runs: Clear filter | Show all runs again, none of them marked
runs.only-flow | o | Runs: Only this flow | Show only the runs of the open flow, or of all flows again | flow-open
runs.latest | 0 | Run: Back to the latest | Show the latest run instead of a recorded one | footer Back | recorded-shown
runs.pin | p | Runs: Pin | Keep the run for good, or no longer
runs.delete | d,delete | Runs: Delete… | Forget the run, after a question
runs.export | x | Runs: Export… | Write the run into a file that another person can open
runs.import | i | Runs: Import… | Take in a run that was exported
runs.copy | y | Runs: Copy id | Copy the id of the run
runs.refresh | R | Runs: Refresh | Read the journal again
runs.down | j,down | Runs: Down | Select the next run
runs.up | k,up | Runs: Up | Select the run above
runs.page-down | pagedown,ctrl+d | Runs: Page down | Go down by a page
runs.page-up | pageup,ctrl+u | Runs: Page up | Go up by a page
runs.start | home,g | Runs: Newest | Go to the newest run
runs.end | end,G | Runs: Oldest | Go to the oldest run
debug.forward | full_stop | Debug: Step forward | Show the state as it was one step later | footer On | looking-back
debug.now | 0 | Debug: Back to now | Show the state as it is | footer Now | looking-back
debug.fork | f | Debug: Fork | Run again from the state that is shown, in a run of its own | footer | looking-back
debug.commit | K | Debug: Commit | Commit what the transaction has done so far, and go on | footer | in-transaction
debug.roll-back | R | Debug: Roll back | Take back what the transaction did, and fail the step | footer | in-transaction
debug.continue | c | Debug: Continue | Let the stopped step go on | footer | stopped
debug.over | n,f10 | Debug: Step over | Go on to the next step, past what is inside this one | footer Over | stopped
debug.into | s,f11 | Debug: Step into | Go on to the next step, inside this one too | footer Into | stopped
debug.out | o,shift+f11 | Debug: Step out | Go on until what the step stands in is left | footer Out | stopped
debug.back | comma | Debug: Step back | Show the state as it was one step before | footer Back | run-shown
debug.to-cursor | u | Debug: Run to cursor | Go on to the step that the cursor of the editor is in | stopped
debug.pause | p | Debug: Pause | Stop before the next step | running
debug.others | w | Debug: Others wait | Let other branches wait while a step is stopped, or go on
debug.next-stop | right_square_bracket | Debug: Next stop | Choose the next of the stopped steps | several-stops
debug.previous-stop | left_square_bracket | Debug: Previous stop | Choose the stopped step before it | several-stops
debug.evaluate | colon | Debug: Evaluate | Type an expression, a query or a change into the console | footer | stopped
debug.watch | a | Debug: Watch… | Evaluate an expression at every stop
debug.edit | e | Debug: Edit… | Change the selected value, breakpoint or watched expression | footer
debug.inputs | i | Debug: Change inputs… | Give the stopped step other inputs | can-set-inputs
debug.again | r | Debug: Run again | Run the stopped step once more | can-run-again
debug.skip | x | Debug: Skip | Go on as if the stopped step had been skipped | can-skip
debug.give | v | Debug: Give output… | Say what the stopped step gives, and go on without running it | can-give
debug.redo | m | Debug: Redo with text | Run the stopped step as the text in the editor has it now | can-redo
debug.accept | A | Debug: Accept change… | Write a value that was changed by hand into the file | changed-by-hand
debug.open | enter | Debug: Go to | Go to the text of the selected step or breakpoint; open a value
debug.toggle | space | Debug: Toggle | Switch the selected breakpoint on or off; open or close a value
debug.delete | d,delete | Debug: Delete | Take the selected breakpoint or watched expression away
debug.delete-all | D | Debug: Delete all | Take all breakpoints of the project away, after a question
debug.table | t | Debug: Table | Show the selected list of rows as a table, or as a tree again
debug.copy | y | Debug: Copy | Copy the selected value, breakpoint or line
debug.down | j,down | Debug: Down | Select the next line
debug.up | k,up | Debug: Up | Select the line above
debug.inside | l,right | Debug: Inside | Open the selected value
debug.outside | h,left | Debug: Outside | Close the selected value, or go to the one around it
debug.first | home,g | Debug: First line | Go to the first line
debug.last | end,G | Debug: Last line | Go to the last line
"""


def _action(row: str) -> Action:
    name, keys, title, told, *rest = (cell.strip() for cell in row.split("|"))
    place = name.partition(".")[0]
    named = next((cell.removeprefix(_PLACED) for cell in rest if cell.startswith(_PLACED)), place)
    where: Where = next((one for one in PLACES if one == named), "app")
    when = next((cell for cell in rest if cell in CONDITIONS), "")
    shown = next((cell for cell in rest if cell.startswith("footer")), None)
    verb = title.partition(": ")[2].rstrip("…")
    footer = "" if shown is None else shown.removeprefix("footer").strip() or verb
    return Action(name, keys, title, told, where, footer, when)


ACTIONS: tuple[Action, ...] = tuple(_action(row) for row in _TABLE.strip().splitlines())

#: The actions by name, and by the part of their method's name after `action_`.
BY_NAME: dict[str, Action] = {action.name: action for action in ACTIONS}
BY_METHOD: dict[str, Action] = {action.method: action for action in ACTIONS}


def actions(where: Where) -> list[Action]:
    """The actions of a place, in the order of the table."""
    return [action for action in ACTIONS if action.where == where]


def bindings(where: Where) -> list[BindingType]:
    """The bindings of a place, for `BINDINGS` of the widget that has the actions' methods.

    An action without keys is bound to one that no terminal sends, so that a keymap can give it a real one.
    """
    from textual.binding import Binding

    return [
        Binding(
            action.keys or f"unbound_{action.method}", action.method, action.title, bool(action.footer), id=action.name
        )
        for action in actions(where)
    ]


@cache
def key_name(key: str) -> str:
    """A key as people write it: `ctrl+s` as `^s`, `question_mark` as `?`, `alt+shift+n` as `alt+N`."""
    from textual.keys import format_key

    *modifiers, last = key.split("+")
    name = {"at": "space", "@": "space", "underscore": "/"}.get(last) if modifiers == ["ctrl"] else None
    name = name or format_key(last)
    if "shift" in modifiers and len(name) == 1 and name.isalpha():
        modifiers, name = [word for word in modifiers if word != "shift"], name.upper()
    if modifiers and modifiers[0] == "ctrl" and len(modifiers) == 1:
        return f"^{name}"
    return "+".join([*modifiers, name])


def page() -> str:
    """The page of keys of the documentation."""
    parts = [_INTRODUCTION]
    for where, words in PLACES.items():
        rows = [f"| {_cell(action)} | {action.title} | {action.help} | `{action.name}` |" for action in actions(where)]
        parts.append(
            "\n".join([f"## {words}\n", "| keys | action | what it does | name |", "|---|---|---|---|", *rows])
        )
    return "\n\n".join(parts) + "\n"


def _cell(action: Action) -> str:
    names = dict.fromkeys(key_name(key) for key in action.key_list)
    return " ".join(f"`{name}`" for name in names)


_INTRODUCTION = """\
# Keys

`^` is the Ctrl key, so `^s` is Ctrl and S; a capital letter is typed with Shift. Every action is in the palette
(`^p`) too, under its title. Keys of a pane work while the pane has the focus, and `?` lists them there; in the
editor, where `?` is a letter, `F1` away from a word does.

## Other keys

`~/.config/flowlang-tui/keymap.yaml` (in `$XDG_CONFIG_HOME`, if that is set) gives actions other keys, by name:

```yaml keymap
run.start: f9
problems.fix: [f, x]
flow.check: f7
```

A name or a key that doesn't exist, and a key that would then mean two things in one place, are told when the program
starts, and the rest is used. Keys have Textual's names, such as `ctrl+t`, `alt+shift+k`,
`f9` and `question_mark`."""


def main(arguments: Sequence[str]) -> int:
    """Write the page of keys into the file that is named."""
    if len(arguments) != 1:
        print("usage: python -m flowlang_tui.actions docs/keys.md", file=sys.stderr)
        return 2
    with open(arguments[0], "w", encoding="utf-8") as file:
        file.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
