"""The `GROUP BY` for Athena, Trino and Spark: the grouping of logs where they are stored.

The text uses features that all three have, and reads only a record's fields and the day: events are
interpreted and decided from the result (`result.py`), as for logs that are read here. Times are
compared and counted as texts in UTC; the last one is found as the smallest of the times with each
digit reversed, so that of several events at one time the first id counts, as everywhere.

The table is the one that the Athena User Guide makes for a trail ("Query AWS CloudTrail logs"):
nested fields are structures, and `requestParameters` and the like are texts of JSON. It lacks two
fields that newer records have; for a table that has them there is a setting.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import assert_never

from sekisho.errors import Code, SekishoError, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.replay.event import (
    ALWAYS,
    IAM_ARN,
    IAM_PARAMETERS,
    INSIGHT,
    LISTS,
    NETWORK,
    PARAMETERS,
    Column,
    DetailKind,
)
from sekisho.replay.window import ALL_TIME, Window

GROUP = "group"
"""The `kind` of a row that is a group, rather than a detail."""
TURNED = ("0123456789", "9876543210")
"""The exchange of digits that reverses the order of times."""
_LATE = timedelta(days=1)
_SESSION = "useridentity.sessioncontext"
_MOST_PARTS = 3


class SqlDialect(StrEnum):
    """The dialects of SQL."""

    ATHENA = "athena"
    TRINO = "trino"
    SPARK = "spark"


@dataclass(frozen=True, slots=True)
class TrailTable:
    """A table of CloudTrail logs.

    Attributes:
        name: like `cloudtrail_logs` or `catalog.schema.table`.
        partition: the column of the day of delivery, as `2026/11/28`; "": it has none such.
        newer_fields: whether it has `sourceidentity` and `signinsessionarn` in `sessioncontext`,
            which AWS's own statement leaves out.
    """

    name: str = "cloudtrail_logs"
    partition: str = "timestamp"
    newer_fields: bool = False


_PRINCIPAL = f"coalesce(nullif({_SESSION}.sessionissuer.arn, ''), useridentity.arn)"
_KEY_ID = """CASE WHEN substr(useridentity.accesskeyid, 1, 4) = 'AKIA'
      THEN useridentity.accesskeyid ELSE substr(useridentity.accesskeyid, 1, 4) END"""
_SHARED = f"""CASE WHEN useridentity.type <> 'AWSService'
      AND coalesce(eventcategory, '') <> '{INSIGHT}' THEN nullif(sharedeventid, '') END"""
_SPECIAL = {Column.PRINCIPAL: _PRINCIPAL, Column.KEY_ID: _KEY_ID, Column.SHARED: _SHARED}
_CLOCK = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?"
_OF_UTC, _OF_A_ZONE = f"^{_CLOCK}Z?$", f"^{_CLOCK}[+-](0[0-9]|1[0-4]):?[0-5][0-9]$"
_CALL_OF_IAM = "(lower(eventsource) = 'iam' OR lower(eventsource) LIKE 'iam.%')"
_ZONE = "substr(replace(eventtime, ':', ''), -5)"
"""The zone of a time that has one, like `+0900`."""
_DETAILS = (
    (DetailKind.ADDRESS, "sourceipaddress"),
    (DetailKind.AGENT, "useragent"),
    (DetailKind.REGION, "awsregion"),
)


_DOCUMENTED = TrailTable()


def grouping_sql(
    dialect: SqlDialect,
    columns: frozenset[Column] = frozenset(),
    window: Window = ALL_TIME,
    table: TrailTable = _DOCUMENTED,
) -> str:
    """Return the query whose result `read_result` reads, for one run of an engine.

    Args:
        dialect: the dialect of SQL.
        columns: the optional columns; `ALWAYS` is among them in any case.
        window: the events that count, by `eventTime`.
        table: where the logs are.

    Raises:
        SekishoError: for a name that no table can have.
    """
    text = _Text(dialect, table)
    asked = [each for each in Column if each in ALWAYS or each in columns]
    return text.query(asked, window)


class _Text:
    """The parts of the query in one dialect."""

    def __init__(self, dialect: SqlDialect, table: TrailTable) -> None:
        self._dialect, self._table = dialect, table
        self._spark = dialect is SqlDialect.SPARK

    def query(self, columns: list[Column], window: Window) -> str:
        names = [self._name(each) for each in columns]
        keys = [self._name(each) for each in ("kind", "value", "day")] + names
        records = ",\n    ".join(
            f"{self._value(each)} AS {name}" for each, name in zip(columns, names, strict=True)
        )
        alone = (Column.PRINCIPAL, Column.KEY_ID)
        named = ",\n    ".join(
            name if each in alone else f"CASE WHEN part = 0 THEN {name} END AS {name}"
            for each, name in zip(columns, names, strict=True)
        )
        listed = ",\n  ".join(keys)
        users = f"{self._name(Column.IDENTITY)} IN ('IAMUser', 'Root')"
        return f"""SELECT
  {listed},
  count(*) AS events,
  min(concat(written, id)) AS begins,
  min(concat(translate(written, '{TURNED[0]}', '{TURNED[1]}'), id)) AS ends
