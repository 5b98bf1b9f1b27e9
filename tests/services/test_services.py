"""The servers that the tests start for themselves."""

from __future__ import annotations

from pymongo import MongoClient

from tests.services import mysql, postgres, redis


def test_a_postgres_database_is_empty_and_writable(postgres_database: str) -> None:
    postgres.execute(postgres_database, "CREATE TABLE t AS SELECT 7 AS n")
    assert postgres.execute(postgres_database, "SELECT n FROM t") == 7


def test_a_mysql_database_is_empty_and_writable(mysql_database: str) -> None:
    mysql.execute(mysql_database, "CREATE TABLE t AS SELECT 7 AS n")
    assert mysql.execute(mysql_database, "SELECT n FROM t") == 7


def test_a_redis_database_is_empty_and_writable(redis_database: str) -> None:
    assert redis.execute(redis_database, "DBSIZE") == 0
    redis.execute(redis_database, "SET", "n", "7")
    assert redis.execute(redis_database, "GET", "n") == "7"


def test_a_mongodb_database_is_empty_and_writable(mongodb_database: str) -> None:
    with MongoClient(mongodb_database) as client:
        database = client.get_default_database()
        assert database.list_collection_names() == []
        database.t.insert_one({"n": 7})
        assert database.t.find_one({}, {"_id": 0}) == {"n": 7}
