"""From nodes to a flow: the structure of the language, with every structural problem at once."""

from __future__ import annotations

import re
from typing import Any, Final

from flowlang.language.diagnostics import NOWHERE, Problems, Span
from flowlang.language.identify import identify
from flowlang.language.inputs import allows, coerce_input
from flowlang.language.model import Connection, Flow, Input, Name, Output, Value
from flowlang.language.nodes import Mapping, Node, Scalar, Sequence
from flowlang.language.parse_fields import Table, described, first_in_line, is_expression, mended, start_of
from flowlang.language.parse_steps import StepReader
from flowlang.language.source import Source
from flowlang.language.vocabulary import (
    CONNECTION_KEYS,
    FLOW_KEYS,
    INPUT_KEYS,
    INPUT_TYPES,
    OUTPUT_KEYS,
    Key,
)

_FLOW_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_FLOW: Final = Table(FLOW_KEYS)
_INPUT: Final = Table(INPUT_KEYS)
_OUTPUT: Final = Table(OUTPUT_KEYS)
_CONNECTION: Final = {key.name: key for key in CONNECTION_KEYS}


def parse_flow(source: Source, problems: Problems) -> Flow:
    """The flow that a source holds: all of it that can be read, however broken the rest is."""
    if source.root is None or (isinstance(source.root, Scalar) and source.root.value is None):
        if source.complete and not problems.fatal:
            message = "the flow is empty; it needs at least `flow: <name>` and `steps:` with one step"
            problems.error("empty-flow", message, Span(1, 1, 1, 1) if source.root is None else source.root.span)
        return Flow(path=source.path)
    if not isinstance(source.root, Mapping):
        if source.complete:
            message = f"a flow is a map with the keys `flow` and `steps`, not {described(source.root)}"
            problems.error("wrong-type", message, start_of(source.root))
        return Flow(path=source.path)
    return _FlowReader(source, problems).read(source.root)


