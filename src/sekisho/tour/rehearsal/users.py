"""Chapter 4, what happens to people: users at the console, old and new, and users with keys.

With keys: the command line, a machine, the break-glass user, an attacker. At the end a short
campaign: somebody can enrol first, and is enforced once they have.
"""

from collections.abc import Iterator
from datetime import timedelta

from sekisho.account import collect
from sekisho.audit.exceptions import Exceptions
from sekisho.campaign import STAGES_IN_WORDS, Campaign, campaign_of, due_today
from sekisho.documents import yaml_shape
from sekisho.localaws import ADMINISTRATOR, MACHINE
from sekisho.messages import Message
from sekisho.policy import Preset
from sekisho.rollout import Goal, NewUser, PlanCaller, TemporaryPassword, goal_of
from sekisho.signin import NextStep
from sekisho.tour import company
from sekisho.tour.rehearsal.plans import apply_plan, make_plan, show_plan
from sekisho.tour.rehearsal.recording import IN_ORDER, Client, StepRecorder
from sekisho.tour.rehearsal.rehearsal import RehearsedUser, TourRehearsal
from sekisho.tour.rehearsal.steps import (
    CHANGE_REFUSED,
    CODE_USED,
    DENIED,
    DONE,
    EXISTS_ALREADY,
    IMPLICITLY_DENIED,
    INVALID_TOKEN,
    NO,
    NOT_CONSECUTIVE,
    SECOND_DEVICE,
    SIGNIN_FAILED,
    WRONG_CODE,
    YES,
    Cell,
    StepCredential,
    TourStep,
)

_GOAL = """\
policy: {{name: {policy}, preset: {preset}, tags: {{Purpose: sekisho tour}}}}
waves:
  - name: last
    enrolFrom: {today}
    enforce: on-enrolment
    from: {last}
    who: [{{user: {user}}}]
breakGlass: [{break_glass}]
"""
_TIME_TO_ENROL = timedelta(days=14)
_CAN_ENROL = Message("can enrol from today")
_ENFORCED = Message("MFA is enforced from today")
_PEOPLE = Message("People of the campaign")
_COLUMNS = (Message("user"), Message("stage"), Message("MFA device"))


