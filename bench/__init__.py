"""Measurements: what sekisho costs, and what others do."""
