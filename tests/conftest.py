"""What all tests may use: the fixtures of `tests/services` start the database servers that a test asks for."""

from __future__ import annotations

import signal

pytest_plugins = ["tests.services.fixtures"]

# a shell lets what it starts in the background ignore Ctrl+C, and programs that tests start would ignore it too
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
