"""What the plugins for SQL databases have in common. No plugin by itself."""
