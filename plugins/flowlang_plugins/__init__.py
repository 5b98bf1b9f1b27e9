"""The connection plugins that come in the box."""
