"""Is there such a request: a question as a formula, and the search for what satisfies it."""
