"""`flowlang connection deps` and `install`: the packages that a plugin needs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from flowlang.cli.connection.common import Found, parser, plugin_named
from flowlang.cli.printing import print_json, print_text
from flowlang.cli.terminal import inert, tell
from flowlang.connections.dependencies import installed_version, is_met, is_requirement
from flowlang.connections.scaffolding import PluginFailure, asked


def deps(arguments: Sequence[str]) -> int:
    """List what a plugin needs. With --check, exit code 1 when something is missing."""
    command = parser(
        "deps",
        "List the packages that a plugin needs, as pip writes them.",
        "flowlang connection deps sqlite --check",
        exit_codes={
            0: "done; with --check: everything is there",
            1: "with --check: something is missing or too old",
        },
    )
    command.add_argument("--check", action="store_true", help="say which are installed, in versions that fit")
    options = command.parse_args(arguments)
    rows = [_row(requirement) for requirement in _requirements(plugin_named(options.plugin))]
    if options.json:
        print_json(rows)
    elif options.check:
        print_text("\n".join(map(_checked, rows)) or "nothing is needed")
    else:
        print_text("\n".join(row["requirement"] for row in rows) or "nothing is needed")
    return int(options.check and not all(row["met"] for row in rows))


def _requirements(found: Found) -> list[str]:
    requirements = [str(requirement) for requirement in asked(found.plugin, "get_dependencies")]
    for requirement in requirements:
        if not is_requirement(requirement):
            raise PluginFailure(f"the plugin `{found.entry.name}` needs `{inert(requirement)}`, which is no package")
    return requirements


def _row(requirement: str) -> dict[str, Any]:
    return {"requirement": requirement, "installed": installed_version(requirement), "met": is_met(requirement)}


def _checked(row: dict[str, Any]) -> str:
    have = "not installed" if row["installed"] is None else f"{row['installed']} is installed"
    return f"{'✅' if row['met'] else '❌'} {row['requirement']}: {have}"


def install(arguments: Sequence[str]) -> int:
    """Install what is missing with the pip of this Python. Exit code 1 when that fails."""
    command = parser(
        "install",
        "Install the packages that a plugin needs and that are missing, with the pip of the\n"
        "Python that flowlang runs in. The command is printed first.",
        "flowlang connection install postgres --dry-run",
    )
    command.add_argument("--dry-run", action="store_true", help="only print the command")
    options = command.parse_args(arguments)
    missing = [requirement for requirement in _requirements(plugin_named(options.plugin)) if not is_met(requirement)]
    words = [sys.executable, "-m", "pip", "install", *missing] if missing else []
    if not options.json:
        print_text(_joined(words) if words else "everything is installed")
    code = 0 if options.dry_run or not words else _install(words)
    if options.json:
        done = bool(words) and not options.dry_run and not code
        print_json({"command": words, "missing": missing, "installed": done})
    return code


def _joined(words: Sequence[str]) -> str:
    from shlex import join

    return join(words)


def _install(words: Sequence[str]) -> int:
    """Run pip with its output on stderr: stdout is for the result."""
    ended = subprocess.run(words, stdout=2, stdin=subprocess.DEVNULL, check=False)
    if ended.returncode:
        tell("pip could not install it; a Python without pip needs the command of its own package manager")
    return int(ended.returncode != 0)
