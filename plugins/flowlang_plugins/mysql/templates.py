"""What the plugin writes for people: a configuration, an example flow, helpers for their own tasks."""

from __future__ import annotations

from typing import Final

CONFIG: Final = """\
  {name}:
    type: mysql
    url: ${{env.{variable}}}
    pool_size: 10
    timeout: 30
"""

EXAMPLE: Final = """\
flow: MySQLExample
description: Keeps orders in a MySQL database and adds them up by customer.

inputs:
  - name: since
    type: string
    default: "2024-01-01"
    description: Older orders are left out.

connections:
  CONNECTION:
    type: mysql
    url: ${env.MYSQL_URL}

steps:
  - mysql_execute:
      id: clear
      connection: CONNECTION
      query: DROP TABLE IF EXISTS flowlang_example_orders

  - mysql_execute:
      id: create
      connection: CONNECTION
      query: >-
        CREATE TABLE flowlang_example_orders (
          id int AUTO_INCREMENT PRIMARY KEY, customer varchar(50) NOT NULL, total decimal(10, 2) NOT NULL,
          placed date NOT NULL, status varchar(10) DEFAULT 'open') ENGINE = InnoDB

  - mysql_batch_insert:
      id: load
      connection: CONNECTION
      table: flowlang_example_orders
      records:
        - {id: 1, customer: Ada, total: 12.5, placed: "2024-02-29", status: open}
        - {id: 2, customer: Grace, total: 30, placed: "2024-03-01", status: open}
        - {id: 3, customer: Ada, total: 4.25, placed: "2023-12-31", status: open}

  - mysql_batch_update:
      id: ship
      connection: CONNECTION
      table: flowlang_example_orders
      updates:
        - {id: 2, status: shipped}

  - mysql_execute:
      id: add
      connection: CONNECTION
      query: >-
        INSERT INTO flowlang_example_orders (customer, total, placed)
        VALUES (%(customer)s, %(total)s, %(placed)s)
      params: {customer: Linus, total: 18, placed: "2024-03-02"}

  - mysql_transaction:
      id: discount
      connection: CONNECTION
      queries:
        - query: UPDATE flowlang_example_orders SET total = total - %s WHERE id = %s
          params: [5, 2]
        - query: UPDATE flowlang_example_orders SET total = total + %s WHERE id = %s
          params: [5, 1]

  - mysql_query:
      id: report
      connection: CONNECTION
      query: >-
        SELECT customer, count(*) AS orders, sum(total) AS total
        FROM flowlang_example_orders WHERE placed >= %s GROUP BY customer ORDER BY customer
      params: ["${inputs.since}"]
      outputs: [rows, count]

  - mysql_execute:
      id: tidy
      connection: CONNECTION
      query: DROP TABLE flowlang_example_orders

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
"""Tasks around a MySQL connection. Register them in flow.py: registry.register("TableNames", table_names)."""

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
    async with connection.cursor() as cursor:
        await cursor.execute(
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = database() ORDER BY TABLE_NAME"
        )
        return {"tables": [name for (name,) in await cursor.fetchall()]}


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
        quoted = "`" + table.replace("`", "``") + "`"
        async with connection.cursor() as cursor:
            await cursor.execute(f"SELECT count(*) FROM {quoted}")
            sizes[table] = (await cursor.fetchone())[0]
    return {"sizes": sizes}
'''
