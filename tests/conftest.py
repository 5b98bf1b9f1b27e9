"""What all tests may use: the fixtures of `tests/services` start the database servers that a test asks for."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile

import pytest

pytest_plugins = ["tests.services.fixtures"]

# a shell lets what it starts in the background ignore Ctrl+C, and programs that tests start would ignore it too
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """What tests let be kept of a person's runs and choices is not that of the person who runs the tests."""
    state = os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="flowlang-tests-")
    config.add_cleanup(lambda: shutil.rmtree(state, ignore_errors=True))
