"""What each kind of step does in one attempt."""
