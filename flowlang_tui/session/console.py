"""What can be typed at a stop: an expression, a query, a change, or what to do next."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from flowlang import FlowLangError

if TYPE_CHECKING:
    from flowlang.debugger import QueryAnswer, Stop
    from flowlang_tui.session.debugging import Debugging

Order = Literal["continue", "over", "into", "out", "pause", "again", "skip", "commit", "roll_back", "redo"]

#: Words for what is done without a value.
ORDERS: Final[dict[str, Order]] = {
    **dict.fromkeys(("continue", "c"), "continue"),
    **dict.fromkeys(("next", "over", "n"), "over"),
    **dict.fromkeys(("step", "into", "s"), "into"),
    **dict.fromkeys(("out", "o"), "out"),
    **dict.fromkeys(("again", "r"), "again"),
    **{word: word for word in ("pause", "skip", "commit", "redo")},
    **dict.fromkeys(("rollback", "roll back"), "roll_back"),
}

HELP: Final = """\
fetch.rows[0]               the value of an expression
query select * from orders  a statement on the step's connection, inside its open transaction
set fetch.total = 5         another value of what later steps read
input limit = 10            another value of what the step gets
give {"rows": []}           what the step gives, instead of running it
continue, next, step, out, again, skip, commit, rollback, redo"""

#: Told of what came of a line: the line, the value, why there is none, and a remark.
Answer = Callable[[str, Any, "str | None", str], object]


class Console:
    """Takes lines that somebody types. `answer` is called in the screen's thread, `order` with what is to be done."""

    def __init__(self, debugging: Debugging, answer: Answer, order: Callable[[Order], object]) -> None:
        self._debugging = debugging
        self._answer = answer
        self._order = order

    def take(self, text: str) -> None:
        """Do what a line says."""
        word, _, rest = text.partition(" ")
        word, rest = word.lower(), rest.strip()
        if text.lower() == "help":
            self._answer(text, HELP, None, "")
        elif self._debugging.is_looking_back:
            self._look_back(text)
        elif self._debugging.chosen is None:
            self._answer(text, None, "no step is stopped, so there is nothing to ask", "")
        elif text.lower() in ORDERS and not self._is_name(text):
            self._order(ORDERS[text.lower()])
            self._answer(text, None, None, "done")
        elif word == "query" and rest:
            self._ask(text, lambda stop: stop.query(rest), self._rows)
        elif word in ("set", "input") and "=" in rest:
            name, _, value = (part.strip() for part in rest.partition("="))
            self._ask(text, lambda stop: _change(stop, word, name, value), lambda value: (value, f"{name} is now"))
        elif word == "give" and rest:
            self._ask(text, lambda stop: _give(stop, rest), lambda value: (None, "given"))
        else:
            self._ask(text, lambda stop: stop.evaluate(text), lambda value: (value, ""))

    def _look_back(self, text: str) -> None:
        walk = self._debugging.walk
        try:
            value = None if walk is None else walk.evaluate(text)
        except FlowLangError as error:
            self._answer(text, None, str(error), "")
        else:
            self._answer(text, value, None, "as it was")

    def _is_name(self, text: str) -> bool:
        """Whether a word is the name of a value here, and so an expression."""
        sight = self._debugging.chosen
        return sight is not None and text in sight.scope.values

    def _ask(self, text: str, work: Callable[[Stop], Any], told: Callable[[Any], tuple[Any, str]]) -> None:
        def answered(value: Any, error: str | None) -> None:
            shown, note = (None, "") if error is not None else told(value)
            self._answer(text, shown, error, note)

        self._debugging.ask(work, answered)

    @staticmethod
    def _rows(value: Any) -> tuple[Any, str]:
        answer = cast("QueryAnswer", value)
        count = answer.row_count
        if count is None:
            return answer.result, answer.where
        changed = not answer.rows and answer.affected is not None
        words = f"{count} row{'s' * (count != 1)} {'changed, ' if changed else ''}{answer.where}"
        return None if changed else answer.rows, words


async def _change(stop: Stop, what: str, name: str, text: str) -> Any:
    value = await stop.value_of(text)
    if what == "input":
        stop.set_input(name, value)
    else:
        stop.set_value(name, value)
    return await stop.evaluate(text)


async def _give(stop: Stop, text: str) -> None:
    stop.give(await stop.value_of(text))
