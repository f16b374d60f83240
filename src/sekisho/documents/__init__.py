"""Files that people and programs write: read once, with every fault at its place.

`Shape` is the one reader of decoded JSON and YAML: whatever has a form is read with it. Our own
records, which are read as they were written or not at all, are in `records`.
"""

from typing import TYPE_CHECKING

from sekisho.documents.json_text import (
    camel_case,
    decoded_json,
    indented_json,
    json_pieces,
    text_of_file,
)
from sekisho.documents.private import ANOTHER_NAME, check_writable, write_private, writing
from sekisho.documents.shape import Shape
from sekisho.documents.spreadsheet import inert_cell
from sekisho.lazy import lazily

if TYPE_CHECKING:
    from sekisho.documents.tables import framed_table, table_lines
    from sekisho.documents.yaml_text import read_yaml, yaml_shape
else:
    __getattr__ = lazily(
        __name__,
        {
            "tables": "framed_table table_lines",
            "yaml_text": "read_yaml yaml_shape",
        },
    )

__all__ = [
    "ANOTHER_NAME",
    "Shape",
    "camel_case",
    "check_writable",
    "decoded_json",
    "framed_table",
    "indented_json",
    "inert_cell",
    "json_pieces",
    "read_yaml",
    "table_lines",
    "text_of_file",
    "write_private",
    "writing",
    "yaml_shape",
]
