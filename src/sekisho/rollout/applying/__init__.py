"""A plan is carried out, and taken back, by its journal."""
