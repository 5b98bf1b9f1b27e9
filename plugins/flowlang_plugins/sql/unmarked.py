"""Steps that take effect exactly once, in a sandbox: one transaction each, without the mark that would be undone."""

from __future__ import annotations

from flowlang.connections.base import Mark
from flowlang_plugins.sql.marks import Marks
from flowlang_plugins.sql.session import Session


class Unmarked(Marks):
    """Leaves no marks. MySQL could not even make their table without committing what came before."""

    def __init__(self) -> None:
        super().__init__(lambda _: "")

    async def forget(self, session: Session, run_id: str, prefix: str) -> None:
        """There is nothing to forget."""

    async def _prepare(self, session: Session) -> None:
        pass

    async def _claim(self, session: Session, mark: Mark) -> None:
        pass

    async def _complete(self, session: Session, mark: Mark, result: str | None) -> None:
        pass
