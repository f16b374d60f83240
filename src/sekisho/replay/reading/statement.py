"""The SQL that groups records in DuckDB, over the fields as they are written.

It does not interpret events. `read_record` is its specification, and the tests compare the two.
The fields are read as JSON, so that texts are distinguished from other values: a record with
anything unusual (no time, a number in place of a text) is marked as doubtful, and the plain
reader decides.

The input is a table `feed` of one row for each file: `file` (its number) and `content`, the text of
`{"Records": […]}`.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sekisho.replay.event import (
    IAM_ARN,
    IAM_PARAMETERS,
    INSIGHT,
    LISTS,
    NETWORK,
    OF_IAM_CALL,
    PARAMETERS,
    Column,
    DetailKind,
)
from sekisho.replay.window import Window

_SESSION = "userIdentity.sessionContext"
_ISSUER = f"{_SESSION}.sessionIssuer.arn"
DETAILED = (Column.ADDRESS, Column.AGENT, Column.REGION)
"""The columns of the details, in the order of `DetailKind`."""
_MUST_BE_OBJECTS = ("userIdentity", _SESSION, f"{_SESSION}.attributes")
_OF_S3_ALONE = "key"
_NAMES = {Column.PARAMETERS: PARAMETERS, Column.IAM_PARAMETERS: IAM_PARAMETERS}


def structure(columns: Sequence[Column]) -> str:
    """Return the structure for `json_transform` with only the necessary members."""
    record: dict[str, Any] = {}
    places = {_ISSUER, "eventTime", "eventID"}
    places |= {column.place for column in (*columns, *DETAILED) if column.place}
    for column, names in _NAMES.items():
        if column in columns:
            places |= {f"requestParameters.{name}" for name in names}
    for path in sorted(places):
        *parents, leaf = path.split(".")
        place = record
        for name in parents:
            place = place.setdefault(name, {})
        place[leaf] = "JSON"
    if Column.RESOURCES in columns or Column.IAM_RESOURCES in columns:
        record["resources"] = [{"ARN": "JSON"}]
    return json.dumps({"Records": [record]})


def records_query(columns: Sequence[Column], window: Window, careful: bool) -> str:
    """Return the query of one row for each record of `feed`.

    Its columns: `state` (0: counts, 1: outside the window, 2: doubtful), `file` and `record` (the
    place of a doubtful one, else NULL; -1: no record of the file can be read), `moment` and
    `written` (its time), `id`, the requested columns and those of `DETAILED`, as JSON.

    Args:
        columns: the requested columns.
        window: the events that count.
        careful: whether a file that is not JSON is only doubtful, and not the end of the query:
            this takes up to a tenth more time.
    """
    given = ", ".join(f"{_value(each)} AS {quoted(each)}" for each in with_detailed(columns))
    parsed = f"json_transform(content, '{structure(columns)}')"
    if careful:
        parsed = f"TRY({parsed})"
    return f"""
        WITH parsed AS (
            SELECT file, ({parsed}).Records AS records
            FROM feed
        ), single AS (
            SELECT file, unnest(coalesce(records, [NULL])) AS r,
                unnest(CASE WHEN records IS NULL THEN [-1] ELSE range(len(records)) END) AS record
            FROM parsed
        ), timed AS (
            SELECT *, r.eventTime::VARCHAR AS clock, r.eventID::VARCHAR AS named,
                CASE WHEN clock LIKE '"____-__-__T__:__:__Z"'
                    THEN TRY_CAST(clock[2:20] AS TIMESTAMP) END AS moment
            FROM single
        ), sorted AS (
            SELECT *, CASE WHEN {_doubtful(columns)} THEN 2 WHEN {_outside(window)} THEN 1 ELSE 0
                END AS state
            FROM timed
        ), counted AS (
            SELECT state, moment, clock[2:21] AS written, named[2:-2] AS id,
                CASE WHEN state = 2 THEN file END AS file,
                CASE WHEN state = 2 THEN record END AS record,
                {"r" if window == Window() else "CASE WHEN state = 0 THEN r END AS r"}
            FROM sorted
        )
        SELECT state, file, record, moment, written, id, {given} FROM counted"""


def with_detailed(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns, with those of `DETAILED` added."""
    return (*columns, *(each for each in DETAILED if each not in columns))


def quoted(column: Column) -> str:
    """Return a column's name in SQL."""
    return f'"{column}"'


def _at(column: Column) -> str:
    return f"(r.{column.place}::VARCHAR)"


