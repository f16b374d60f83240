"""From a goal to a checked plan: what it does to whom, and what speaks against it."""
