"""Many rows at once: inserted by COPY, updated from arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

import asyncpg

from flowlang.connections.base import one_by_one, statement
from flowlang.errors import FlowExecutionError
from flowlang_plugins.postgres.connection import PostgresConnection
from flowlang_plugins.postgres.errors import failure
from flowlang_plugins.postgres.prepared import affected, quoted, quoted_table, quoted_type, table_parts
from flowlang_plugins.postgres.values import Coercer, coercer, json_text, zone_named
from flowlang_plugins.sql.arguments import Record, columns_set, tuples

#: What the server says of tables that rows can't be copied into: views, and those with row-level security.
_NO_COPY: Final = (asyncpg.FeatureNotSupportedError, asyncpg.exceptions.WrongObjectTypeError)
_NULL: Final = {type(None)}

#: What the driver raises, depending on the type, for a value that it can't express.
_UNFIT: Final = (
    asyncpg.InternalClientError,
    AttributeError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
)


class Column(NamedTuple):
    """A column of a table, by its type."""

    name: str
    type: Any
    fit: Coercer | None

    @property
    def is_array(self) -> bool:
        """Whether its values are lists in the database."""
        return bool(self.type.kind == "array")

    @property
    def is_json(self) -> bool:
        """Whether its values are JSON."""
        return self.type.name in ("json", "jsonb")


class _Misfit(FlowExecutionError):
    """Values that the driver can't express, but the server may understand as text."""


async def insert(
    session: PostgresConnection, table: str, columns: list[str], batches: Sequence[Sequence[Record]]
) -> int:
    """Insert all rows of all batches in one transaction; how many there were."""
    known = await _columns(session, table, columns)
    # what a type's encoder refuses by itself need not be looked at before: most rows fit as they are
    trusting = [column._replace(fit=None) if column.fit and column.fit.strict else column for column in known]
    for columns_to_fit in (trusting, known):
        try:
            async with session.atomic():
                return await _copied(session, table, columns_to_fit, batches)
        except _Misfit:
            continue
    async with session.atomic():
        return await _inserted(session, table, known, batches)


async def _columns(session: PostgresConnection, table: str, names: list[str]) -> list[Column]:
    """What the server knows of the columns."""
    listed = ", ".join(map(quoted, names))
    query = f"SELECT {listed} FROM {quoted_table(table)} LIMIT 0"
    try:
        attributes = (await session.prepared(query)).handle.get_attributes()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise failure(error, session.settings.timeout) from error
    zone = zone_named(getattr(session.get_settings(), "TimeZone", None))
    return [
        Column(attribute.name, attribute.type, coercer(attribute.type.kind, attribute.type.name, zone))
        for attribute in attributes
    ]


async def _copied(
    session: PostgresConnection, table: str, columns: list[Column], batches: Sequence[Sequence[Record]]
) -> int:
    """COPY. Raises `_Misfit` for a table or a value that it can't be used with."""
    *schema, name = table_parts(table)
    names = [column.name for column in columns]
    copy = f"COPY {quoted_table(table)} ({', '.join(map(quoted, names))}) FROM STDIN"
    copied = 0
    try:
        async for text, rows in one_by_one(session, [(copy, batches)]):
            with statement(text) as sent:
                status = await session.copy_records_to_table(
                    name,
                    schema_name=schema[0] if schema else None,
                    columns=names,
                    records=chain.from_iterable(_fitted(columns, batch) for batch in rows),
                    timeout=session.settings.timeout,
                )
                copied = sent.rows = affected(status)
    except _NO_COPY as error:
        raise _Misfit from error
    except asyncpg.DataError as error:
        if error.severity is None:
            raise _Misfit from error
        raise failure(error, session.settings.timeout) from error
    except _UNFIT as error:
        raise _Misfit from error
    return copied


def _fitted(columns: Sequence[Column], batch: Sequence[Record]) -> Sequence[Sequence[Any]]:
    """The rows of a batch, in the types of the columns. Columns that fit as they are aren't touched."""
    rows = tuples([column.name for column in columns], batch)
    misfits: dict[int, list[Any]] = {}
    for position, column in enumerate(columns):
        fit = column.fit
        if fit is not None and not fit.native.issuperset({*map(type, map(itemgetter(position), rows))} - _NULL):
            misfits[position] = [fit(row[position]) for row in rows]
    if not misfits:
        return rows
    cells = [misfits.get(position) or [row[position] for row in rows] for position in range(len(columns))]
    return list(zip(*cells, strict=True))


