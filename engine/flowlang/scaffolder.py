"""`python -m flowlang.scaffolder` is `flowlang scaffold`."""

from __future__ import annotations

import sys

from flowlang.cli import guarded, load

if __name__ == "__main__":
    name = "python -m flowlang.scaffolder"
    sys.exit(guarded(lambda: int(load("scaffold").main(sys.argv[1:], name)), name))
