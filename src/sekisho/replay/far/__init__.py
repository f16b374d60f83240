"""Grouping where the logs are: Athena, Trino, Spark. The answers are those of the embedded reading.

The text of the query needs no package of an extra; reading its result needs `replay`, and Spark
itself needs `spark`.
"""

from typing import TYPE_CHECKING

from sekisho.lazy import lazily
from sekisho.replay.far.sql import SqlDialect, TrailTable, grouping_sql

if TYPE_CHECKING:
    from sekisho.replay.far.result import read_result
    from sekisho.replay.far.spark import SparkSettings, read_on_spark
else:
    __getattr__ = lazily(
        __name__,
        {
            "result": "read_result",
            "spark": "SparkSettings read_on_spark",
        },
    )

__all__ = [
    "SparkSettings",
    "SqlDialect",
    "TrailTable",
    "grouping_sql",
    "read_on_spark",
    "read_result",
]
