"""The people and the tour, each told once."""
