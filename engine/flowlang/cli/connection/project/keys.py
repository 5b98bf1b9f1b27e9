"""`flowlang connection rotate-key`: another key for what a project keeps."""

from __future__ import annotations

from collections.abc import Sequence

from flowlang.cli.connection.common import parser
from flowlang.cli.connection.project.common import here
from flowlang.cli.printing import print_json, print_text
from flowlang.cli.terminal import inert
from flowlang.connections.vault import VARIABLE, new_key


def rotate_key(arguments: Sequence[str]) -> int:
    """Encrypt the project's connections with another key. Exit code 1 when some are locked and were left alone."""
    command = parser(
        "rotate-key",
        "Make a new key and encrypt the project's connections with it; with keys in the environment,\n"
        f"encrypt them with the first one of {VARIABLE}. A crash at any point leaves them readable.",
        "flowlang connection rotate-key --forget-old",
        plugin=False,
    )
    command.add_argument(
        "--forget-old",
        action="store_true",
        help="drop the old keys from the key file: other copies of the project are locked then",
    )
    command.add_argument("--generate", action="store_true", help=f"only print a new key, for {VARIABLE}")
    options = command.parse_args(arguments)
    if options.generate:
        key = new_key()
        if options.json:
            print_json({"key": key})
        else:
            print_text(key)
        return 0
    outcome = here().store.rotate_key(forget_old=options.forget_old)
    if options.json:
        print_json(outcome._asdict())
    else:
        lines = [f"{outcome.renewed} connection{'' if outcome.renewed == 1 else 's'} encrypted with another key"]
        lines += [f"{name} is locked by a key that is not here, and was left alone" for name in outcome.locked]
        print_text(inert("\n".join(lines)))
    return int(bool(outcome.locked))