def _value(column: Column) -> str:
    """Return the expression of a column in a record `r`: JSON, or a list of texts."""
    if column in LISTS:
        return _list_of(column)
    match column:
        case Column.PRINCIPAL:
            return f"""coalesce(nullif(r.{_ISSUER}::VARCHAR, '""'), {_at(column)})"""
        case Column.KEY_ID:
            key = _at(column)
            return f"""CASE WHEN starts_with({key}, '"AKIA') OR length({key}) <= 6 THEN {key}
                ELSE {key}[:5] || '"' END"""
        case Column.SIGN_IN_SESSION:
            return f"""CASE WHEN {_at(column)} IS NOT NULL THEN '"yes"' END"""
        case Column.CALL_MFA:
            return f"""CASE WHEN {_at(Column.SOURCE)} = '"sts.amazonaws.com"' THEN
                CASE WHEN {_at(column)} IS NOT NULL THEN '"yes"'
                WHEN {_at(Column.CATEGORY)} = '"{NETWORK}"' THEN '"unknown"' END END"""
        case Column.SHARED:
            return f"""CASE WHEN {_at(Column.IDENTITY)} <> '"AWSService"'
                AND coalesce({_at(Column.CATEGORY)}, '') <> '"{INSIGHT}"'
                THEN nullif({_at(column)}, '""') END"""
        case Column.TIME:
            return f"""{_at(column)}[:20] || 'Z"'"""
        case _:
            return _at(column)


def _list_of(column: Column) -> str:
    if column in _NAMES:
        value = _listed(f"[{', '.join(map(_parameter, _NAMES[column]))}]", "{}")
    else:
        arns = "list_transform(r.resources, lambda each: each.ARN::VARCHAR)"
        if column in OF_IAM_CALL:
            arns = f"list_filter({arns}, lambda each: contains(each, '{IAM_ARN}'))"
        value = _listed(arns, "list_sort(list_distinct({}))")
    if column not in OF_IAM_CALL:
        return value
    source = f"lower({_at(Column.SOURCE)})"
    return f"""CASE WHEN {source} = '"iam"' OR starts_with({source}, '"iam.') THEN {value} END"""


def _listed(texts: str, order: str) -> str:
    """Return the expression of a list of JSON texts, or NULL if there is none."""
    there = f"""list_filter({texts}, lambda each: starts_with(each, '"'))"""
    plain = f"list_transform({there}, lambda each: each::JSON ->> '$')"
    return f"nullif({order.format(plain)}, [])"


def _parameter(name: str) -> str:
    """Return `name=value` as JSON, for the value of a parameter that is a text."""
    place = f"(r.requestParameters.{name}::VARCHAR)"
    condition = f"""starts_with({place}, '"')"""
    if name == _OF_S3_ALONE:
        condition += f""" AND {_at(Column.SOURCE)} = '"s3.amazonaws.com"'"""
    return f"""CASE WHEN {condition} THEN '"{name}=' || {place}[2:] END"""


def _doubtful(columns: Sequence[Column]) -> str:
    """Return the condition that the plain reading must examine a record `r`.

    JSON that begins with anything but a quotation mark begins with something greater.
    """
    texts = [_at(column) for column in with_detailed(columns) if column.place]
    texts = [text for text in texts if "requestParameters" not in text]
    unusual = [
        "moment IS NULL OR named IS NULL OR contains(named, chr(92))",
        f"greatest(clock, named, r.{_ISSUER}::VARCHAR, {', '.join(texts)}) >= '#'",
        f"contains({_at(Column.KEY_ID)}, chr(92))",
        # a value without any of these members may not be an object
        *(f"(r.{path} IS NOT NULL AND {_empty(path, columns)})" for path in _MUST_BE_OBJECTS),
    ]
    return f"coalesce({' OR '.join(unusual)}, false)"


def _empty(path: str, columns: Sequence[Column]) -> str:
    inside = json.loads(structure(columns))["Records"][0]
    for name in path.split("."):
        inside = inside[name]
    return " AND ".join(f"r.{path}.{name} IS NULL" for name in inside)


def _outside(window: Window) -> str:
    limits = []
    if window.start is not None:
        limits.append(f"moment < {_moment(window.start)}")
    if window.end is not None:
        limits.append(f"moment >= {_moment(window.end)}")
    return " OR ".join(limits) or "false"


def _moment(time: datetime) -> str:
    return f"TIMESTAMP '{time.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"


def plain_query(columns: Sequence[Column]) -> str:
    """Return the query of `plain`, records in columns of text, in the form of `records_query`."""
    given = ", ".join(
        quoted(each) if each in LISTS else f"to_json({quoted(each)})::VARCHAR AS {quoted(each)}"
        for each in with_detailed(columns)
    )
    return f"""
        SELECT 0 AS state, NULL::INTEGER AS file, NULL::BIGINT AS record,
            CAST(written[:19] AS TIMESTAMP) AS moment, written, id, {given}
        FROM plain"""


