"""Notices what a save changes in a project, whichever way an editor saves."""

from flowlang.watch.watcher import Change, Watcher

__all__ = ["Change", "Watcher"]
