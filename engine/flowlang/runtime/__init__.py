"""Running: plans, scopes, events, control."""
