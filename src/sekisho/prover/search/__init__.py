"""The search for a request: a question as a formula, and the search for its solutions."""
