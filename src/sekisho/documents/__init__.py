"""Files that people and programs write: read once, with every fault at its place."""

from sekisho.documents.shape import ABSENT, Shape
from sekisho.documents.yaml_text import read_yaml, yaml_shape

__all__ = ["ABSENT", "Shape", "read_yaml", "yaml_shape"]
