"""`flowlang completions`: what a shell needs to complete commands, options and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Final

from flowlang.cli import ALIASES, COMMANDS
from flowlang.cli.arguments import Parser
from flowlang.cli.target import write_result

#: Commands that have commands of their own.
GROUPS: Final = ("connection", "runs")

#: Options are taken from the help of the command, so that there is no second list of them.
_BASH: Final = """\
# flowlang: completion for bash. In ~/.bashrc: eval "$(flowlang completions bash)"
_flowlang() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} first=${{COMP_WORDS[1]}} words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    words="{commands}"
  elif [ "${{current:0:1}}" = - ]; then
    local help=("$first")
    case " {groups} " in *" $first "*) help+=("${{COMP_WORDS[2]}}");; esac
    words=$(flowlang "${{help[@]}}" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u)
  elif [ "$COMP_CWORD" = 2 ]; then
    case $first in
{cases}
    esac
  fi
  if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$current"))
  else COMPREPLY=($(compgen -f -- "$current")); fi
}}
complete -o filenames -o bashdefault -F _flowlang flowlang
"""
_ZSH: Final = """\
# flowlang: completion for zsh. In ~/.zshrc, after compinit: eval "$(flowlang completions zsh)"
_flowlang() {{
  local first=$words[2]
  if (( CURRENT == 2 )); then
    compadd -- {commands}
  elif [[ $words[CURRENT] == -* ]]; then
    local -a help=($first)
    [[ " {groups} " == *" $first "* ]] && help+=($words[3])
    compadd -- $(flowlang $help --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u)
  elif (( CURRENT == 3 )); then
    case $first in
{cases}
      *) _files;;
    esac
  else
    _files
  fi
}}
compdef _flowlang flowlang
"""
_FISH: Final = """\
# flowlang: completion for fish. In ~/.config/fish/config.fish: flowlang completions fish | source
function __flowlang_options
  set -l words (commandline -opc)
  set -l help $words[2]
  contains -- "$words[2]" {groups}; and set help $words[2..3]
  flowlang $help --help 2>/dev/null | string match -ra -- '--[a-z][a-z-]*' | sort -u
end
{lines}
function __flowlang_wants_options
  not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)
end
complete -c flowlang -n __flowlang_wants_options -f -a '(__flowlang_options)'
"""


def main(arguments: Sequence[str]) -> int:
    """Print the completion for a shell."""
    parser = Parser(
        "flowlang completions",
        "Print what a shell needs for completion.",
        "flowlang completions bash > ~/.local/share/bash-completion/completions/flowlang",
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")
    shell: str = parser.parse_args(arguments).shell
    write_result(None, {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]())
    return 0


def _names() -> list[str]:
    return [*COMMANDS, *(alias for alias in ALIASES if not alias.startswith("-"))]


def _inner(group: str) -> Mapping[str, object]:
    found: Mapping[str, object] = import_module(f"flowlang.cli.{group}").COMMANDS
    return found


def _bash() -> str:
    cases = "\n".join(f'      {group}) words="{" ".join(_inner(group))}";;' for group in GROUPS)
    return _BASH.format(commands=" ".join(_names()), groups=" ".join(GROUPS), cases=cases)


def _zsh() -> str:
    cases = "\n".join(f"      {group}) compadd -- {' '.join(_inner(group))};;" for group in GROUPS)
    return _ZSH.format(commands=" ".join(_names()), groups=" ".join(GROUPS), cases=cases)


def _fish() -> str:
    lines = [
        f"complete -c flowlang -n __fish_use_subcommand -f -a {name} -d {_quoted(help)}"
        for name, help in COMMANDS.items()
    ]
    for group in GROUPS:
        lines.append(
            f"complete -c flowlang -n '__fish_seen_subcommand_from {group}' -f -a {_quoted(' '.join(_inner(group)))}"
        )
    return _FISH.format(groups=" ".join(GROUPS), lines="\n".join(lines))


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
