"""What all tests may use: the fixtures of `tests/services` start the database servers that a test asks for."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile

import pytest

pytest_plugins = ["tests.services.fixtures"]

# Whoever starts the tests may ignore or block signals, as a shell ignores Ctrl+C for what it starts in the background;
# programs that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
for _number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())


def pytest_configure(config: pytest.Config) -> None:
    """What tests let be kept of a person's runs and choices is not that of the person who runs the tests."""
    state = os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="flowlang-tests-")
    config.add_cleanup(lambda: shutil.rmtree(state, ignore_errors=True))
