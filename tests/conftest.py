"""What all tests may use: the fixtures of `tests/services` start the database servers that a test asks for."""

from __future__ import annotations

pytest_plugins = ["tests.services.fixtures"]
