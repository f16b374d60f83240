"""People: the list, those to whom the worst happens first, and a page for each person.

What is looked for and which filter is chosen stands in the address, so that every figure of the
overview leads to those whom it counts.
"""

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from math import ceil
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.account import AccessKey, other_credentials
from sekisho.audit import SEVERITIES, Finding
from sekisho.audit.exceptions import machine_exception
from sekisho.audit.findings import DEVICE_KINDS
from sekisho.audit.impact import Nature, UserRow, counterexample_for_user, ways_in
from sekisho.audit.report import (
    COLUMNS,
    LOGGED_COLUMNS,
    NATURES,
    cells,
    finding_title,
    impact_texts,
    logged_cells,
    no_users_text,
)
from sekisho.cli.audit import AccountAudited
from sekisho.cli.group import words_of
from sekisho.cli.next_action import next_action
from sekisho.cli.policy_files import unused_name
from sekisho.documents.guide import to_text
from sekisho.errors import FaultyInput
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.notices import (
    CardChoices,
    NoticeForm,
    NoticeSetting,
    Templates,
    card_facts,
    card_of,
    context_of,
    notices_of,
    zone_named,
)
from sekisho.prover import Enforced
from sekisho.prover.scenarios import ScenarioReport
from sekisho.replay.report import key_story, ways_out
from sekisho.web.site import language, text
from sekisho.web.workbench.material import json_response, material, wants_json
from sekisho.web.workbench.people import LastCall, PersonOutcome, ShownPerson, policies_held
from sekisho.web.workbench.scenarios import ShownScenario, shown_answer

VIEW = Blueprint("people", __name__)

_PAGE = 100
"""Users on one page."""
_DIGITS = 7
"""A number in an address is shorter."""
_MOST_POLICIES = 10
_CARD_WIDTH = 88
_ONCE_ENFORCED = 7
"""The column of the audit's table that says what happens."""


class KeyActivity(StrEnum):
    """Whether somebody has access keys, and uses them."""

    IN_USE = "in-use"
    IDLE = "idle"
    NONE = "none"
    UNKNOWN = "unknown"


def key_state(person: ShownPerson) -> KeyActivity:
    """Return whether somebody has active access keys that are in use, by IAM or by logs."""
    credentials, now = person.row.credentials, material().report.snapshot.taken_at
    if credentials.active_keys is None:
        return KeyActivity.UNKNOWN
    if not credentials.active_keys:
        return KeyActivity.NONE
    logged = any(key.active and key.id in person.calls for key in credentials.keys)
    if logged or credentials.key_in_use(now):
        return KeyActivity.IN_USE
    return KeyActivity.IDLE if credentials.use_known else KeyActivity.UNKNOWN


def _tri(answer: bool | None) -> str:
    return "unknown" if answer is None else "yes" if answer else "no"


def _enforced(person: ShownPerson) -> str:
    enforced = person.row.enforcement.enforced
    if enforced is Enforced.PROVED:
        return "yes"
    if person.row.left_out:
        return "exempt"
    return "unknown" if enforced is Enforced.UNKNOWN else "no"


def _used(person: ShownPerson) -> str:
    """Tell whether somebody has used MFA: as logs have it, or else as the account shows it."""
    use = person.row.use
    if use is None:
        return "yes" if person.row.signed_in_with_mfa else "unknown"
    seen = use.calls or use.sign_ins
    return "yes" if use.uses_mfa else "no" if seen else "unknown"


FIGURES: Mapping[str, Callable[[ShownPerson], str]] = {
    "enabled": lambda each: _tri(each.row.credentials.enrolled),
    "enforced": _enforced,
    "resistant": lambda each: _tri(each.row.credentials.phishing_resistant),
    "used": _used,
}
"""What the overview counts, by its name in an address: `yes`, `no`, `unknown` or `exempt`."""


