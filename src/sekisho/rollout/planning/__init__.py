"""From a goal to a checked plan: its changes, the people they affect, and its problems."""
