"""Themes of the workbench."""