@dataclass(frozen=True, slots=True)
class PeopleQuery:
    """What is asked of the list, as it is in the address; "" is everything.

    Attributes:
        q: a part of a name, of a key's id, of a policy's name or of an address.
        policy: the ARN of a policy that they hold.
        page: counted from 1.
    """

    q: str = ""
    outcome: str = ""
    kind: str = ""
    wave: str = ""
    key: str = ""
    enabled: str = ""
    enforced: str = ""
    resistant: str = ""
    used: str = ""
    policy: str = ""
    page: int = 1

    def address(self, **other: str | int) -> str:
        """Return the address of the same list with something chosen otherwise."""
        chosen = {**asdict(self), "page": 1, **other}
        kept = {name: each for name, each in chosen.items() if each not in ("", 1)}
        return "/users" + (f"?{urlencode(kept)}" if kept else "")

    def fits(self, person: ShownPerson) -> bool:
        """Tell whether somebody is meant; the searched text is looked for elsewhere."""
        chosen = (
            (self.outcome, person.outcome.value),
            (self.kind, person.row.nature.value),
            (self.wave, person.wave),
        )
        return (
            all(wanted in ("", found) for wanted, found in chosen)
            and self.key in ("", key_state(person).value)
            and all(getattr(self, name) in ("", of(person)) for name, of in FIGURES.items())
        )


def _query() -> PeopleQuery:
    names = {*asdict(PeopleQuery())} - {"page"}
    given = {name: request.args.get(name, "").strip() for name in names}
    return PeopleQuery(**given, page=page_number())


def page_number() -> int:
    """Return the number of the page that is asked for, from 1; a number that is none is the first.

    It may be beyond the last.
    """
    page = request.args.get("page", "")
    return max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < _DIGITS else 1


@VIEW.get("/users")
def users() -> ResponseReturnValue:
    """Show the people: searched, filtered, a page at a time."""
    chosen, report, index = _query(), material().report, material().index
    people = [each for each in index.matching(chosen.q) if chosen.fits(each)]
    if chosen.policy:
        holders = index.holders(chosen.policy)
        people = [each for each in people if each.name in holders]
    if wants_json():
        return json_response({"users": [*map(_to_json, people)]})
    chosen = replace(chosen, page=max(1, min(chosen.page, ceil(len(people) / _PAGE))))
    first = (chosen.page - 1) * _PAGE
    shown = people[first : first + _PAGE]
    everybody = material().people
    return render_template(
        "users.html",
        view="/users",
        chosen=chosen,
        people=shown,
        filters=[*_filters(everybody)],
        policies=index.policies(chosen.q)[:_MOST_POLICIES] if chosen.q else [],
        figures=[name for name in FIGURES if getattr(chosen, name)],
        natures=NATURES,
        keys=_keys,
        staged=any(each.stage or each.wave for each in everybody),
        dated=any(each.when for each in everybody),
        telling=any(each.told for each in everybody) or material().is_told,
        count=len(people),
        first=first + 1,
        last=first + len(shown),
        nobody=text("workbench.users.no_fit") if report.rows else no_users_text(report),
    )


def _to_json(person: ShownPerson) -> dict[str, object]:
    """Return somebody as the audit has them, with the answer of the pages."""
    return {
        **material().json_of[person.name],
        "outcome": person.outcome.value,
        "why": person.why.to_json(),
    }


def _filters(
    people: Iterable[ShownPerson],
) -> Iterable[tuple[str, Message, list[tuple[str, Message | str, int]]]]:
    """Yield each filter with what can be chosen and how many there are; one alone is no choice."""
    outcomes, natures = Counter[PersonOutcome](), Counter[Nature]()
    waves, keys = Counter[str](), Counter[KeyActivity]()
    for each in people:
        outcomes[each.outcome] += 1
        natures[each.row.nature] += 1
        waves[each.wave] += 1
        keys[key_state(each)] += 1
    choices: dict[str, list[tuple[str, Message | str, int]]] = {
        "outcome": [(each, each.word, outcomes[each]) for each in PersonOutcome if outcomes[each]],
        "kind": [(each, NATURES[each], natures[each]) for each in Nature if natures[each]],
        "wave": [(each, each, waves[each]) for each in sorted(filter(None, waves))],
        "key": [
            (each, text(f"workbench.people.key_state.{each.name.lower()}"), keys[each])
            for each in KeyActivity
            if keys[each]
        ],
    }
    for name, several in choices.items():
        if several:
            yield name, text(f"workbench.people.column.{name}"), several


