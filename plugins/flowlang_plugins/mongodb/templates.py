"""What the plugin writes for people: a configuration, an example flow, helpers for their own tasks."""

from __future__ import annotations

from typing import Final

CONFIG: Final = """\
  {name}:
    type: mongodb
    url: {url}
    database: {database}
    server_selection_timeout_ms: 5000
"""

EXAMPLE: Final = """\
flow: MongoDBExample
description: Keeps orders in MongoDB and adds them up by customer.

inputs:
  - name: smallest
    type: number
    default: 10
    description: Orders below this total are left out.

connections:
  CONNECTION:
    type: mongodb
    url: ${MONGODB_URL:mongodb://localhost:27017}
    database: flowlang_example

steps:
  - mongo_delete:
      id: clean
      connection: CONNECTION
      collection: orders
      filter: {}
      many: true

  - mongo_insert:
      id: load
      connection: CONNECTION
      collection: orders
      documents:
        - {number: 1, customer: Ada, total: 12.5, status: open, at: {$date: "2024-02-28T09:00:00Z"}}
        - {number: 2, customer: Grace, total: 30, status: open, at: {$date: "2024-02-29T10:00:00Z"}}
        - {number: 3, customer: Ada, total: 4.25, status: open, at: {$date: "2024-03-01T11:00:00Z"}}

  - mongo_update:
      id: ship
      connection: CONNECTION
      collection: orders
      filter: {number: 2}
      update: {$set: {status: shipped}}

  - mongo_find_one:
      id: first
      connection: CONNECTION
      collection: orders
      filter: {_id: "${load.inserted_ids[0]}"}

  - mongo_count:
      id: open
      connection: CONNECTION
      collection: orders
      filter: {status: open}

  - mongo_aggregate:
      id: report
      connection: CONNECTION
      collection: orders
      pipeline:
        - {$match: {total: {$gte: "${inputs.smallest}"}, at: {$gte: {$date: "2024-01-01"}}}}
        - {$group: {_id: $customer, orders: {$sum: 1}, total: {$sum: $total}}}
        - {$sort: {_id: 1}}

outputs:
  - name: loaded
    value: ${load.count}
  - name: shipped
    value: ${ship.modified_count}
  - name: first
    value: ${first.document.customer}
  - name: open
    value: ${open.count}
  - name: customers
    value: ${report.documents}
"""

HELPERS: Final = '''\
"""Tasks around a MongoDB connection. Register them in flow.py: registry.register("NextNumber", next_number)."""

from __future__ import annotations

from typing import Any


async def collection_sizes(connection: Any = None) -> dict[str, Any]:
    """Estimate how many documents every collection has.

    Args:
        connection: The connection (injected)

    Returns:
        sizes: How many documents each collection has, by name

    Example YAML:
        - task: CollectionSizes
          connection: db
    """
    names = sorted(await connection.list_collection_names())
    return {"sizes": {name: await connection[name].estimated_document_count() for name in names}}


async def next_number(counter: str, connection: Any = None) -> dict[str, Any]:
    """Give out numbers, each only once.

    Args:
        counter: What is counted
        connection: The connection (injected)

    Returns:
        number: The next number, from 1

    Example YAML:
        - task: NextNumber
          connection: db
          inputs: {counter: invoices}
    """
    found = await connection.counters.find_one_and_update(
        {"_id": counter}, {"$inc": {"number": 1}}, upsert=True, return_document=True
    )
    return {"number": found["number"]}
'''
