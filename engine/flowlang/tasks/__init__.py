"""Tasks: the functions that steps call."""
