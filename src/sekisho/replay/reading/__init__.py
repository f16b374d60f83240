"""CloudTrail logs: found, read, and counted in groups.

Finding them needs no package of the extra `replay`; reading them does.
"""

from typing import TYPE_CHECKING

from sekisho.errors import require_extra
from sekisho.lazy import lazily
from sekisho.replay.reading.files import (
    DigestFile,
    FoundFiles,
    LogFile,
    SkippedKind,
    TrailPath,
    local_digests,
    local_logs,
    may_hold,
)
from sekisho.replay.reading.s3 import TrailScope, reading_policy, s3_digests, s3_logs

require_extra("replay", ("cryptography", "duckdb", "pyarrow"))

if TYPE_CHECKING:
    from sekisho.replay.reading.cache import GroupCache
    from sekisho.replay.reading.digests import (
        DigestCheck,
        DigestReport,
        PublicKeys,
        public_keys_of,
    )
    from sekisho.replay.reading.history import EventHistory, Timing, event_history, history_policy
    from sekisho.replay.reading.reader import ReadingSettings, read_groups
    from sekisho.replay.reading.result import LogFault, Reading, TrailGroups
else:
    __getattr__ = lazily(
        __name__,
        {
            "cache": "GroupCache",
            "digests": "DigestCheck DigestReport PublicKeys public_keys_of",
            "history": "EventHistory Timing event_history history_policy",
            "reader": "ReadingSettings read_groups",
            "result": "LogFault Reading TrailGroups",
        },
    )

__all__ = [
    "DigestCheck",
    "DigestFile",
    "DigestReport",
    "EventHistory",
    "FoundFiles",
    "GroupCache",
    "LogFault",
    "LogFile",
    "PublicKeys",
    "Reading",
    "ReadingSettings",
    "SkippedKind",
    "Timing",
    "TrailGroups",
    "TrailPath",
    "TrailScope",
    "event_history",
    "history_policy",
    "local_digests",
    "local_logs",
    "may_hold",
    "public_keys_of",
    "read_groups",
    "reading_policy",
    "s3_digests",
    "s3_logs",
]
