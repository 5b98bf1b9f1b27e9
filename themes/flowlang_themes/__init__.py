"""Themes of the workbench: YAML files with colours by role, and their reader."""

from flowlang_themes.palette import ROLES, Palette
from flowlang_themes.reader import DEFAULT, find, folder, read, themes_in

__all__ = ["DEFAULT", "ROLES", "Palette", "find", "folder", "read", "themes_in"]
