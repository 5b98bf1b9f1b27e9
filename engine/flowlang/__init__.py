"""The flow engine: text becomes a checked flow, a checked flow a plan, a running plan a stream of events."""

__version__ = "0.1.0"
