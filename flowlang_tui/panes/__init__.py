"""The parts of the workbench's screen: each shows one thing and posts messages."""
