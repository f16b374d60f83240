"""The way to a session with MFA of one user, step by step, under MFA enforcement."""

from dataclasses import replace

from sekisho.account import Snapshot, policies_of
from sekisho.audit.impact.kinds import usual_enforcement
from sekisho.audit.impact.sign_in import SignInScenarios, possible_credentials
from sekisho.audit.impact.users import UserRow
from sekisho.engine import AttachedPolicy
from sekisho.policy import NAME
from sekisho.prover import Enforced
from sekisho.prover.scenarios import ScenarioAnswer, step_text, steps_of


def ways_in(snapshot: Snapshot, row: UserRow) -> tuple[ScenarioAnswer, ...]:
    """Return the steps by which a user comes to a session with MFA, or where the way ends.

    MFA enforcement is the user's own where the user is enforced already, else Force_MFA as
    `policy new` writes it, as in `impacts_of`.

    Returns:
        One answer; several where it depends on what was not read. None if it is known that the user
        has neither a password nor an active key.

    Raises:
        FaultyAccount: if a policy of the user was not read.
        FaultyPolicy: if a document cannot be read for certain.
    """
    credentials = row.credentials
    if credentials.password is False and credentials.active_keys == 0:
        return ()
    policies = policies_of(snapshot, row.user.name)
    if row.enforcement.enforced is not Enforced.PROVED:
        attached = AttachedPolicy(NAME, usual_enforcement(snapshot))
        policies = replace(policies, identity=(*policies.identity, attached))
    scenarios = SignInScenarios(snapshot)
    found: dict[object, ScenarioAnswer] = {}
    for each in possible_credentials(credentials):
        for answer in scenarios.ways_in(row.user, each, policies):
            steps = tuple(step_text(step) for step in steps_of(answer))
            found.setdefault((answer.outcome, steps), answer)
    return tuple(found.values())
