"""`python -m flowlang_tui` is the `flowlang-tui` command."""

import sys

from flowlang_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
