"""What the plugin writes for people: a configuration, an example flow, helpers for their own tasks."""

from __future__ import annotations

from typing import Final

CONFIG: Final = """\
  {name}:
    type: sqlite
    database: {database}
    timeout: 5
"""

EXAMPLE: Final = """\
flow: SQLiteExample
description: Keeps orders in a SQLite database and adds them up by customer.

inputs:
  - name: smallest
    type: number
    default: 10
    description: Orders below this total are left out.

connections:
  CONNECTION:
    type: sqlite
    database: sqlite_example.db

steps:
  - sqlite_transaction:
      id: create
      connection: CONNECTION
      queries:
        - query: DROP TABLE IF EXISTS orders
        - query: >-
            CREATE TABLE orders (
              id INTEGER PRIMARY KEY, customer TEXT NOT NULL, total REAL NOT NULL, status TEXT DEFAULT 'open')

  - sqlite_batch_insert:
      id: load
      connection: CONNECTION
      table: orders
      records:
        - {id: 1, customer: Ada, total: 12.5, status: open}
        - {id: 2, customer: Grace, total: 30, status: open}
        - {id: 3, customer: Ada, total: 4.25, status: open}

  - sqlite_batch_update:
      id: ship
      connection: CONNECTION
      table: orders
      updates:
        - {id: 2, status: shipped}

  - sqlite_execute:
      id: add
      connection: CONNECTION
      query: INSERT INTO orders (customer, total) VALUES (:customer, :total)
      params: {customer: Linus, total: 18}

  - sqlite_query:
      id: report
      connection: CONNECTION
      query: >-
        SELECT customer, count(*) AS orders, sum(total) AS total
        FROM orders WHERE total >= ? GROUP BY customer ORDER BY customer
      params: ["${inputs.smallest}"]
      outputs: [rows, count]

outputs:
  - name: loaded
    value: ${load.inserted_count}
  - name: shipped
    value: ${ship.updated_count}
  - name: new_id
    value: ${add.last_insert_id}
  - name: customers
    value: ${report.rows}
"""

HELPERS: Final = '''\
"""Tasks around a SQLite connection. Register them in flow.py: registry.register("TableSizes", table_sizes)."""

from __future__ import annotations

from typing import Any


async def table_names(connection: Any = None) -> dict[str, Any]:
    """List the tables of the database.

    Args:
        connection: The connection (injected)

    Returns:
        tables: The names of the tables

    Example YAML:
        - task: TableNames
          connection: db
    """
    async with connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name") as cursor:
        return {"tables": [row["name"] async for row in cursor]}


async def table_sizes(connection: Any = None) -> dict[str, Any]:
    """Count the rows of every table.

    Args:
        connection: The connection (injected)

    Returns:
        sizes: How many rows each table has, by name

    Example YAML:
        - task: TableSizes
          connection: db
    """
    sizes = {}
    for table in (await table_names(connection))["tables"]:
        quoted = '"' + table.replace('"', '""') + '"'
        async with connection.execute(f"SELECT count(*) FROM {quoted}") as cursor:
            sizes[table] = (await cursor.fetchone())[0]
    return {"sizes": sizes}
'''
