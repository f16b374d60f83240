"""Measurements of the local AWS."""
