"""What takes the whole screen, or lies over it."""
