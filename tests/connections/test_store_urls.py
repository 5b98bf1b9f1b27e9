"""Connection URLs: the type they mean, what of them is secret, and how another password gets into one."""

from __future__ import annotations

import pytest

from flowlang.connections.urls import canonical_url, config_of_url, masked_url, type_of_url, url_secrets, with_password
from flowlang.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("postgresql://h/d", "postgresql"),
        ("postgresql+asyncpg://h/d", "postgresql"),
        ("mysql+aiomysql://h/d", "mysql"),
        ("mongodb+srv://h/d", "mongodb"),
        ("rediss://h", "redis"),
        ("sqlite:///a.db", "sqlite"),
        ("  REDIS://h  ", "redis"),
    ],
)
def test_the_scheme_says_the_type(url: str, kind: str) -> None:
    assert type_of_url(url) == kind


@pytest.mark.parametrize("text", ["", "host:5432", "/var/db", "://h"])
def test_what_has_no_scheme_is_no_url(text: str) -> None:
    with pytest.raises(ConfigurationError, match="no connection URL"):
        type_of_url(text)


@pytest.mark.parametrize(
    ("url", "masked", "secrets"),
    [
        ("postgresql://u:p%40ss@h:5432/d", "postgresql://u:••••@h:5432/d", ["p%40ss", "p@ss"]),
        ("redis://:x@h/0", "redis://:••••@h/0", ["x"]),
        ("redis://u:a@b@h/0", "redis://u:••••@h/0", ["a@b"]),
        ("mongodb://u:pw@h1:1,h2:2/d", "mongodb://u:••••@h1:1,h2:2/d", ["pw"]),
        ("https://h/p?api_key=k%2F1&page=2", "https://h/p?api_key=••••&page=2", ["k%2F1", "k/1"]),
        ("postgresql://u@h/d?sslmode=require", "postgresql://u@h/d?sslmode=require", []),
        ("sqlite:///shop.db", "sqlite:///shop.db", []),
    ],
)
def test_passwords_and_secret_parameters_are_hidden(url: str, masked: str, secrets: list[str]) -> None:
    assert (masked_url(url), url_secrets(url)) == (masked, secrets)


@pytest.mark.parametrize(
    ("url", "changed"),
    [
        ("postgresql://u:old@h/d", "postgresql://u:n%2Few@h/d"),
        ("postgresql://u@h/d", "postgresql://u:n%2Few@h/d"),
        ("redis://:old@h", "redis://:n%2Few@h"),
    ],
)
def test_another_password_is_quoted_into_its_place(url: str, changed: str) -> None:
    assert with_password(url, "n/ew") == changed


def test_a_url_without_a_user_has_no_place_for_a_password() -> None:
    with pytest.raises(ConfigurationError, match="names no user"):
        with_password("redis://h", "new")


@pytest.mark.parametrize("url", ["pg://u:a/b@h/d", "pg://u:a?b@h/d", "pg://u:a#b@h/d", "pg://u:12/3@h/d"])
def test_a_password_that_ends_too_early_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match="in its password") as caught:
        canonical_url(url)
    assert "u:" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "pg://u:a%2Fb@h:5432/d",
        "pg://h:5432/d?options=a@b",
        "pg://u@[::1]:5432/d",
        "mongodb://h1:27017,h2:27017/d",
        "sqlite:///a@b.db",
        "mongodb+srv://u:pw@h/d",
        "redis://:pw@h:6379/0",
        "mysql://u:pw@h/d",
    ],
)
def test_urls_that_are_in_order_stay_as_they_are(url: str) -> None:
    assert canonical_url(url) == url


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("sqlite:///data/shop.db", "data/shop.db"),
        ("sqlite:////var/shop.db", "/var/shop.db"),
        ("sqlite:///my%20shop.db", "my shop.db"),
        ("sqlite:///:memory:", ":memory:"),
        ("sqlite://", ":memory:"),
    ],
)
def test_a_url_of_a_file_is_its_path(url: str, database: str) -> None:
    assert config_of_url(url, {"properties": {"database": {}}}) == {"database": database}


def test_a_type_that_takes_no_url_says_so() -> None:
    with pytest.raises(ConfigurationError, match="take no URL"):
        config_of_url("x://h", {"properties": {"host": {}, "database": {}}})