class _FlowReader(StepReader):
    def read(self, root: Mapping) -> Flow:
        fields = self.fields(root, _FLOW, "a flow")
        name = fields.pop("name", None) or Name("", NOWHERE)
        for key in ("description", "version", "mode"):
            if key in fields:
                fields[key] = fields[key].text
        flow = Flow(name=name.text, name_span=name.span, path=self.source.path, node=root, **fields)
        steps = root.entries.get("steps")
        if not flow.steps and steps is not None and isinstance(steps[1], Sequence) and not steps[1].items:
            self.problems.error("empty-steps", "a flow needs at least one step", steps[0].span)
        identify(flow, self.given, self.problems)
        return flow

    def read_identifier(self, node: Node, key: Key) -> Name | None:
        """As everywhere, but the name of a flow starts with a letter."""
        name = self.as_name(node)
        if key is not _FLOW.by_name["flow"] or name is None or _FLOW_NAME.fullmatch(name.text):
            return super().read_identifier(node, key)
        if self.literal(name, key.name):
            message = "the name of a flow is a letter, then letters, digits and `_`"
            suggestion = mended(name.text).lstrip("_0123456789") or None
            self.problems.error("invalid-name", message, name.span, suggestion=suggestion)
        return name

    def read_triggers(self, node: Node, key: Key) -> list[Node] | None:
        if isinstance(node, Sequence):
            return node.items
        self.wrong_type(node, key)
        return None

    def read_inputs(self, node: Node, key: Key) -> list[Input]:
        found: dict[str, Input] = {}
        for name, item in self._input_items(node, key):
            declared = self._input(name, item)
            if declared is None:
                continue
            if declared.name in found:
                self._twice("input", Name(declared.name, declared.span), found[declared.name].span)
            else:
                found[declared.name] = declared
        return list(found.values())

    def _input_items(self, node: Node, key: Key) -> list[tuple[Scalar | None, Mapping]]:
        """Each declaration; the name of an input that is written as `name: {…}` stands before it."""
        if isinstance(node, Scalar) and node.value is None:
            return []
        if isinstance(node, Mapping) and not isinstance(node.get("name"), Scalar):
            return [(name, self._declaration(value)) for _, name, value in node.items()]
        if not isinstance(node, Sequence):
            return [(None, item) for item in self._maps(node, key)]
        found: list[tuple[Scalar | None, Mapping]] = []
        for item in node.items:
            if isinstance(item, Mapping):
                found.append((None, item))
            elif isinstance(item, Scalar) and isinstance(item.value, str):
                message = f"an input is a map, not {described(item)}"
                self.problems.error("wrong-type", message, item.span, suggestion=f"name: {item.value}")
                found.append((item, Mapping({}, item.start, item.end)))
            elif not self.is_broken(item):
                self.wrong_type(item, key)
        return found

    def _declaration(self, node: Node) -> Mapping:
        """What stands after the name of an input."""
        if isinstance(node, Mapping):
            return node
        value = node.value if isinstance(node, Scalar) else node
        if value is not None:
            suggestion = f"{{type: {value}}}" if isinstance(value, str) and value in INPUT_TYPES else None
            message = f"an input is a map with `type`, `default` and so on, not {described(node)}"
            self.problems.error("wrong-type", message, node.span, suggestion=suggestion)
        return Mapping({}, node.start, node.end)

    def _input(self, name: Scalar | None, item: Mapping) -> Input | None:
        if name is not None:
            item = Mapping({"name": (name, name), **item.entries}, item.start, item.end)
        fields = self.fields(item, _INPUT, "an input")
        named = fields.get("name")
        if named is None:
            return None
        type_name = fields["type"].text if "type" in fields else None
        has_default = "default" in fields
        declared = Input(
            named.text,
            named.span,
            type=INPUT_TYPES[type_name] if type_name else None,
            required=fields.get("required", not has_default),
            description=fields["description"].text if "description" in fields else None,
            secret=fields.get("secret", False),
        )
        if "enum" in fields:
            declared.enum = self._enum(declared, fields["enum"].node)
        if has_default:
            self._default(declared, fields["default"].node)
        return declared

    def _enum(self, declared: Input, node: Node) -> list[Any] | None:
        if not isinstance(node, Sequence) or not node.items:
            message = f"`enum` takes a list of the values that are allowed, not {described(node)}"
            self.problems.error("wrong-type", message, node.span)
            return None
        allowed = []
        for item in node.items:
            try:
                allowed.append(coerce_input(item.data, declared.type, show=not declared.secret))
            except ValueError as error:
                self.problems.error("wrong-type", f"a value of `{declared.name}` {error}", item.span)
        return allowed

    def _default(self, declared: Input, node: Node) -> None:
        declared.has_default = True
        if is_expression(node):
            self.literal(Name(self.text_of(node), node.span), "default")  # type: ignore[arg-type]
            return
        value = node.data
        if value is None:
            return
        try:
            value = coerce_input(value, declared.type, show=not declared.secret)
        except ValueError as error:
            self.problems.error("invalid-default", f"the default of `{declared.name}` {error}", node.span)
            return
        declared.default = value
        if declared.enum is not None and not allows(declared.enum, value):
            message = f"the default of `{declared.name}` is not one of its `enum`"
            self.problems.error("invalid-default", message, node.span)

    def read_outputs(self, node: Node, key: Key) -> list[Output] | None:
        found: dict[str, Output] = {}
        if isinstance(node, Mapping):
            outputs = [self._named(name, Value(value)) for _, name, value in node.items()]
        elif isinstance(node, Sequence):
            outputs = [output for item in node.items if (output := self._output(item, key)) is not None]
        else:
            self.wrong_type(node, key)
            return None
        for output in outputs:
            if output.name in found:
                self._twice("output", Name(output.name, output.span), found[output.name].span)
            else:
                found[output.name] = output
        return list(found.values())

    def _output(self, node: Node, key: Key) -> Output | None:
        if isinstance(node, Scalar) and node.value is not None:
            if is_expression(node):
                message = "an output needs a name; write `name: <name>` and `value:` with the expression"
                self.problems.error("missing-key", message, node.span)
                return None
            return self._named(node)
        if not isinstance(node, Mapping):
            self.wrong_type(node, key)
            return None
        if len(node.entries) == 1:
            (name, (key_node, value)) = next(iter(node.entries.items()))
            if name not in _OUTPUT.by_name:
                return self._named(key_node, Value(value))
        fields = self.fields(node, _OUTPUT, "an output")
        if "name" not in fields:
            return None
        name_node = node.entries["name"][1]
        assert isinstance(name_node, Scalar)
        output = self._named(name_node, fields.get("value"))
        output.description = fields["description"].text if "description" in fields else None
        return output

    def _named(self, name: Scalar, value: Value | None = None) -> Output:
        """An output; without a value its name is the expression."""
        named = Name(self.text_of(name), name.span)
        self.literal(named, "name")
        return Output(named.text, named.span, value or Value(name, "expression"))

    def read_connections(self, node: Node, key: Key) -> dict[str, Connection] | None:
        if not isinstance(node, Mapping):
            self.wrong_type(node, key)
            return None
        return {name: self._connection(name_node, value) for name, name_node, value in node.items()}

    def _connection(self, name: Scalar, node: Node) -> Connection:
        connection = Connection(name.value, name.span)
        self.literal(Name(name.value, name.span), "connections")
        if not isinstance(node, Mapping):
            suggestion = f"{{type: {node.value}}}" if isinstance(node, Scalar) and isinstance(node.value, str) else None
            message = f"a connection is a map with its `type` and configuration, not {described(node)}"
            span = name.span if suggestion is None else node.span
            self.problems.error("wrong-type", message, span, suggestion=suggestion)
            return connection
        chosen: dict[str, Name] = {}
        for key, key_node, value in node.items():
            if key in _CONNECTION:
                found = self.read_text(value, _CONNECTION[key])
                if found is not None and self.literal(found, key):
                    chosen[key] = found
            else:
                connection.config[key] = Value(value)
                connection.keys[key] = key_node.span
        connection.type, connection.use = chosen.get("type"), chosen.get("use")
        self._check_connection(connection, name, node)
        return connection

    def _check_connection(self, connection: Connection, name: Scalar, node: Mapping) -> None:
        if "use" in node.entries:
            use = node.entries["use"][0]
            for key, key_node, _ in node.items():
                if key != "use":
                    why = f"`use` takes a connection of the project as it is, so `{key}` cannot stand beside it"
                    self.conflict(key_node, use, why)
        elif "type" not in node.entries and self.source.complete:
            message = f"the connection `{name.value}` needs the key `type`, or `use` for a connection of the project"
            meant = next((key for key, _, _ in node.items() if self.nearest(key, ("type",))), None)
            hint = f"; it has `{meant}`" if meant else ""
            self.problems.error("missing-key", message + hint, node.entries[meant][0].span if meant else name.span)

    def _twice(self, what: str, second: Name, first: Span) -> None:
        self.problems.error(
            f"duplicate-{what}",
            f"two {what}s have the name `{second.text}`{first_in_line(first)}",
            second.span,
            related=((f"the first `{second.text}`", first),),
        )
