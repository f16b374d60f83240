"""Decisions per second: `python -m bench.engine`."""
