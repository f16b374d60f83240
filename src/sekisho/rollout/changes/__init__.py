"""The kinds of change that a plan is made of: read, do, undo, forecast."""
