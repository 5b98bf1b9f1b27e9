"""What one thread reads while another writes."""

from __future__ import annotations

import sys
import threading
from collections import deque

from flowlang_tui.session.snapshots import snapshot


def test_a_snapshot_is_taken_while_another_thread_appends() -> None:
    calls: deque[int] = deque(maxlen=200)
    steps: dict[int, int] = {}
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)

    def write() -> None:
        for number in range(50_000):
            calls.append(number)
            steps[number] = number

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while writer.is_alive():
            for seen in (snapshot(calls), snapshot(steps.values())):
                assert seen == list(range(seen[0], seen[-1] + 1)) if seen else True
    finally:
        writer.join()
        sys.setswitchinterval(interval)
    assert snapshot(calls) == list(range(49_800, 50_000))