FROM (
  SELECT
    {self._kind()},
    {self._detail()},
    CASE WHEN part = 0 THEN substr(written, 1, 10) END AS {self._name("day")},
    {named},
    written,
    id
  FROM (
    SELECT
    {records},
    {self._written()} AS written,
    coalesce(eventid, '') AS id,
    {self._detail_values()}
    FROM {self._from()}
    {self._partitions(window)}
  ) AS records
  CROSS JOIN (VALUES (0), (1), (2), (3), (4)) AS parts (part)
  {_where([f"(part = 0 OR written IS NOT NULL AND {users})", *_within(window)])}
) AS named
GROUP BY
  {listed}
"""

    def _name(self, name: str) -> str:
        mark = "`" if self._spark else '"'
        return f"{mark}{name.replace(mark, mark * 2)}{mark}"

    def _from(self) -> str:
        parts = self._table.name.split(".")
        if not all(part.isprintable() and part.strip() for part in parts) or (
            len(parts) > _MOST_PARTS
        ):
            raise SekishoError(
                Message("{name} is not the name of a table").filled(name=quoted(self._table.name)),
                code=Code.NAME_REFUSED,
                fix=Message("a name is like `cloudtrail_logs` or `database.table`"),
            )
        return ".".join(map(self._name, parts))

    def _partitions(self, window: Window) -> str:
        """Return the limits of the days of delivery: a day more, since it is after the events."""
        limits = []
        if self._table.partition:
            day = self._name(self._table.partition)
            if window.start is not None:
                limits.append(f"{day} >= '{window.start.astimezone(UTC):%Y/%m/%d}'")
            if window.end is not None:
                limits.append(f"{day} <= '{window.end.astimezone(UTC) + _LATE:%Y/%m/%d}'")
        return _where(limits)

    def _written(self) -> str:
        """Return the time to the second, in UTC; NULL, a fault of its rows, if there is none.

        CloudTrail writes UTC; another zone is heeded, as `read_record` does.
        """
        # Spark's own TIMESTAMP has the zone of its session
        moment = "TIMESTAMP_NTZ" if self._spark else "TIMESTAMP"
        text = "STRING" if self._spark else "VARCHAR"
        local = f"TRY_CAST(replace(substr(eventtime, 1, 19), 'T', ' ') AS {moment})"
        minutes = (
            f"(TRY_CAST(substr({_ZONE}, 1, 3) AS INTEGER) * 60"
            f" + TRY_CAST(concat(substr({_ZONE}, 1, 1), substr({_ZONE}, 4, 2)) AS INTEGER))"
        )
        utc = f"substr(CAST({local} - {minutes} * INTERVAL '1' MINUTE AS {text}), 1, 19)"
        return f"""CASE
      WHEN regexp_like(eventtime, '{_OF_UTC}') THEN concat(substr(eventtime, 1, 19), 'Z')
      WHEN regexp_like(eventtime, '{_OF_A_ZONE}')
      THEN concat(replace({utc}, ' ', 'T'), 'Z') END"""

    def _kind(self) -> str:
        kinds = [GROUP, *DetailKind]
        cases = " ".join(f"WHEN {part} THEN '{kind}'" for part, kind in enumerate(kinds))
        return f"CASE part {cases} END AS {self._name('kind')}"

    def _detail(self) -> str:
        cases = " ".join(f"WHEN {part} THEN detail_{part}" for part in range(1, 4))
        return f"CASE part {cases} WHEN 4 THEN {self._hour()} END AS {self._name('value')}"

    def _detail_values(self) -> str:
        return ",\n    ".join(
            f"coalesce({field}, '') AS detail_{part}" for part, (_, field) in enumerate(_DETAILS, 1)
        )

    def _hour(self) -> str:
        """Return the hour of an event: the day of the week (1: Monday) and its number."""
        day = "TRY_CAST(substr(written, 1, 10) AS DATE)"
        # days since a Monday: Spark's own days of the week begin with Sunday, or with 0
        since = f"(datediff({day}, DATE '1970-01-05') % 7 + 1)"
        number = since if self._spark else f"day_of_week({day})"
        text = "STRING" if self._spark else "VARCHAR"
        return f"concat(CAST({number} AS {text}), ' ', substr(written, 12, 2))"

    def _value(self, column: Column) -> str:
        """Return the expression of a column in a row of the table; lists are texts of JSON."""
        if column in LISTS:
            return self._list_of(column)
        match column:
            case Column.SIGN_IN_SESSION | Column.SOURCE_IDENTITY:
                return self._newer(column)
            case Column.LOGIN_MFA | Column.LOGIN_RESULT:
                field, _, name = column.place.partition(".")
                return self._member(field.lower(), name)
            case Column.CALL_MFA:
                return self._call_mfa()
            case Column.TIME:
                return self._written()
            case _:
                return _SPECIAL.get(column, column.place.lower())

    def _list_of(self, column: Column) -> str:
        match column:
            case Column.RESOURCES:
                return self._resources("arn IS NOT NULL")
            case Column.IAM_RESOURCES:
                value = self._resources(f"arn LIKE '%{IAM_ARN}%'")
            case Column.PARAMETERS:
                return self._parameters(PARAMETERS)
            case _:
                value = self._parameters(IAM_PARAMETERS)
        return f"CASE WHEN {_CALL_OF_IAM} THEN {value} END"

    def _newer(self, column: Column) -> str:
        if not self._table.newer_fields:
            return f"CAST(NULL AS {'STRING' if self._spark else 'VARCHAR'})"
        field = column.place.lower()
        if column is Column.SOURCE_IDENTITY:
            return field
        return f"CASE WHEN {field} IS NOT NULL THEN 'yes' END"

    def _call_mfa(self) -> str:
        serial = self._member("requestparameters", "serialNumber")
        return f"""CASE WHEN eventsource = 'sts.amazonaws.com' THEN
      CASE WHEN {serial} IS NOT NULL THEN 'yes'
      WHEN eventcategory = '{NETWORK}' THEN 'unknown' END END"""

    def _resources(self, wanted: str) -> str:
        there = f"filter(transform(resources, r -> r.arn), arn -> {wanted})"
        return self._json(f"array_sort(array_distinct({there}))")

    def _member(self, field: str, name: str) -> str:
        function = "get_json_object" if self._spark else "json_extract_scalar"
        return f"{function}({field}, '$.{name}')"

    def _parameters(self, names: Sequence[str]) -> str:
        each = ", ".join(f"\n      {self._parameter(name)}" for name in names)
        array = f"array({each})" if self._spark else f"ARRAY[{each}]"
        return self._json(f"filter({array}, text -> text IS NOT NULL)")

    def _parameter(self, name: str) -> str:
        """Return `name=value` for a value that is a text; Spark cannot distinguish numbers."""
        conditions = []
        match self._dialect:
            case SqlDialect.SPARK:
                conditions.append(f"{self._member('requestparameters', name)} IS NOT NULL")
            case SqlDialect.ATHENA | SqlDialect.TRINO:
                value = f"json_format(json_extract(requestparameters, '$.{name}'))"
                conditions.append(f"substr({value}, 1, 1) = '\"'")
            case _:
                assert_never(self._dialect)
        if name == "key":
            conditions.append("eventsource = 's3.amazonaws.com'")
        text = f"concat('{name}=', {self._member('requestparameters', name)})"
        return f"CASE WHEN {' AND '.join(conditions)} THEN {text} END"

    def _json(self, array: str) -> str:
        written = f"to_json({array})" if self._spark else f"json_format(CAST({array} AS JSON))"
        return f"nullif({written}, '[]')"


def _where(conditions: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _within(window: Window) -> list[str]:
    """Return the limits of the events' times; a missing time is a fault in any window."""
    limits = []
    if window.start is not None:
        limits.append(f"written >= '{_second(window.start)}'")
    if window.end is not None:
        limits.append(f"written < '{_second(window.end)}'")
    return [f"(written IS NULL OR {' AND '.join(limits)})"] if limits else []


def _second(moment: datetime) -> str:
    """Return the first whole second at or after a time: events have no fractions."""
    moment = moment.astimezone(UTC)
    if moment.microsecond:
        moment = moment.replace(microsecond=0) + timedelta(seconds=1)
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
