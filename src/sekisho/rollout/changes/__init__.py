"""The kinds of change that a plan is made of: what each reads, does, undoes and comes to."""
