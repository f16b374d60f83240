"""Each user of an account in one row.

Who it is, what they hold, and what enforcement does to them.
"""

from sekisho.audit.people.administer import Administrators, Power, powers_of
from sekisho.audit.people.asks import some
from sekisho.audit.people.counterexample import said_of
from sekisho.audit.people.coverage import Coverage, coverage_of
from sekisho.audit.people.nature import Nature
from sekisho.audit.people.outlook import Fate, Outlook, outlooks_of
from sekisho.audit.people.rows import Row, rows_of
from sekisho.audit.people.walks import Walks, may_hold

__all__ = [
    "Administrators",
    "Coverage",
    "Fate",
    "Nature",
    "Outlook",
    "Power",
    "Row",
    "Walks",
    "coverage_of",
    "may_hold",
    "outlooks_of",
    "powers_of",
    "rows_of",
    "said_of",
    "some",
]
