"""A local AWS that says no."""
