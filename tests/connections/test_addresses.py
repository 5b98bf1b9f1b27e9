"""Where a configuration leads."""

from __future__ import annotations

from typing import Any

import pytest

from flowlang.connections.addresses import Address, addresses_of


@pytest.mark.parametrize(
    ("config", "addresses"),
    [
        ({"url": "postgresql://ada:p%40ss@db.example/shop"}, [Address("db.example", 5432)]),
        ({"url": "postgres://a:7,b/shop"}, [Address("a", 7), Address("b", 5432)]),
        ({"url": "redis://[::1]:6380/0"}, [Address("::1", 6380)]),
        ({"url": "rediss://cache.example"}, [Address("cache.example", 6379, tls=True)]),
        ({"url": "mongodb://a,b:1/?tls=true"}, [Address("a", 27017, tls=True), Address("b", 1, tls=True)]),
        ({"base_url": "https://api.example/v1"}, [Address("api.example", 443, tls=True)]),
        ({"host": "db.example", "port": 3306, "url": None}, [Address("db.example", 3306)]),
    ],
)
def test_the_servers_of_a_url_or_of_host_and_port_are_found(config: dict[str, Any], addresses: list[Address]) -> None:
    assert addresses_of(config) == addresses


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"url": "mongodb+srv://cluster.example/shop"},
        {"url": "postgresql:///shop"},
        {"url": "notes://somewhere"},
        {"url": "http://[broken"},
        {"host": "/var/run/postgresql", "port": 5432},
        {"host": "db.example"},
    ],
)
def test_what_only_the_driver_knows_is_left_to_it(config: dict[str, Any]) -> None:
    assert addresses_of(config) == []


def test_an_address_is_written_as_people_write_it() -> None:
    assert [str(Address("db", 1)), str(Address("::1", 1))] == ["db:1", "[::1]:1"]
