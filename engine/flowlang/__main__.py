"""`python -m flowlang` is the `flowlang` command."""

import sys

from flowlang.cli import main

if __name__ == "__main__":
    sys.exit(main())
