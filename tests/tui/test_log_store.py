"""The store of a log's lines: compact, bounded, and readable while it is written."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from flowlang_tui.session.log_store import ERROR, INFO, LogStore

ROOT = Path(__file__).parents[2]


def test_a_line_comes_back_as_it_was_appended() -> None:
    store = LogStore()
    store.append(12.5, INFO, "orders[3]/ship", "12.3 ms → 3 rows", "✓")
    store.append(13.0, ERROR, "", "the run failed\nbadly \x1b[0m \ud83d", "✗")
    first, second = store.line(0), store.line(1)
    assert first == (0, 12.5, INFO, "orders[3]/ship", "✓ orders[3]/ship  12.3 ms → 3 rows")
    assert first.sign == "✓"
    assert second == (1, 13.0, ERROR, "", "✗ the run failed\nbadly \x1b[0m \ud83d")


def test_the_oldest_lines_go_when_there_are_too_many_and_the_others_keep_their_numbers() -> None:
    store = LogStore(lines=8192)
    for number in range(20_000):
        store.append(number, INFO, "", str(number))
    assert len(store) == 20_000
    assert store.first > 20_000 - 8192 - 4096
    assert store.line(store.first).text == f"· {store.first}"
    assert store.line(19_999).text == "· 19999"
    assert store.line(5).text == ""


def test_the_oldest_lines_go_when_the_text_is_too_large() -> None:
    store = LogStore(size=1_000_000)
    for _ in range(10_000):
        store.append(0.0, INFO, "", "x" * 1000)
    assert 0 < store.first < len(store)


def test_clearing_forgets_lines_but_not_the_count() -> None:
    store = LogStore()
    for number in range(5000):
        store.append(number, INFO, "", str(number))
    store.clear()
    assert (store.first, len(store)) == (5000, 5000)
    assert list(store.chunks(0)) == []
    store.append(1.0, INFO, "", "next")
    assert store.line(5000).text == "· next"
    assert store.line(4999).text == ""


def test_lines_can_be_read_while_another_thread_appends() -> None:
    store = LogStore(lines=10_000)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)

    def write() -> None:
        for number in range(60_000):
            store.append(number, INFO, f"step[{number}]", f"line {number}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while writer.is_alive():
            newest = len(store) - 1
            for number in (newest, max(newest - 7000, 0), store.first):
                line = store.line(number)
                assert line.text in ("", f"· step[{number}]  line {number}")
    finally:
        writer.join()
        sys.setswitchinterval(interval)
    assert len(store) == 60_000


def test_the_log_knows_no_screen() -> None:
    names = ("log_store", "log_lines", "log_filter", "log_index")
    imports = "; ".join(f"import flowlang_tui.session.{name}" for name in names)
    code = f"import flowlang_tui.inert; {imports}; import sys; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"textual", "rich"} & set(ran.stdout.split())
