"""Chapter 4, with keys: the command line, a machine, the break-glass user, an attacker."""

from collections.abc import Iterator

from sekisho.tour import company
from sekisho.tour.rehearsal.expected import (
    CODE_USED,
    DENIED,
    INVALID_TOKEN,
    SECOND_DEVICE,
    WRONG_CODE,
)
from sekisho.tour.rehearsal.recording import Client
from sekisho.tour.rehearsal.rehearsal import Rehearsal
from sekisho.tour.rehearsal.steps import StepCredential, TourStep


def key_user(rehearsal: Rehearsal) -> Iterator[TourStep]:
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


def _with_code(rehearsal: Rehearsal, key: Client, without: Client) -> Iterator[TourStep]:
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


def machine(rehearsal: Rehearsal) -> Iterator[TourStep]:
    """The machine whose key stops."""
    with rehearsal.step("4.9.1-key-stopped", name=company.MACHINE) as step:
        step.call(rehearsal.key_of(company.MACHINE), company.PROBES[company.MACHINE], DENIED)
    yield step.done


def break_glass(rehearsal: Rehearsal) -> Iterator[TourStep]:
    """The user who must always get in."""
    person = rehearsal.person(company.BREAK_GLASS)
    with rehearsal.step("4.10.1-untouched", name=person.name) as step:
        session = rehearsal.signed_in(step, person)
        step.call(session, "iam:ListUsers")
    yield step.done


def attacker(rehearsal: Rehearsal) -> Iterator[TourStep]:
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
