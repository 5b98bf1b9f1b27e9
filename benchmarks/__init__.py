"""How fast the engine is, beside the bare asyncio (or YAML loader, or interpreter) that it stands on.

`python -m benchmarks` runs every workload; each module is one of them and runs on its own too.
"""
