"""Which texts match, and which values fit together: patterns, and a search within limits."""
