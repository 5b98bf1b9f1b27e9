"""The SQLite tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flowlang.connections.base import one_by_one
from flowlang.errors import FlowExecutionError
from flowlang_plugins.sql import arguments
from flowlang_plugins.sql.sending import send_all, send_one
from flowlang_plugins.sqlite.control import begins_or_ends
from flowlang_plugins.sqlite.values import all_adapted, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowlang_plugins.sqlite.connection import SQLiteConnection

_ISOLATION: Final = ("deferred", "immediate", "exclusive")


async def sqlite_query(
    query: str, params: list[Any] | dict[str, Any] | None = None, connection: Any = None
) -> dict[str, Any]:
    """Run a query and fetch its rows.

    Two columns of one name become `id` and `id_2`. Dates that were stored as text stay text.

    Args:
        query: One SQL statement, with `?` or `:name` where a parameter goes
        params: The parameters: a list for `?`, a map for `:name`
        connection: The connection (injected)

    Returns:
        rows: The rows, a map of column to value each
        count: How many rows there are
        columns: The names of the columns

    Example YAML:
        - sqlite_query:
            id: open_orders
            connection: db
            query: SELECT id, total FROM orders WHERE status = ?
            params: [open]
            outputs: [rows, count]
    """
    outcome = await send_one(_session(connection), query, params, begins_or_ends, "sqlite_transaction")
    return {"rows": outcome.rows, "count": len(outcome.rows), "columns": outcome.columns}


async def sqlite_execute(
    query: str, params: list[Any] | dict[str, Any] | None = None, connection: Any = None
) -> dict[str, Any]:
    """Run a statement that changes data or tables. It takes effect at once.

    Args:
        query: One SQL statement, with `?` or `:name` where a parameter goes
        params: The parameters: a list for `?`, a map for `:name`
        connection: The connection (injected)

    Returns:
        rows_affected: How many rows were inserted, changed or deleted
        last_insert_id: The rowid of the row that was inserted last, null unless one was inserted

    Example YAML:
        - sqlite_execute:
            id: add_order
            connection: db
            query: INSERT INTO orders (customer, total) VALUES (:customer, :total)
            params: {customer: Ada, total: 12.5}
            outputs: [last_insert_id]
    """
    outcome = await send_one(_session(connection), query, params, begins_or_ends, "sqlite_transaction")
    return {"rows_affected": outcome.affected, "last_insert_id": outcome.last_id}


async def sqlite_transaction(
    queries: list[Any], isolation: str | None = None, connection: Any = None
) -> dict[str, Any]:
    """Run several statements of which all take effect, or none.

    Args:
        queries: The statements, a map of `query` and `params` each
        isolation: When the database is locked: `deferred` (when needed), `immediate` (from the start, for
            writers), `exclusive` (for readers too); the connection's `isolation_level` without it
        connection: The connection (injected)

    Returns:
        results: For each statement a map of `rows_affected` and `rows`
        count: How many statements ran

    Example YAML:
        - sqlite_transaction:
            id: transfer
            connection: db
            queries:
              - query: UPDATE accounts SET balance = balance - ? WHERE id = ?
                params: [100, 1]
              - query: UPDATE accounts SET balance = balance + ? WHERE id = ?
                params: [100, 2]
    """
    hint = "leave it out; SAVEPOINT, RELEASE and ROLLBACK TO can be used"
    statements = arguments.statements(queries, begins_or_ends, hint)
    return await send_all(_session(connection), statements, arguments.isolation_level(isolation, _ISOLATION))


async def sqlite_batch_insert(
    table: str, records: list[Any], batch_size: int = 1000, connection: Any = None
) -> dict[str, Any]:
    """Insert many rows, all of them or none.

    The columns are those of all records together: a record that lacks one gets NULL there.

    Args:
        table: Name of the table, quoted for you
        records: The rows, a map of column to value each
        batch_size: How many rows are sent at a time
        connection: The connection (injected)

    Returns:
        inserted_count: How many rows were inserted
        batches: In how many batches they were sent
        table: The table

    Example YAML:
        - sqlite_batch_insert:
            id: load
            connection: db
            table: orders
            records:
              - {customer: Ada, total: 12.5}
              - {customer: Grace, total: 30}
    """
    rows = arguments.records(records, "records")
    columns = arguments.columns_of(rows)
    names = ", ".join(map(quoted, columns))
    insert = f"INSERT INTO {quoted(table)} ({names}) VALUES ({', '.join('?' * len(columns))})"
    batches = list(arguments.batches(rows, batch_size))
    inserted = 0
    if batches:
        session = _session(connection)
        async with session.atomic("immediate"):
            async for text, batch in one_by_one(session, [(insert, batch) for batch in batches]):
                inserted += await session.send_many(text, all_adapted(arguments.tuples(columns, batch)))
    return {"inserted_count": inserted, "batches": len(batches), "table": table}


async def sqlite_batch_update(
    table: str, updates: list[Any], key_field: str = "id", batch_size: int = 1000, connection: Any = None
) -> dict[str, Any]:
    """Change many rows by their key, all of them or none.

    Each update changes the columns that it has, and no others.

    Args:
        table: Name of the table, quoted for you
        updates: The changes, a map of the key and the columns to set each
        key_field: The column by which rows are found
        batch_size: How many updates are sent at a time
        connection: The connection (injected)

    Returns:
        updated_count: How many rows were found and updated
        batches: In how many batches they were sent
        table: The table

    Example YAML:
        - sqlite_batch_update:
            id: ship
            connection: db
            table: orders
            updates:
              - {id: 1, status: shipped}
              - {id: 2, status: shipped, total: 11}
    """
    changes = arguments.changes(updates, key_field)
    batches = list(arguments.batches(changes, batch_size))
    updated = 0
    if batches:
        session = _session(connection)
        async with session.atomic("immediate"):
            statements = [
                (_update(table, columns, key_field), values) for columns, values in arguments.alike(batches, key_field)
            ]
            async for text, values in one_by_one(session, statements):
                updated += await session.send_many(text, all_adapted(values))
    return {"updated_count": updated, "batches": len(batches), "table": table}


def _update(table: str, columns: Sequence[str], key_field: str) -> str:
    # a qualified column can't be taken for text when the table has none of that name
    found = f"{quoted(table)}.{quoted(key_field)} = ?"
    return f"UPDATE {quoted(table)} SET {', '.join(f'{quoted(column)} = ?' for column in columns)} WHERE {found}"


def _session(connection: Any) -> SQLiteConnection:
    from flowlang_plugins.sqlite.connection import SQLiteConnection

    if not isinstance(connection, SQLiteConnection):
        raise FlowExecutionError("this task needs a connection of type `sqlite`")
    return connection
