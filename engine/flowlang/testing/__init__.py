"""Tests of flows: `FlowTest` for Python, test files in YAML, mocks, and a clock that jumps."""

from __future__ import annotations

from flowlang.testing.flow_test import FlowTest
from flowlang.testing.mocks import Call, Mock, Reply
from flowlang.testing.running import MockError, TestRun

__all__ = ["Call", "FlowTest", "Mock", "MockError", "Reply", "TestRun"]
