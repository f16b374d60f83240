"""Deciding on a request: its call, what that needs, in which context, and the answer."""
