"""What the plugin writes for people: a configuration, an example flow, helpers for their own tasks."""

from __future__ import annotations

from typing import Final

CONFIG: Final = """\
  {name}:
    type: postgres
    url: ${{env.{variable}}}
    pool_size: 10
    timeout: 30
"""

EXAMPLE: Final = """\
flow: PostgresExample
description: Keeps orders in a PostgreSQL database and adds them up by customer.

inputs:
  - name: since
    type: string
    default: "2024-01-01"
    description: Older orders are left out.

connections:
  CONNECTION:
    type: postgres
    url: ${env.DATABASE_URL}

steps:
  - pg_transaction:
      id: create
      connection: CONNECTION
      queries:
        - query: DROP TABLE IF EXISTS flowlang_example_orders
        - query: >-
            CREATE TABLE flowlang_example_orders (
              id serial PRIMARY KEY, customer text NOT NULL, total numeric(10, 2) NOT NULL,
              placed date NOT NULL, status text DEFAULT 'open')

  - pg_batch_insert:
      id: load
      connection: CONNECTION
      table: flowlang_example_orders
      records:
        - {id: 101, customer: Ada, total: 12.5, placed: "2024-02-29", status: open}
        - {id: 102, customer: Grace, total: 30, placed: "2024-03-01", status: open}
        - {id: 103, customer: Ada, total: 4.25, placed: "2023-12-31", status: open}

  - pg_batch_update:
      id: ship
      connection: CONNECTION
      table: flowlang_example_orders
      updates:
        - {id: 102, status: shipped}

  - pg_execute:
      id: add
      connection: CONNECTION
      query: INSERT INTO flowlang_example_orders (customer, total, placed) VALUES ($1, $2, $3)
      params: [Linus, 18, "2024-03-02"]

  - pg_query:
      id: report
      connection: CONNECTION
      query: >-
        SELECT customer, count(*) AS orders, sum(total) AS total
        FROM flowlang_example_orders WHERE placed >= $1 GROUP BY customer ORDER BY customer
      params: ["${inputs.since}"]
      outputs: [rows, count]

  - pg_execute:
      id: tidy
      connection: CONNECTION
      query: DROP TABLE flowlang_example_orders

outputs:
  - name: loaded
    value: ${load.inserted_count}
  - name: shipped
    value: ${ship.updated_count}
  - name: customers
    value: ${report.rows}
"""

HELPERS: Final = '''\
"""Tasks around a PostgreSQL connection. Register them in flow.py: registry.register("TableNames", table_names)."""

from __future__ import annotations

from typing import Any


async def table_names(schema: str = "public", connection: Any = None) -> dict[str, Any]:
    """List the tables of a schema.

    Args:
        schema: The schema
        connection: The connection (injected)

    Returns:
        tables: The names of the tables

    Example YAML:
        - task: TableNames
          connection: db
    """
    rows = await connection.fetch(
        "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = $1 ORDER BY tablename", schema
    )
    return {"tables": [row["tablename"] for row in rows]}


async def table_sizes(schema: str = "public", connection: Any = None) -> dict[str, Any]:
    """Tell how much room every table takes.

    Args:
        schema: The schema
        connection: The connection (injected)

    Returns:
        sizes: The size of each table in bytes, indexes included, by name

    Example YAML:
        - task: TableSizes
          connection: db
    """
    rows = await connection.fetch(
        "SELECT relname, pg_total_relation_size(oid) AS size FROM pg_catalog.pg_class "
        "WHERE relnamespace = $1::text::regnamespace AND relkind IN ('r', 'p') ORDER BY relname",
        schema,
    )
    return {"sizes": {row["relname"]: row["size"] for row in rows}}
'''
