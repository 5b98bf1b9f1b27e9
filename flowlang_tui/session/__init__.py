"""The state of the workbench. Nothing here knows a widget."""
