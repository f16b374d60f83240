"""The parts of an evaluation: requests, policies and decisions, assumptions; and its caches."""
