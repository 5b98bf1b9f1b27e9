"""The keys of the language, as data: parsing, checking, the JSON Schema, the reference, completion read them here."""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class Key(NamedTuple):
    """One key of a mapping.

    `shape` says how its value is read (see `SHAPES`), `field` where the model keeps it (the key's own name
    unless Python reserves that), `default` what holds without it.
    """

    name: str
    shape: str
    doc: str
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    field: str = ""

    @property
    def attribute(self) -> str:
        """Name of the model's field."""
        return self.field or self.name


class Kind(NamedTuple):
    """A kind of step: the key that decides it, and the keys that only it has."""

    name: str
    doc: str
    keys: tuple[Key, ...]
    example: str


SHAPES: Final[dict[str, str]] = {
    "identifier": "text of letters, digits and `_`, starting with a letter or `_`",
    "text": "text, taken as it stands",
    "words": "a text, or a list of texts",
    "flag": "`true` or `false`",
    "value": "any value; `${…}` anywhere in it",
    "arguments": "a map of argument names to values; `${…}` anywhere in it",
    "duration": "a number of seconds, or text such as `500ms`, `10s`, `5m`, `2h`",
    "count": "a whole number from 1",
    "number": "a number from 0",
    "share": "a number from 0 to 1, or `true` for 0.1",
    "backoff": "`fixed`, `linear`, `exponential`, or a number to multiply with",
    "condition": "`true`, `false`, a condition in text, or `{any: […]}`, `{all: […]}`, `{none: […]}`",
    "expression": "`${…}`, the text of an expression, or a value",
    "steps": "a list of steps",
    "handler": "a list of steps, or `{steps: […]}`",
    "retry": "a map, see Retry",
    "elifs": "a list of `{if, then}`",
    "cases": "a list of `{when, do}` and at most one `{default}`",
    "exit": "nothing, or a map, see Exit",
    "inputs": "a list of inputs, see Inputs",
    "outputs": "a list of outputs, or a map of name to value, see Outputs",
    "connections": "a map of connection name to its configuration, see Connections",
    "triggers": "a list of triggers",
}

MODES: Final = ("sequential", "dag")
EXIT_STATUSES: Final = ("success", "failure")

#: What an input's `type` may be, with the JSON type that each name means.
INPUT_TYPES: Final[dict[str, str]] = {
    "string": "string",
    "integer": "integer",
    "int": "integer",
    "number": "number",
    "float": "number",
    "boolean": "boolean",
    "bool": "boolean",
    "object": "object",
    "array": "array",
    "list": "array",
}

FLOW_KEYS: Final = (
    Key("flow", "identifier", "Name of the flow: a letter, then letters, digits and `_`.", required=True, field="name"),
    Key("description", "text", "What the flow is for."),
    Key("version", "text", "Version of the flow."),
    Key("tags", "words", "Words to find the flow by."),
    Key("inputs", "inputs", "The values that the flow takes. Without this key it takes whatever it is given."),
    Key("connections", "connections", "The databases and services that the steps use, by name."),
    Key("triggers", "triggers", "What starts the flow on a server: webhooks and schedules."),
    Key(
        "mode",
        "text",
        "`sequential` runs the steps from top to bottom; `dag` starts each as soon as what it reads is done.",
        default="sequential",
        choices=MODES,
    ),
    Key("steps", "steps", "What the flow does.", required=True),
    Key("outputs", "outputs", "The values that the flow gives back."),
    Key("on_error", "handler", "Steps that run when the flow fails. The flow still fails."),
    Key("on_cancel", "handler", "Steps that run when the flow is cancelled."),
    Key("finally", "handler", "Steps that run whatever the ending.", field="finally_"),
    Key("silent", "flag", "No events for the steps; a step's own `silent` overrides it.", default=False),
    Key("timeout", "duration", "How long the whole run may take."),
)

INPUT_KEYS: Final = (
    Key("name", "identifier", "Name of the input, read as `${inputs.name}`.", required=True),
    Key("type", "text", "Type of the value; any type without it.", choices=tuple(INPUT_TYPES)),
    Key("required", "flag", "Whether a value must be given. True unless there is a `default`."),
    Key("default", "value", "The value when none is given."),
    Key("description", "text", "What the value means."),
    Key("enum", "value", "The values that are allowed."),
    Key("secret", "flag", "Masks the value wherever data leaves the run.", default=False),
)

