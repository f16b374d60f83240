"""The commands of a roll-out: plan, apply, status, rollback, and those for one user."""
