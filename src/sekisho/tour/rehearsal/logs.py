"""Step 1.5: a quarter of logs, which were made, is read as real ones are; a plan goes by them."""

from pathlib import Path
from tempfile import TemporaryDirectory

from sekisho.account import Usage, UserUse, evidence_in, looks_like, traces_of
from sekisho.errors import MissingExtra
from sekisho.localaws import MACHINE
from sekisho.messages import Message
from sekisho.tour.made_logs import DAYS, write_made_logs
from sekisho.tour.rehearsal.recording import StepRecorder
from sekisho.tour.rehearsal.rehearsal import Rehearsal
from sekisho.tour.rehearsal.steps import Cell

_NOT_READ = Message("The logs are not read, and the tour goes on without them: {missing}; {fix}.")
_MADE = Message("These logs of {days} days are no record of anything: they were made for the tour.")
_FILES = Message("files of logs, one for each day")
_EVENTS = Message("events that were read")
_FAULTS = Message("what could not be read")
_MACHINES = Message("who looks like a machine by the logs")
_WITHOUT_MFA = Message("who signs in to the console without MFA")
_LOGGED = Message("In the logs")
_COLUMNS = (
    Message("user"),
    Message("access key"),
    Message("calls without MFA"),
    Message("addresses"),
    Message("services"),
)


def read_logs(rehearsal: Rehearsal, step: StepRecorder) -> Usage | None:
    """Read the company's logs and show who uses which key; None if they cannot be read here."""
    with TemporaryDirectory(prefix="sekisho-tour-logs-") as folder:
        events = write_made_logs(Path(folder), rehearsal.company, rehearsal.now())
        step.check(_FILES, DAYS, len([*Path(folder).rglob("*.json.gz")]))
        try:
            usage = _usage(folder)
        except MissingExtra as missing:
            step.note(_NOT_READ.filled(missing=missing.message, fix=missing.fix))
            return None
    step.check(_EVENTS, events, usage.events)
    step.check(_FAULTS, 0, usage.faults)
    machines = [user.name for user in usage.users if _is_machine(user)]
    step.check(_MACHINES, [MACHINE], machines)
    without = [user.name for user in usage.users if user.sign_ins_without_mfa]
    step.check(_WITHOUT_MFA, ["mei.takahashi"], without)
    rows: list[tuple[Cell, ...]] = [
        (
            user.name,
            key.key_id,
            f"{key.without_mfa:,}",
            str(key.addresses_count),
            ", ".join(sorted(key.services)),
        )
        for user in usage.users
        for key in user.keys
    ]
    step.table(_LOGGED, _COLUMNS, rows)
    step.note(_MADE.filled(days=DAYS))
    return usage


def _usage(folder: str) -> Usage:
    # the packages that read logs are an extra of their own, which the tour need not have
    from sekisho.replay.reading import local_logs, read_groups  # noqa: PLC0415 - see above
    from sekisho.replay.report import trail_logs, usage_of  # noqa: PLC0415 - with it

    found = local_logs([folder])
    return usage_of(trail_logs(read_groups(found.files), found.skipped))


def _is_machine(user: UserUse) -> bool:
    return looks_like(evidence_in(traces_of(user))).value == "machine"