OUTPUT_KEYS: Final = (
    Key("name", "text", "Name of the output.", required=True),
    Key("value", "value", "The value; `${name}` without it."),
    Key("description", "text", "What the value means."),
)

CONNECTION_KEYS: Final = (
    Key("type", "text", "The plugin that makes the connection. All other keys are its configuration."),
    Key("use", "text", "Name of a connection of the project, instead of `type`."),
)

STEP_KEYS: Final = (
    Key("id", "identifier", "Name under which later steps read the result. Made from the task or kind without it."),
    Key("description", "text", "What the step is for."),
    Key("if", "condition", "The step is skipped when this is false.", field="condition"),
    Key("depends_on", "words", "Ids of steps that must be done before."),
    Key("retry", "retry", "How often a failing step is tried again."),
    Key("timeout", "duration", "How long one attempt may take; the running work is cancelled, at the database too."),
    Key("on_error", "handler", "Steps that run after the last failed attempt. When they end well the flow goes on."),
    Key("continue_on_error", "flag", "The flow goes on when the step fails; its result reads as null.", default=False),
    Key("silent", "flag", "No events for this step."),
    Key("connection", "text", "Name of the connection that the step uses."),
    Key("outputs", "words", "Names that the result must have."),
    Key(
        "idempotent",
        "flag",
        "Doing it twice is as good as once: a run that is resumed repeats the step without asking.",
        default=False,
    ),
    Key(
        "exactly_once",
        "flag",
        "Whatever happens to the run, the step takes effect once: for steps on a database with transactions.",
        default=False,
    ),
)

RETRY_KEYS: Final = (
    Key("max_attempts", "count", "How often the step is tried in all.", default=3),
    Key("delay", "duration", "Wait before the second attempt.", default=1),
    Key("delay_seconds", "duration", "Another name of `delay`.", field="delay"),
    Key(
        "backoff",
        "backoff",
        "How the wait grows: `fixed`, `linear` (delay × attempt), `exponential`, or a number to multiply with.",
        default="fixed",
        choices=("fixed", "linear", "exponential"),
    ),
    Key("backoff_multiplier", "number", "What an exponential wait is multiplied with.", default=2),
    Key("max_delay", "duration", "The longest wait."),
    Key("jitter", "share", "Share of the wait that is drawn at random, 0 to 1; `true` is 0.1.", default=0),
    Key("on", "words", "Only errors of these types are tried again."),
)

ELIF_KEYS: Final = (
    Key("if", "condition", "When these steps run.", required=True, field="condition"),
    Key("then", "steps", "The steps.", required=True),
)

CASE_KEYS: Final = (
    Key("when", "value", "A value, or a list of values of which one must be equal."),
    Key("do", "steps", "Steps that run when the value is equal."),
    Key("default", "steps", "Steps that run when no case matches."),
)

EXIT_KEYS: Final = (
    Key("reason", "value", "Why the flow ends here."),
    Key("outputs", "arguments", "The outputs of the result; the flow's own are not computed.", default={}),
    Key("status", "text", "Whether this ending counts as a success.", default="success", choices=EXIT_STATUSES),
)

