"""The MySQL tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flowlang.connections.base import one_by_one
from flowlang.errors import FlowExecutionError
from flowlang_plugins.mysql.control import not_undoable
from flowlang_plugins.mysql.values import adapted, quoted, quoted_table
from flowlang_plugins.sql import arguments
from flowlang_plugins.sql.sending import send_all, send_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowlang_plugins.mysql.connection import MySQLConnection

_ISOLATION: Final = ("read_uncommitted", "read_committed", "repeatable_read", "serializable")

#: A statement of many rows is cut here, in characters: servers take 16 MB and more, but wait for all of it.
_LENGTH: Final = 1_000_000


async def mysql_query(
    query: str, params: list[Any] | dict[str, Any] | None = None, connection: Any = None
) -> dict[str, Any]:
    """Run a query and fetch its rows.

    A map or list as a parameter is sent as JSON; `json` columns come back as what they hold. Two columns of one
    name become `id` and `id_2`.

    Args:
        query: One SQL statement, with `%s` or `%(name)s` where a parameter goes
        params: The parameters: a list for `%s`, a map for `%(name)s`; beside them `%%` is a percent sign
        connection: The connection (injected)

    Returns:
        rows: The rows, a map of column to value each
        count: How many rows there are
        columns: The names of the columns

    Example YAML:
        - mysql_query:
            id: open_orders
            connection: db
            query: SELECT id, total FROM orders WHERE status = %s
            params: [open]
            outputs: [rows, count]
    """
    outcome = await send_one(_session(connection), query, params, not_undoable, "mysql_transaction")
    return {"rows": outcome.rows, "count": len(outcome.rows), "columns": outcome.columns}


async def mysql_execute(
    query: str, params: list[Any] | dict[str, Any] | None = None, connection: Any = None
) -> dict[str, Any]:
    """Run a statement that changes data or tables. It takes effect at once.

    Args:
        query: One SQL statement, with `%s` or `%(name)s` where a parameter goes
        params: The parameters: a list for `%s`, a map for `%(name)s`; beside them `%%` is a percent sign
        connection: The connection (injected)

    Returns:
        rows_affected: How many rows were inserted, found by an update, or deleted
        last_insert_id: The number that AUTO_INCREMENT gave the first new row, null if it gave none

    Example YAML:
        - mysql_execute:
            id: add_order
            connection: db
            query: INSERT INTO orders (customer, total) VALUES (%(customer)s, %(total)s)
            params: {customer: Ada, total: 12.5}
            outputs: [last_insert_id]
    """
    outcome = await send_one(_session(connection), query, params, not_undoable, "mysql_transaction")
    return {"rows_affected": outcome.affected, "last_insert_id": outcome.last_id}


async def mysql_transaction(queries: list[Any], isolation: str | None = None, connection: Any = None) -> dict[str, Any]:
    """Run several statements of which all take effect, or none.

    Statements that MySQL can't undo, such as CREATE TABLE, are refused. Tables of an engine without transactions
    (MyISAM) keep what was written.

    Args:
        queries: The statements, a map of `query` and `params` each
        isolation: What the transaction sees of others: `read_uncommitted`, `read_committed`,
            `repeatable_read` (the server's default), `serializable`
        connection: The connection (injected)

    Returns:
        results: For each statement a map of `rows_affected` and `rows`
        count: How many statements ran

    Example YAML:
        - mysql_transaction:
            id: transfer
            connection: db
            isolation: serializable
            queries:
              - query: UPDATE accounts SET balance = balance - %s WHERE id = %s
                params: [100, 1]
              - query: UPDATE accounts SET balance = balance + %s WHERE id = %s
                params: [100, 2]
    """
    hint = "leave it out, or run it in a step of its own; SAVEPOINT, RELEASE and ROLLBACK TO can be used"
    statements = arguments.statements(queries, not_undoable, hint)
    return await send_all(_session(connection), statements, arguments.isolation_level(isolation, _ISOLATION))


async def mysql_batch_insert(
    table: str, records: list[Any], batch_size: int = 1000, connection: Any = None
) -> dict[str, Any]:
    """Insert many rows, all of them or none.

    The columns are those of all records together: a record that lacks one gets NULL there.

    Args:
        table: Name of the table, quoted for you; `database.table` for one in another database
        records: The rows, a map of column to value each
        batch_size: How many rows are sent at a time
        connection: The connection (injected)

    Returns:
        inserted_count: How many rows were inserted
        batches: In how many batches they were sent
        table: The table

    Example YAML:
        - mysql_batch_insert:
            id: load
            connection: db
            table: orders
            records:
              - {customer: Ada, total: 12.5}
              - {customer: Grace, total: 30}
    """
    rows = arguments.records(records, "records")
    columns = arguments.columns_of(rows)
    batches = list(arguments.batches(rows, batch_size))
    insert = f"INSERT INTO {quoted_table(table)} ({', '.join(map(quoted, columns))}) VALUES "
    pattern = f"{insert}({', '.join(['%s'] * len(columns))})"
    inserted = 0
    if batches:
        session = _session(connection)
        async with session.atomic():
            async for text, batch in one_by_one(session, [(pattern, batch) for batch in batches]):
                for values in _joined(session, columns, batch):
                    inserted += await session.send_rows(text, insert + values)
    return {"inserted_count": inserted, "batches": len(batches), "table": table}


async def mysql_batch_update(
    table: str, updates: list[Any], key_field: str = "id", batch_size: int = 1000, connection: Any = None
) -> dict[str, Any]:
    """Change many rows by their key, all of them or none.

    Each update changes the columns that it has, and no others.

    Args:
        table: Name of the table, quoted for you; `database.table` for one in another database
        updates: The changes, a map of the key and the columns to set each
        key_field: The column by which rows are found
        batch_size: How many updates are sent at a time
        connection: The connection (injected)

    Returns:
        updated_count: How many rows were found and updated
        batches: In how many batches they were sent
        table: The table

    Example YAML:
        - mysql_batch_update:
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
        async with session.atomic():
            statements = [
                (_update(table, columns, key_field), values) for columns, values in arguments.alike(batches, key_field)
            ]
            async for text, values in one_by_one(session, statements):
                updated += await session.send_many(text, values)
    return {"updated_count": updated, "batches": len(batches), "table": table}


def _joined(session: MySQLConnection, columns: Sequence[str], batch: Sequence[arguments.Record]) -> Iterator[str]:
    """The rows of a batch as they stand behind VALUES, in pieces that the server takes at once."""
    escape = session.escape
    rows: list[str] = []
    length = 0
    for record in batch:
        row = f"({','.join([escape(adapted(record.get(column))) for column in columns])})"
        if rows and length + len(row) > _LENGTH:
            yield ",".join(rows)
            rows, length = [], 0
        rows.append(row)
        length += len(row) + 1
    yield ",".join(rows)


def _update(table: str, columns: Sequence[str], key_field: str) -> str:
    target, key = _literally(quoted_table(table)), _literally(quoted(key_field))
    sets = ", ".join(f"{_literally(quoted(column))} = %s" for column in columns)
    return f"UPDATE {target} SET {sets} WHERE {key} = %s"


def _literally(text: str) -> str:
    """A part of a statement with parameters, in which a percent sign stands for itself."""
    return text.replace("%", "%%")


def _session(connection: Any) -> MySQLConnection:
    from flowlang_plugins.mysql.connection import MySQLConnection

    if not isinstance(connection, MySQLConnection):
        raise FlowExecutionError("this task needs a connection of type `mysql`")
    return connection