def _keys(person: ShownPerson) -> list[tuple[AccessKey, LastCall | None]]:
    """Return the active keys of somebody, each with its last call in the logs."""
    active = (key for key in person.row.credentials.keys if key.active)
    return [(key, person.calls.get(key.id)) for key in active]


@VIEW.get("/user")
def user() -> ResponseReturnValue:
    """Show one person as a ticket: the answer first, then what to tell them and what to do."""
    person = material().person_of.get(request.args.get("name", ""))
    if person is None:
        abort(HTTPStatus.NOT_FOUND)
    if wants_json():
        return json_response(_to_json(person))
    row, snapshot = person.row, material().report.snapshot
    enforcement = row.enforcement.counterexample
    ways, unread = _ways_in(row)
    return render_template(
        "user.html",
        view="/users",
        person=person,
        row=row,
        facts=[*_facts(person)],
        because=joined_messages(row.because, en="; ", ja="、"),
        counterexample=enforcement and counterexample_for_user(enforcement, row.credentials),
        stories=[key_story(each, replay) for each in person.stops]
        if (replay := material().replay)
        else [],
        ways_out=_ways_out(person),
        exception=_exception(person),
        notice=notice_to(person),
        card="" if row.credentials.of_machine else _card(person.name),
        history=[*_history(person)],
        impacts=impact_texts(row),
        ways=ways,
        ways_unread=unread,
        device_kinds=DEVICE_KINDS,
        others=other_credentials(row.user),
        policies=policies_held(snapshot, row.user),
        unread=[each.why for each in (*row.credentials.unread, *row.credentials.others_unread)],
        findings=_sort_findings(material().report.findings_of.get(person.name, ())),
        titles=finding_title,
        severities=SEVERITIES,
        logged=None
        if row.use is None
        else list(zip(LOGGED_COLUMNS, logged_cells(row), strict=True)),
        commands=[*_commands(person)],
    )


def _facts(person: ShownPerson) -> Iterator[tuple[Message, Message]]:
    """Yield the facts about a user, each with its label."""

    def column(name: str) -> Message:
        return text(f"workbench.people.column.{name}")

    yield column("kind"), NATURES[person.row.nature]
    if person.stage is not None:
        yield column("stage"), person.stage
    if person.wave:
        yield column("wave"), verbatim(person.wave)
    if person.when is not None:
        yield column("when"), person.when
    if person.told is not None:
        yield column("told"), verbatim(person.told[0].isoformat())
    elif material().is_told:
        yield column("told"), text("workbench.people.untold")
    # the name, and what happens, are said above
    audited = list(zip(COLUMNS, cells(person.row), strict=True))
    yield from (each for each in audited[2:] if each[0] is not COLUMNS[_ONCE_ENFORCED])


def _ways_in(row: UserRow) -> tuple[list[ShownScenario], Message | None]:
    """Return the steps by which a user comes to a session with MFA, or why they are not known."""
    try:
        return [
            shown_answer(ScenarioReport(each)) for each in ways_in(material().report.snapshot, row)
        ], None
    except FaultyInput as error:
        return [], error.reason


def _ways_out(person: ShownPerson) -> tuple[Message, ...]:
    """Return the ways to keep the calls of a user working; none if no call stops.

    For a program that is an exception: the change to make before the exception ends.
    """
    if person.outcome is PersonOutcome.EXCEPTED and person.row.credentials.of_machine:
        return ways_out(None)[:1]
    if person.outcome is not PersonOutcome.CALLS_STOP:
        return ()
    found = (way for key in person.stops or (None,) for way in ways_out(key))
    return tuple(dict.fromkeys(found))


