"""The PostgreSQL tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flowlang.errors import FlowExecutionError
from flowlang_plugins.postgres.control import begins_or_ends
from flowlang_plugins.sql import arguments
from flowlang_plugins.sql.sending import send_all, send_one

if TYPE_CHECKING:
    from flowlang_plugins.postgres.connection import PostgresConnection

_ISOLATION: Final = ("read_committed", "repeatable_read", "serializable")


async def pg_query(query: str, params: list[Any] | None = None, connection: Any = None) -> dict[str, Any]:
    """Run a query and fetch its rows.

    A parameter takes the type of its place: text such as `2024-01-31` or `12.50` becomes a date or a number,
    a map or list is stored in a `json` column as it is. Two columns of one name become `id` and `id_2`.

    Args:
        query: One SQL statement, with `$1`, `$2` where the parameters go
        params: The parameters, in the order of their numbers
        connection: The connection (injected)

    Returns:
        rows: The rows, a map of column to value each
        count: How many rows there are
        columns: The names of the columns

    Example YAML:
        - pg_query:
            id: open_orders
            connection: db
            query: SELECT id, total FROM orders WHERE status = $1
            params: [open]
            outputs: [rows, count]
    """
    outcome = await send_one(_session(connection), query, params, begins_or_ends, "pg_transaction")
    return {"rows": outcome.rows, "count": len(outcome.rows), "columns": outcome.columns}


async def pg_execute(query: str, params: list[Any] | None = None, connection: Any = None) -> dict[str, Any]:
    """Run a statement that changes data or tables. It takes effect at once.

    Args:
        query: One SQL statement, with `$1`, `$2` where the parameters go
        params: The parameters, in the order of their numbers
        connection: The connection (injected)

    Returns:
        rows_affected: How many rows were inserted, changed or deleted

    Example YAML:
        - pg_execute:
            id: add_order
            connection: db
            query: INSERT INTO orders (customer, total) VALUES ($1, $2)
            params: [Ada, 12.5]
            outputs: [rows_affected]
    """
    outcome = await send_one(_session(connection), query, params, begins_or_ends, "pg_transaction")
    return {"rows_affected": outcome.affected}


async def pg_transaction(queries: list[Any], isolation: str | None = None, connection: Any = None) -> dict[str, Any]:
    """Run several statements of which all take effect, or none.

    Args:
        queries: The statements, a map of `query` and `params` each
        isolation: What the transaction sees of others: `read_committed` (the server's default),
            `repeatable_read`, `serializable`
        connection: The connection (injected)

    Returns:
        results: For each statement a map of `rows_affected` and `rows`
        count: How many statements ran

    Example YAML:
        - pg_transaction:
            id: transfer
            connection: db
            isolation: serializable
            queries:
              - query: UPDATE accounts SET balance = balance - $1 WHERE id = $2
                params: [100, 1]
              - query: UPDATE accounts SET balance = balance + $1 WHERE id = $2
                params: [100, 2]
    """
    hint = "leave it out; SAVEPOINT, RELEASE and ROLLBACK TO can be used"
    statements = arguments.statements(queries, begins_or_ends, hint)
    return await send_all(_session(connection), statements, arguments.isolation_level(isolation, _ISOLATION))


async def pg_batch_insert(
    table: str, records: list[Any], batch_size: int = 1000, connection: Any = None
) -> dict[str, Any]:
    """Insert many rows, all of them or none, the fastest way there is: by COPY.

    The columns are those of all records together: a record that lacks one gets NULL there.

    Args:
        table: Name of the table, quoted for you; `schema.table` for one in another schema
        records: The rows, a map of column to value each
        batch_size: How many rows are prepared for sending at a time
        connection: The connection (injected)

    Returns:
        inserted_count: How many rows were inserted
        batches: In how many batches they were sent
        table: The table

    Example YAML:
        - pg_batch_insert:
            id: load
            connection: db
            table: orders
            records:
              - {customer: Ada, total: 12.5}
              - {customer: Grace, total: 30}
    """
    from flowlang_plugins.postgres.batches import insert

    rows = arguments.records(records, "records")
    columns = arguments.columns_of(rows)
    batches = list(arguments.batches(rows, batch_size))
    inserted = await insert(_session(connection), table, columns, batches) if batches else 0
    return {"inserted_count": inserted, "batches": len(batches), "table": table}


async def pg_batch_update(
    table: str, updates: list[Any], key_field: str = "id", batch_size: int = 1000, connection: Any = None
) -> dict[str, Any]:
    """Change many rows by their key, all of them or none.

    Each update changes the columns that it has, and no others.

    Args:
        table: Name of the table, quoted for you; `schema.table` for one in another schema
        updates: The changes, a map of the key and the columns to set each
        key_field: The column by which rows are found
        batch_size: How many updates are sent at a time
        connection: The connection (injected)

    Returns:
        updated_count: How many rows were found and updated
        batches: In how many batches they were sent
        table: The table

    Example YAML:
        - pg_batch_update:
            id: ship
            connection: db
            table: orders
            updates:
              - {id: 1, status: shipped}
              - {id: 2, status: shipped, total: 11}
    """
    from flowlang_plugins.postgres.batches import update

    changes = arguments.changes(updates, key_field)
    batches = list(arguments.batches(changes, batch_size))
    updated = await update(_session(connection), table, key_field, batches) if batches else 0
    return {"updated_count": updated, "batches": len(batches), "table": table}


def _session(connection: Any) -> PostgresConnection:
    from flowlang_plugins.postgres.connection import PostgresConnection

    if not isinstance(connection, PostgresConnection):
        raise FlowExecutionError("this task needs a connection of type `postgres`")
    return connection