KINDS: Final = (
    Kind(
        "task",
        "Runs a task that is registered by the project or a plugin.",
        (
            Key("task", "text", "Name of the task.", required=True),
            Key("inputs", "arguments", "The task's arguments, by name.", field="arguments"),
        ),
        "- task: SendMail\n  id: mail\n  inputs:\n    to: ${inputs.address}\n",
    ),
    Kind(
        "parallel",
        "Runs its branches at once. The first failure cancels the others.",
        (
            Key("parallel", "steps", "The branches: one step each.", required=True, field="branches"),
            Key("max_concurrency", "count", "How many branches run at the same time. All of them without it."),
        ),
        "- parallel:\n    - task: FetchOrders\n    - task: FetchStock\n",
    ),
    Kind(
        "if",
        "Runs one of two lists of steps.",
        (
            Key("if", "condition", "What decides.", required=True, field="test"),
            Key("then", "steps", "Steps that run when the condition holds."),
            Key("elif", "elifs", "Further conditions, tried in order.", field="elifs"),
            Key("else", "steps", "Steps that run when no condition holds.", field="otherwise"),
        ),
        "- if: ${check.count > 0}\n  then:\n    - task: Process\n  else:\n    - exit\n",
    ),
    Kind(
        "switch",
        "Runs the steps of the first case that is equal to a value.",
        (
            Key("switch", "expression", "The value to compare.", required=True, field="subject"),
            Key(
                "cases",
                "cases",
                "The cases. The first that matches wins; the default counts only when nothing matched.",
                required=True,
            ),
            Key("default", "steps", "The same as a `default` among the cases."),
        ),
        "- switch: ${order.status}\n"
        "  cases:\n"
        "    - when: [new, open]\n"
        "      do:\n"
        "        - task: Process\n"
        "    - default:\n"
        "        - task: Archive\n",
    ),
    Kind(
        "for_each",
        "Runs steps once for every item of a list or map.",
        (
            Key(
                "for_each",
                "expression",
                "A list, a map (its items are `{key, value}`), a range, or null for no iteration.",
                required=True,
                field="items",
            ),
            Key("as", "identifier", "Name of the current item.", default="item", field="as_"),
            Key("do", "steps", "Steps of one iteration.", required=True, field="body"),
            Key("concurrency", "count", "How many iterations run at the same time.", default=1),
            Key(
                "collect",
                "expression",
                "A value of each iteration; all of them are `${id.results}`, in the items' order.",
            ),
        ),
        "- for_each: ${fetch.rows}\n"
        "  id: ship\n"
        "  as: order\n"
        "  do:\n"
        "    - task: Ship\n"
        "      inputs: {order: ${order}}\n",
    ),
    Kind(
        "while",
        "Runs steps as long as a condition holds.",
        (
            Key("while", "condition", "Checked before every iteration.", required=True, field="test"),
            Key("do", "steps", "Steps of one iteration.", required=True, field="body"),
            Key("max_iterations", "count", "More iterations than this are an error.", default=1000),
        ),
        "- while: ${not page.last}\n  do:\n    - task: FetchPage\n      id: page\n",
    ),
    Kind(
        "subflow",
        "Runs another flow of the project.",
        (
            Key("subflow", "text", "Name of the flow's folder or file.", required=True, field="flow"),
            Key("inputs", "arguments", "The other flow's inputs.", field="arguments"),
        ),
        "- subflow: send_invoice\n  id: invoice\n  inputs: {order: ${order.id}}\n",
    ),
    Kind(
        "exit",
        "Ends the flow here.",
        (Key("exit", "exit", "Nothing, or a reason, outputs and a status.", field="ending"),),
        "- exit: {reason: nothing to do, status: success}\n",
    ),
)

#: Every kind by its name.
KIND: Final[dict[str, Kind]] = {kind.name: kind for kind in KINDS}

#: Names that an expression may start with, beside steps and loop variables.
ROOTS: Final[dict[str, str]] = {
    "inputs": "The values given to the flow.",
    "env": "Variables of the environment, of `.env` beside the flow and of the project's `.env`.",
    "context": "The run: `run_id`, `flow`, `last_error`, `attempt`, `started_at`.",
    "loop": "The loop around: `index` from 0, `number` from 1, `first`, `last`, `length`.",
}

CONTEXT_FIELDS: Final[dict[str, str]] = {
    "run_id": "Id of the run.",
    "flow": "Name of the flow.",
    "last_error": "The error that is being handled: `type`, `message`, `step`, `attempts`.",
    "attempt": "Number of the current attempt, from 1.",
    "started_at": "When the run started, as ISO text.",
}

LOOP_FIELDS: Final[dict[str, str]] = {
    "index": "Position of the item, from 0.",
    "number": "Position of the item, from 1.",
    "first": "Whether this is the first item.",
    "last": "Whether this is the last item.",
    "length": "How many items there are.",
}

#: What every step's result has beside its own keys.
RESULT_FIELDS: Final[dict[str, str]] = {
    "result": "The result itself, when it is no map.",
    "error": "What went wrong: `type`, `message`, `attempts`; null when nothing did.",
    "status": "`succeeded`, `failed`, `skipped` or `pending`.",
    "duration_ms": "How long the step took, in milliseconds.",
    "attempts": "How often it was tried.",
}

#: Words that cannot be the id of a step or the name of a loop variable.
RESERVED: Final = frozenset(
    {*ROOTS, "true", "false", "null", "True", "False", "None", "and", "or", "not", "in", "if", "else"}
)