async def _inserted(
    session: PostgresConnection, table: str, columns: list[Column], batches: Sequence[Sequence[Record]]
) -> int:
    """Row by row, for what COPY can't do. Text for a type that the driver can't express is read by the server."""
    names = ", ".join(quoted(column.name) for column in columns)

    def statements() -> Iterator[tuple[str, Sequence[Any]]]:
        for row in chain.from_iterable(_fitted(columns, batch) for batch in batches):
            cells = ", ".join(_placeholder(number, column, row) for number, column in enumerate(columns, 1))
            yield f"INSERT INTO {quoted_table(table)} ({names}) VALUES ({cells})", row

    inserted = 0
    async for text, row in one_by_one(session, statements(), sum(map(len, batches))):
        inserted += (await session.send(text, row)).affected
    return inserted


def _placeholder(number: int, column: Column, row: Sequence[Any]) -> str:
    read_by_driver = column.is_json or (column.fit is not None and str in column.fit.native)
    as_text = isinstance(row[number - 1], str) and not read_by_driver
    return f"${number}::text::{quoted_type(column.type)}" if as_text else f"${number}"


async def update(session: PostgresConnection, table: str, key_field: str, batches: Sequence[Sequence[Record]]) -> int:
    """Apply all updates in one transaction; how many rows were found."""
    updated = 0
    async with session.atomic():
        names = dict.fromkeys(name for batch in batches for change in batch for name in change)
        known = {column.name: column for column in await _columns(session, table, list(names))}
        async for text, values in one_by_one(session, _updates(table, key_field, known, batches)):
            updated += (await session.send(text, values)).affected
    return updated


def _updates(
    table: str, key_field: str, known: Mapping[str, Column], batches: Sequence[Sequence[Record]]
) -> Iterator[tuple[str, Sequence[Any]]]:
    """The statements with their values, in the order in which they have to be sent."""
    for batch in batches:
        for names, alike in groupby(batch, key=lambda change: columns_set(change, key_field)):
            columns = [known[name] for name in (key_field, *names)]
            for changes in _apart(key_field, list(alike)):
                yield from _update(table, columns, changes)


def _apart(key_field: str, changes: Sequence[Record]) -> Iterator[list[Record]]:
    """The changes in runs without a repeated key, so that of two changes of one row the later one wins."""
    run: list[Record] = []
    seen: set[str] = set()
    for change in changes:
        key = str(change[key_field])
        if key in seen:
            yield run
            run, seen = [], set()
        seen.add(key)
        run.append(change)
    yield run


def _update(table: str, columns: list[Column], changes: Sequence[Record]) -> Iterator[tuple[str, Sequence[Any]]]:
    rows = _fitted(columns, changes)
    if any(column.is_array for column in columns):
        yield from _update_singly(table, columns, rows)
        return
    values = [
        [None if value is None else json_text(value) for value in cells] if column.is_json else list(cells)
        for column, cells in zip(columns, zip(*rows, strict=True), strict=True)
    ]
    as_text = [any(isinstance(value, str) for value in cells) for cells in values]
    arrays = ", ".join(
        f"${number}::{'text' if text else quoted_type(column.type)}[]"
        for number, (column, text) in enumerate(zip(columns, as_text, strict=True), 1)
    )
    cells = [
        f"v.c{number}::{quoted_type(column.type)}" if text else f"v.c{number}"
        for number, (column, text) in enumerate(zip(columns, as_text, strict=True), 1)
    ]
    sets = ", ".join(f"{quoted(column.name)} = {cell}" for column, cell in zip(columns[1:], cells[1:], strict=True))
    aliases = ", ".join(f"c{number}" for number in range(1, len(columns) + 1))
    query = (
        f"UPDATE {quoted_table(table)} AS t SET {sets} FROM unnest({arrays}) AS v({aliases}) "
        f"WHERE t.{quoted(columns[0].name)} = {cells[0]}"
    )
    yield query, values


def _update_singly(
    table: str, columns: list[Column], rows: Sequence[Sequence[Any]]
) -> Iterator[tuple[str, Sequence[Any]]]:
    sets = ", ".join(f"{quoted(column.name)} = ${number}" for number, column in enumerate(columns[1:], 2))
    query = f"UPDATE {quoted_table(table)} SET {sets} WHERE {quoted(columns[0].name)} = $1"
    return ((query, row) for row in rows)