def parts_query(columns: Sequence[Column], records: str, each_once: bool) -> str:
    """Return the query that counts the rows of `records_query` or `plain_query`.

    One pass yields groups and details: a record has one row for its group (`part` 0), and one for
    each kind of detail of its caller (`part` 1 to 4, in the order of `DetailKind`), if that is an
    IAM user or root. A group has one text as its key, a JSON list of its columns: rows of details
    need not have all of these.

    Args:
        columns: the columns by which calls are grouped.
        records: the query of the records.
        each_once: whether events stay apart by their times and ids, so that copies can be dropped.
    """
    users = """ AND identity IN ('"IAMUser"', '"Root"')"""
    apart = ", written, id" if each_once else ""
    hour = "(isodow(moment) - 1) * 24 + hour(moment)"
    values = " ".join(f"WHEN {at} THEN {quoted(each)}" for at, each in enumerate(DETAILED, 1))
    caller = _list([Column.PRINCIPAL, Column.KEY_ID])
    return f"""
        WITH records AS ({records}), multiplied AS (
            SELECT *, unnest(CASE WHEN state = 0{users} THEN [0, 1, 2, 3, 4] ELSE [0] END) AS part
            FROM records
        ), named AS (
            SELECT part, state, file, record, written, id,
                (500000000000 - epoch(moment)::BIGINT)::VARCHAR AS left_over,
                CASE WHEN part = 0 THEN moment::DATE END AS day,
                CASE part {values} WHEN 4 THEN ({hour})::VARCHAR END AS value,
                CASE WHEN part = 0 THEN {_list(columns)} ELSE {caller} END AS what
            FROM multiplied
        )
        SELECT state, file, record, part, value, day, what, count(*) AS events,
            min(written || id) AS first, min(left_over || id) AS last
        FROM named GROUP BY state, file, record, part, value, day, what{apart}"""


def _list(columns: Sequence[Column]) -> str:
    """Return the JSON list of some columns of a record."""
    texts = [
        f"coalesce({quoted(each)}{'::JSON::VARCHAR' if each in LISTS else ''}, 'null')"
        for each in columns
    ]
    members = ", ',', ".join(texts)
    return f"concat('[', {members}, ']')"


def once_query() -> str:
    """Return the query of `parts` without copies: equal rows with equal time and id.

    Events without an id are never copies.
    """
    return """
        SELECT part, value, day, what, first, last,
            CASE WHEN length(first) = 20 THEN sum(events) ELSE 1 END AS events
        FROM parts WHERE state = 0 GROUP BY part, value, day, what, first, last"""


def groups_query(columns: Sequence[Column]) -> str:
    """Return the query of the groups, in order, each with its `days` and `daily` events."""
    order = ", ".join(str(place + 1) for place in range(len(columns)))
    return f"""
        WITH daily AS (
            SELECT what, day, sum(events) AS events, min(first) AS first, min(last) AS last
            FROM counted WHERE part = 0 GROUP BY what, day
        ), whole AS (
            SELECT what, {_TALLY}, list(day ORDER BY day) AS days,
                list(events::BIGINT ORDER BY day) AS daily
            FROM daily GROUP BY what
        )
        SELECT {_members(columns)}, events, first, last, first_id, last_id, days, daily
        FROM whole ORDER BY {order}"""


def details_query() -> str:
    """Return the query of the details, in order."""
    kinds = " ".join(f"WHEN {at} THEN '{kind}'" for at, kind in enumerate(DetailKind, 1))
    return f"""
        SELECT {_members([Column.PRINCIPAL, Column.KEY_ID])}, CASE part {kinds} END AS kind,
            coalesce(CASE WHEN starts_with(value, '"') THEN value::JSON ->> '$' ELSE value END, '')
                AS value, {_TALLY}
        FROM counted WHERE part > 0 GROUP BY ALL ORDER BY 1, 2, 3, 4"""


_TALLY = """sum(events)::BIGINT AS events,
    (min(first)[:19])::TIMESTAMP AS first,
    make_timestamp((500000000000 - (min(last)[:12])::BIGINT) * 1000000) AS last,
    min(first)[21:] AS first_id, min(last)[13:] AS last_id"""


def _members(columns: Sequence[Column]) -> str:
    """Return the columns in the JSON list `what`."""
    paths = ", ".join(f"'$[{place}]'" for place in range(len(columns)))
    texts = f"json_extract_string(what, [{paths}])"
    return ", ".join(
        f"from_json({texts}[{place}], '[\"VARCHAR\"]') AS {quoted(each)}"
        if each in LISTS
        else f"{texts}[{place}] AS {quoted(each)}"
        for place, each in enumerate(columns, 1)
    )
