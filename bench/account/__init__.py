"""Figures about large accounts."""