def existing_user(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """The user without a device: signs in, is denied, enrols, signs in again."""
    name = company.EXISTING
    person = rehearsal.person(name)
    with rehearsal.step("4.1.1-sign-in", name=name) as step:
        session = rehearsal.signed_in(step, person)
    yield step.done
    with rehearsal.step("4.1.2-denied", name=name) as step:
        for operation in ("s3:ListBuckets", "iam:ListUsers", "sts:AssumeRole"):
            step.call(session, operation, DENIED, **_parameters(rehearsal, operation))
        step.call(session, "iam:ListAccessKeys", DENIED, UserName=name)
        step.call(session, "iam:DeactivateMFADevice", DENIED, **_own_device(rehearsal, name))
    yield step.done
    with rehearsal.step("4.1.3-own-device-pages", name=name) as step:
        step.call(session, "iam:GetUser")
        step.call(session, "iam:ListMFADevices", UserName=name)
        step.call(session, "iam:ListVirtualMFADevices", AssignmentStatus="Any")
        step.call(session, "sts:GetCallerIdentity")
    yield step.done
    yield from _existing_user_enrols(rehearsal, session)


def _parameters(rehearsal: TourRehearsal, operation: str) -> dict[str, object]:
    if operation != "sts:AssumeRole":
        return {}
    return {"RoleArn": rehearsal.role_arn(company.ROLE), "RoleSessionName": "tour"}


def _own_device(rehearsal: TourRehearsal, name: str) -> dict[str, object]:
    return {"UserName": name, "SerialNumber": rehearsal.device_arn(name)}


def _existing_user_enrols(rehearsal: TourRehearsal, session: Client) -> Iterator[TourStep]:
    name = company.EXISTING
    person = rehearsal.person(name)
    with rehearsal.step("4.1.4-create-device", name=name) as step:
        serial = rehearsal.create_device(step, session, person, f"{name}-phone")
    yield step.done
    with rehearsal.step("4.1.5-wrong-codes", name=name) as step:
        code = rehearsal.fresh_code(step, person, serial)
        step.call(
            session,
            "iam:EnableMFADevice",
            NOT_CONSECUTIVE,
            UserName=name,
            SerialNumber=serial,
            AuthenticationCode1=code,
            AuthenticationCode2=code,
        )
    yield step.done
    with rehearsal.step("4.1.6-enable", name=name) as step:
        rehearsal.enable_device(step, session, person)
        step.call(session, "iam:ListMFADevices", UserName=name)
    yield step.done
    with rehearsal.step("4.1.7-old-session", name=name) as step:
        step.call(session, "s3:ListBuckets", DENIED)
    yield step.done
    with rehearsal.step("4.1.8-sign-in-with-code", name=name) as step:
        _used_code_refused(rehearsal, step)
        session = rehearsal.signed_in(step, person)
        step.call(session, "s3:ListBuckets")
        step.call(session, "iam:ListAccessKeys", UserName=name)
    yield step.done


def _used_code_refused(rehearsal: TourRehearsal, step: StepRecorder) -> None:
    person = rehearsal.person(company.EXISTING)
    serial = person.phone.serials[-1]
    used = person.phone.used(serial)
    if used is not None:
        page = rehearsal.password_page(step, person)
        code = person.phone.code(serial, used)
        rehearsal.send_code(step, person, page, code, SIGNIN_FAILED)


def group_members(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """Two members of the group, one without and one with a device."""
    name = company.MEMBER_WITHOUT_DEVICE
    with rehearsal.step("4.5.1-without-device", name=name) as step:
        session = rehearsal.signed_in(step, rehearsal.person(name))
        step.call(session, "s3:ListBuckets", DENIED)
        step.call(session, "iam:ListMFADevices", UserName=name)
    yield step.done
    name = company.MEMBER_WITH_DEVICE
    with rehearsal.step("4.5.2-with-device", name=name) as step:
        session = rehearsal.signed_in(step, rehearsal.person(name))
        step.call(session, "s3:ListBuckets")
    yield step.done


def path_user(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """The user whose ARN has a path, who can enrol only if the policy allows for paths."""
    name = company.WITH_PATH
    person = rehearsal.person(name)
    enrols = rehearsal.preset is Preset.RECOMMENDED
    step_id = "4.6.1-enrols" if enrols else "4.6.1-locked-out"
    with rehearsal.step(step_id, name=name) as step:
        session = rehearsal.signed_in(step, person)
        step.call(session, "s3:ListBuckets", DENIED)
        if enrols:
            rehearsal.enrol(step, session, person, f"{name}-phone")
            session = rehearsal.signed_in(step, person)
            step.call(session, "s3:ListBuckets")
        else:
            rehearsal.create_device(step, session, person, f"{name}-phone")
            rehearsal.enable_device(step, session, person, IMPLICITLY_DENIED)
    yield step.done


def half_enrolled(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """The user whose first attempt left a device behind."""
    name = company.HALF_ENROLLED
    person = rehearsal.person(name)
    with rehearsal.step("4.7.1-exists-already", name=name) as step:
        session = rehearsal.signed_in(step, person)
        step.call(
            session,
            "iam:CreateVirtualMFADevice",
            EXISTS_ALREADY,
            VirtualMFADeviceName=company.UNASSIGNED_DEVICE,
        )
    yield step.done
    leftover = rehearsal.device_arn(company.UNASSIGNED_DEVICE)
    with rehearsal.step("4.7.2-may-not-delete", name=name) as step:
        step.call(session, "iam:DeleteVirtualMFADevice", DENIED, SerialNumber=leftover)
    yield step.done
    with rehearsal.step("4.7.3-another-name", name=name) as step:
        rehearsal.enrol(step, session, person, f"{name}-phone-2")
        session = rehearsal.signed_in(step, person)
        step.call(session, "iam:ListAccessKeys", UserName=name)
    yield step.done
    with rehearsal.step("4.7.4-administrator-deletes", name=name) as step:
        step.call(rehearsal.administrator, "iam:DeleteVirtualMFADevice", SerialNumber=leftover)
    yield step.done


_NEXT_PAGE = Message("the page after user name and password")


def _deadlocks(preset: Preset) -> bool:
    """Tell whether a forced password change is denied under the preset."""
    return preset is Preset.AWS


def _first_sign_in(
    rehearsal: TourRehearsal, step: StepRecorder, person: RehearsedUser, preset: Preset
) -> Client | None:
    """Sign in with the temporary password and try to change it.

    Returns:
        The session, if the change worked.
    """
    page = rehearsal.password_page(step, person)
    step.check(_NEXT_PAGE, NextStep.NEEDS_NEW_PASSWORD.value, page.next.value)
    expected = CHANGE_REFUSED if _deadlocks(preset) else DONE
    page = rehearsal.change_password(step, person, page, rehearsal.make_password(), expected)
    return rehearsal.console_session(person, page) if page.next is NextStep.DONE else None


def new_user(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """The new user of the main plan."""
    name = company.NEW
    person = rehearsal.person(name)
    with rehearsal.step("4.2.1-temporary-password", name=name) as step:
        page = rehearsal.password_page(step, person)
        step.check(_NEXT_PAGE, NextStep.NEEDS_NEW_PASSWORD.value, page.next.value)
    yield step.done
    locked = _deadlocks(rehearsal.preset)
    step_id = "4.2.2-dead-lock" if locked else "4.2.2-change-works"
    with rehearsal.step(step_id, name=name) as step:
        session = _first_sign_in(rehearsal, step, person, rehearsal.preset)
    yield step.done
    if locked:
        with rehearsal.step("4.2.2-rescue", name=name) as step:
            session = _rescued(rehearsal, step, person)
        yield step.done
    if session is not None:
        yield from _new_user_enrols(rehearsal, person, session)


def _rescued(rehearsal: TourRehearsal, step: StepRecorder, person: RehearsedUser) -> Client | None:
    which = {"UserName": person.name, "PolicyArn": rehearsal.policy_arn(company.POLICY)}
    step.call(rehearsal.administrator, "iam:DetachUserPolicy", **which)
    page = rehearsal.password_page(step, person)
    page = rehearsal.change_password(step, person, page, rehearsal.make_password())
    step.call(rehearsal.administrator, "iam:AttachUserPolicy", **which)
    return rehearsal.console_session(person, page)


def _new_user_enrols(
    rehearsal: TourRehearsal, person: RehearsedUser, session: Client
) -> Iterator[TourStep]:
    name = person.name
    with rehearsal.step("4.2.3-enrol", name=name) as step:
        step.call(session, "iam:ListAccessKeys", DENIED, UserName=name)
        rehearsal.enrol(step, session, person, f"{name}-phone")
    yield step.done
    with rehearsal.step("4.2.4-sign-in-with-code", name=name) as step:
        session = rehearsal.signed_in(step, person)
        step.call(session, "iam:ListAccessKeys", UserName=name)
    yield step.done


def other_preset(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """A second policy of the other choice, with a second new user."""
    preset = rehearsal.other_preset
    name = company.OTHER_NEW
    names = {"name": name, "preset": preset.value}
    goal = Goal(
        policy=rehearsal.policy_goal(company.OTHER_POLICY, preset),
        new_users=(NewUser(name, tags=company.TAGS, password=TemporaryPassword()),),
        break_glass=(company.BREAK_GLASS,),
    )
    with rehearsal.step("4.3.1-plan", **names) as step:
        plan = make_plan(rehearsal, step, goal)
        show_plan(step, plan)
        apply_plan(rehearsal, step, plan)
    yield step.done
    step_id = "4.3.2-dead-lock" if _deadlocks(preset) else "4.3.2-change-works"
    with rehearsal.step(step_id, **names) as step:
        _first_sign_in(rehearsal, step, rehearsal.person(name), preset)
    yield step.done


def third_way(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """Attaching AWS's policy only after the first password change."""
    name = company.THIRD_NEW
    person = rehearsal.person(name)
    administrator = rehearsal.administrator
    with rehearsal.step("4.4.1-create-without-policy", name=name) as step:
        person.password = rehearsal.make_password()
        step.call(administrator, "iam:CreateUser", UserName=name)
        step.call(
            administrator,
            "iam:CreateLoginProfile",
            UserName=name,
            Password=person.password,
            PasswordResetRequired=True,
        )
        arn = rehearsal.aws_policy_arn(company.CHANGE_PASSWORD_POLICY)
        step.call(administrator, "iam:AttachUserPolicy", UserName=name, PolicyArn=arn)
    yield step.done
    with rehearsal.step("4.4.2-change-first", name=name) as step:
        page = rehearsal.password_page(step, person)
        page = rehearsal.change_password(step, person, page, rehearsal.make_password())
        session = rehearsal.console_session(person, page)
    yield step.done
    policy = company.POLICY if rehearsal.preset is Preset.AWS else company.OTHER_POLICY
    goal = Goal(
        policy=rehearsal.policy_goal(policy, Preset.AWS),
        users=(name,),
        break_glass=(company.BREAK_GLASS,),
    )
    with rehearsal.step("4.4.3-attach-after", name=name) as step:
        plan = make_plan(rehearsal, step, goal)
        show_plan(step, plan)
        apply_plan(rehearsal, step, plan)
        step.call(session, "iam:GetAccountPasswordPolicy", DENIED)
        rehearsal.enrol(step, session, person, f"{name}-phone")
    yield step.done


def key_user(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """The user with a key and a device: denied, then with an MFA session, then in a role."""
    name = company.KEY_USER
    key = rehearsal.key_of(name)
    with rehearsal.step("4.8.1-key-denied", name=name) as step:
        step.call(key, "s3:ListBuckets", DENIED)
        step.call(key, "iam:ListAccessKeys", DENIED, UserName=name)
        step.call(key, "sts:GetCallerIdentity")
    yield step.done
    with rehearsal.step("4.8.2-session-without-code", name=name) as step:
        answer = step.call(key, "sts:GetSessionToken")
        without = rehearsal.session_of(name, StepCredential.TOKEN_WITHOUT_MFA, answer)
        step.call(without, "iam:GetUser", INVALID_TOKEN)
        step.call(without, "s3:ListBuckets", DENIED)
    yield step.done
    yield from _with_code(rehearsal, key, without)


def _with_code(rehearsal: TourRehearsal, key: Client, without: Client) -> Iterator[TourStep]:
    name = company.KEY_USER
    person = rehearsal.person(name)
    serial = person.phone.serials[-1]
    with rehearsal.step("4.8.3-session-with-code", name=name) as step:
        code = rehearsal.fresh_code(step, person, serial)
        wrong = f"{(int(code) + 1) % 1_000_000:06}"
        device = {"SerialNumber": serial}
        step.call(key, "sts:GetSessionToken", WRONG_CODE, TokenCode=wrong, **device)
        answer = step.call(key, "sts:GetSessionToken", TokenCode=code, **device)
        step.call(key, "sts:GetSessionToken", CODE_USED, TokenCode=code, **device)
        session = rehearsal.session_of(name, StepCredential.TOKEN_WITH_MFA, answer)
        step.call(session, "s3:ListBuckets")
        step.call(session, "iam:ListAccessKeys", UserName=name)
    yield step.done
    with rehearsal.step("4.8.4-role", name=name) as step:
        role = {"RoleArn": rehearsal.role_arn(company.ROLE), "RoleSessionName": "tour"}
        step.call(key, "sts:AssumeRole", DENIED, **role)
        step.call(without, "sts:AssumeRole", DENIED, **role)
        answer = step.call(session, "sts:AssumeRole", **role)
        assumed = rehearsal.session_of(company.ROLE, StepCredential.ROLE_SESSION, answer)
        step.call(assumed, "s3:ListBuckets")
    yield step.done


def machine(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """The machine whose key stops."""
    with rehearsal.step("4.9.1-key-stopped", name=MACHINE) as step:
        step.call(rehearsal.key_of(MACHINE), company.PROBES[MACHINE], DENIED)
    yield step.done


def break_glass(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """The user who must always get in."""
    person = rehearsal.person(company.BREAK_GLASS)
    with rehearsal.step("4.10.1-untouched", name=person.name) as step:
        session = rehearsal.signed_in(step, person)
        step.call(session, "iam:ListUsers")
    yield step.done


def attacker(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """An attacker who holds a key of a user with a device, and a phone of their own."""
    name = company.KEY_USER
    key = rehearsal.key_of(name)
    person = rehearsal.person("attacker")
    person.name = name  # signs as the victim, with another phone
    with rehearsal.step("4.11.1-second-device", name=name) as step:
        rehearsal.create_device(step, key, person, "attacker-phone")
        rehearsal.enable_device(step, key, person, SECOND_DEVICE)
        serial = person.phone.serials[-1]
        step.call(rehearsal.administrator, "iam:DeleteVirtualMFADevice", SerialNumber=serial)
    yield step.done


def campaign(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """Give somebody time to enrol, and enforce MFA for them on the day after they have."""
    person = rehearsal.person(company.LAST)
    first_day = rehearsal.now()
    goal = _GOAL.format(
        policy=company.POLICY,
        preset=rehearsal.preset.value,
        today=first_day.date(),
        last=(first_day + _TIME_TO_ENROL).date(),
        user=person.name,
        break_glass=company.BREAK_GLASS,
    )
    with rehearsal.step("4.12.1-enrolment-opens", name=person.name) as step:
        due = _today(rehearsal, step, goal)
        step.check(_CAN_ENROL, (person.name,), due.get("enrol"))
    yield step.done
    with rehearsal.step("4.12.2-enrols", name=person.name) as step:
        session = rehearsal.signed_in(step, person)
        step.call(session, company.PROBES[person.name], UserName=person.name)
        step.call(session, "iam:CreateAccessKey", IMPLICITLY_DENIED, UserName=person.name)
        rehearsal.enrol(step, session, person, f"{person.name}-phone")
        rehearsal.signed_in(step, person)
    yield step.done
    with rehearsal.step("4.12.3-enforced", name=person.name) as step:
        rehearsal.move_clock(step, timedelta(days=1))
        rehearsal.administrator = rehearsal.signed_in(step, rehearsal.person(ADMINISTRATOR))
        due = _today(rehearsal, step, goal)
        step.check(_ENFORCED, (person.name,), due.get("enforce"))
        session = rehearsal.signed_in(step, person)
        step.call(session, company.PROBES[person.name], UserName=person.name)
    yield step.done


def _today(rehearsal: TourRehearsal, step: StepRecorder, text: str) -> dict[str, tuple[str, ...]]:
    """Do what a campaign has to do today, as `sekisho campaign --apply` does, and return it."""
    api = step.api_of(rehearsal.administrator)
    snapshot = collect(api, now=rehearsal.now(), pace=IN_ORDER)
    goal = goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", snapshot, Exceptions())
    caller = PlanCaller(str(api.call("sts", "GetCallerIdentity")["Arn"]), mfa=True)
    run = campaign_of(goal, snapshot, caller)
    step.table(_PEOPLE, _COLUMNS, _campaign_rows(run))
    apply_plan(rehearsal, step, run.today.plan)
    return due_today(run)


def _campaign_rows(run: Campaign) -> list[tuple[Cell, ...]]:
    return [
        (each.user, STAGES_IN_WORDS[each.stage], YES if each.enrolled else NO)
        for each in run.people
    ]
