"""What a signature and a docstring say of a task."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Dict, List, Literal, NewType, Optional, TypedDict, Union  # noqa: UP035  # what is tested

import pytest

from flowlang.errors import ConfigurationError
from flowlang.language.catalog import Parameter, TaskInfo
from flowlang.tasks.annotations import json_type
from flowlang.tasks.docstrings import read_docstring
from flowlang.tasks.signatures import describe

UserId = NewType("UserId", int)


class User(TypedDict):
    name: str


class Service:
    async def get(
        self,
        resource_id: str,
        limit: int = 10,
        filter: Optional[Dict[str, Any]] = None,  # noqa: UP006, UP045  # what is tested
        connection: Any = None,
    ) -> Dict[str, Any]:  # noqa: UP006  # what is tested
        """
        Built-in task: Get resource
        by ID.

        More about it.

        Args:
            resource_id: Resource identifier,
                as the service gave it
            limit (int): How many
            connection: Service client (injected)

        Returns:
            Dict with 'data' key containing resource data

        Example YAML:
            - service_get:
                id: fetch_item
                resource_id: "${inputs.item_id}"
        """
        return {}


def test_a_task_is_described_by_its_signature_and_docstring() -> None:
    info = describe(Service().get, name="service_get", provider="service")
    assert info == TaskInfo(
        name="service_get",
        description="Built-in task: Get resource by ID.",
        parameters=(
            Parameter("resource_id", "string", True, None, "Resource identifier, as the service gave it"),
            Parameter("limit", "integer", False, 10, "How many"),
            Parameter("filter", "object|null", False, None, ""),
        ),
        results={"data": "key containing resource data"},
        open_ended=False,
        wants_connection=True,
        provider="service",
        stub=False,
        example='- service_get:\n    id: fetch_item\n    resource_id: "${inputs.item_id}"',
        source=f"{__file__}:{Service.get.__code__.co_firstlineno}",
    )


def test_arguments_of_any_name_make_a_task_open_ended() -> None:
    def log(message: str, *more: Any, context: Any, **fields: Any) -> None: ...

    info = describe(log, name="log")
    assert info.open_ended
    assert [parameter.name for parameter in info.parameters] == ["message"]


def test_a_partial_application_keeps_what_is_still_open() -> None:
    def move(source: str, target: str, copy: bool = False) -> None:
        """Moves a file."""

    info = describe(functools.partial(move, target="there"), name="move")
    assert [(item.name, item.required) for item in info.parameters] == [
        ("source", True),
        ("target", False),
        ("copy", False),
    ]
    assert info.description == "Moves a file."


def test_a_builtin_without_a_signature_takes_anything() -> None:
    info = describe(dict, name="make")
    assert (info.parameters, info.open_ended, info.source) == ((), True, None)


def test_positions_only_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="`len` takes `obj` by position only"):
        describe(len, name="len")


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, "string"),
        (int, "integer"),
        (float, "number"),
        (bool, "boolean"),
        (dict, "object"),
        (Mapping[str, int], "object"),
        (User, "object"),
        (List[int], "array"),  # noqa: UP006  # what is tested
        (Sequence[str], "array"),
        (tuple[int, ...], "array"),
        (Optional[str], "string|null"),  # noqa: UP045  # what is tested
        (Union[int, "str", None], "string|integer|null"),
        (int | None, "integer|null"),
        (Literal["a", 1, None], "string|integer|null"),
        (UserId, "integer"),
        (None, "null"),
        (Any, None),
        (date, None),
        (int | date, None),
        ("int", "integer"),
        ("Optional[Dict[str, Any]]", "object|null"),
        ("list[Nowhere] | None", "array|null"),
        ("Union['int', str]", "string|integer"),
        ("Literal['a', 2]", "string|integer"),
        ("User", "object"),
        ("UserId", "integer"),
        ("functools.partial", None),
        ("Nowhere", None),
        ("nowhere.int", None),
        ("__import__('os').system('true')", None),
        ("[", None),
        ("", None),
        (3, None),
        ([], None),
    ],
)
def test_annotations_stand_for_json_types(annotation: Any, expected: str | None) -> None:
    assert json_type(annotation, globals()) == expected


def test_an_annotation_in_text_is_never_run() -> None:
    ran: list[str] = []

    class Trap:
        def __class_getitem__(cls, item: Any) -> Any:
            ran.append("subscript")

        def __getattr__(self, name: str) -> Any:
            ran.append(name)

    namespace = {"Trap": Trap, "trap": Trap()}
    for text in ("Trap[int]", "trap.int", "trap.int[str]", "Trap()"):
        assert json_type(text, namespace) is None
    assert ran == []


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        ("Dict with 'user' containing transformed data", {"user": "containing transformed data"}),
        ("Dict with 'updated' boolean", {"updated": "boolean"}),
        ("Dict with 'resource_id' and 'data'", {"resource_id": "", "data": ""}),
        ('A dictionary with keys "a", "b", and "c".', {"a": "", "b": "", "c": ""}),
        ("rows: The rows.\ncount: How many,\n    in all.", {"rows": "The rows.", "count": "How many, in all."}),
        ("Dict with:\n    `rows` (list): The rows.\n    count: How many.", {"rows": "The rows.", "count": "How many."}),
        ("- rows: The rows.\n- count: How many.", {"rows": "The rows.", "count": "How many."}),
        ("Dict with output values", None),
        ("dict: The whole thing.", None),
        ("bool: True if it went well.", None),
        ("Dict with 'a' (number), 'b' (text)", None),
        ("The number of rows", None),
        ("", None),
    ],
)
def test_results_are_the_keys_that_the_docstring_names(returns: str, expected: dict[str, str] | None) -> None:
    body = "".join(f"    {line}\n" for line in returns.splitlines())
    assert read_docstring(f"Does it.\n\nReturns:\n{body}").results == expected


def test_a_section_ends_at_the_next_text_at_the_margin() -> None:
    doc = read_docstring("Does it.\n\nArgs:\n    a: One.\n\nAfterwards: nothing.\n\nReturns:\n    x: The x.\n")
    assert doc.summary == "Does it."
    assert doc.arguments == {"a": "One."}
    assert doc.results == {"x": "The x."}
