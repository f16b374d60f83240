"""The decision on a request: its call, required permissions, context, and answer."""