def _exception(person: ShownPerson) -> str:
    """Return the lines of an exceptions file for a program that would stop; "" for others."""
    if person.outcome is not PersonOutcome.CALLS_STOP or not person.row.credentials.of_machine:
        return ""
    today = material().report.snapshot.taken_at.date()
    return "\n".join(machine_exception([person.name], today))


def notice_to(person: ShownPerson) -> tuple[str, str] | None:
    """Return subject and text of what somebody reads, as `sekisho notify` has them, if anything."""
    plan = material().plan_of(person)
    if plan is None or person.heard is None:
        return None
    snapshot = material().report.snapshot
    setting = NoticeSetting.of(snapshot, zone_named(plan.timezone))
    for each in notices_of([person.heard], plan, snapshot, setting):
        context = context_of(each, setting, language())
        return context.subject, _templates().written(each, NoticeForm.TEXT, context)
    return None


@cache
def _templates() -> Templates:
    return Templates(None, (NoticeForm.TEXT,))


def _card(name: str) -> str:
    """Return the user's card of commands, as `sekisho card` prints it."""
    facts = card_facts(material().report.snapshot, name)
    return to_text(card_of(facts, CardChoices()), language(), _CARD_WIDTH)


def _history(person: ShownPerson) -> Iterator[tuple[str, Message]]:
    """Yield the events so far, each with its day; "" if the day is not known."""
    happened: list[tuple[str, Message]] = []
    for device in person.row.credentials.devices:
        if device.enabled_at is not None:
            day = device.enabled_at.date().isoformat()
            happened.append((day, text("workbench.people.history.enrolled")))
    for campaign in material().campaigns:
        told = campaign.told.days.items() if campaign.told is not None else ()
        days = {day.isoformat() for (user, _, _), day in told if user == person.name}
        happened += [(day, text("workbench.people.history.told")) for day in days]
    viewed = material().plan
    if viewed is not None and viewed.standing is not None:
        statuses = {fact.address: fact.status for fact in viewed.standing.facts}
        for change in viewed.plan.changes:
            entry = viewed.journal and viewed.journal.last_entry(change.address)
            if change.person == person.name and entry:
                status = text(f"workbench.plan.status_{statuses[change.address].name.lower()}")
                said = text("workbench.people.history.change", change=change.address, status=status)
                happened.append((entry.at.date().isoformat(), said))
    yield from sorted(happened, key=lambda each: each[0])


def _commands(person: ShownPerson) -> Iterator[tuple[Message, str]]:
    """Yield the next commands for a user, without those that would be refused; none is run."""
    name, source, after = shlex.quote(person.name), material().source, material().audited
    if "--snapshot" in source:
        yield text("workbench.user.to_prove"), f"sekisho prove user {name} {source}"
    if after is None or after.stopped or not _is_for_others_to_change(person, after):
        return
    enforceable = person.outcome in (PersonOutcome.MUST_ENROL, PersonOutcome.READY)
    if enforceable and not material().plans:
        yield text("workbench.user.to_plan"), next_action(after.for_user(person.name))
    if person.row.credentials.devices and person.outcome not in _NO_RESET:
        words = [
            *("sekisho reset", name),
            *words_of("--exceptions", after.context.exceptions),
            *replace(after.context, mfa=False).planned,
            f"--out {unused_name('reset.json')}",
        ]
        yield text("workbench.user.to_reset"), " ".join(filter(None, map(str.strip, words)))


_NO_RESET = (PersonOutcome.LOCKED_OUT, PersonOutcome.UNKNOWN, PersonOutcome.EXCEPTED)
"""These users may not get in again by a new device, or are to be left as they are."""


def _is_for_others_to_change(person: ShownPerson, after: AccountAudited) -> bool:
    """Tell whether somebody is neither the one who applies plans, nor the only administrator."""
    report = material().report
    applies = after.context.caller or report.snapshot.caller
    able = {row.user.name for row in report.rows if row.power.administers}
    return person.row.user.arn != applies and able != {person.name}


def _sort_findings(found: Iterable[Finding]) -> Sequence[Finding]:
    return sorted(found, key=lambda each: (not each.known, list(SEVERITIES).index(each.severity)))
