"""The acts of the tour, one module for each part of the story."""
