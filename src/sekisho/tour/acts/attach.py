"""Chapter 3: one plan attaches the policy in all the ways an administrator would."""

from collections.abc import Iterator, Mapping
from typing import Any

from sekisho.messages import Message
from sekisho.rollout import Goal, GroupGoal, NewUser, TemporaryPassword
from sekisho.tour import cast
from sekisho.tour.acts.plans import apply_plan, make_plan, show_plan
from sekisho.tour.stage import Stage
from sekisho.tour.step import Step

__all__ = ["attach"]

_ATTACHED = Message("the policy is attached")
_MUST_CHANGE = Message("the password must be changed")
_MEMBERS = Message("the group's members")


def attach(stage: Stage) -> Iterator[Step]:
    """Plan, show, apply; then look at each of the three ways."""
    goal = Goal(
        policy=stage.policy_goal(cast.POLICY, stage.preset),
        users=(cast.EXISTING, cast.MACHINE),
        group=GroupGoal(cast.GROUP, cast.MEMBERS),
        new_users=(NewUser(cast.NEW, tags=cast.TAGS, password=TemporaryPassword()),),
        break_glass=(cast.BREAK_GLASS,),
    )
    with stage.scene("3.1-plan") as scene:
        plan = make_plan(stage, scene, goal)
        show_plan(scene, plan, proofs=True)
    yield scene.step
    with stage.scene("3.2-apply") as scene:
        apply_plan(stage, scene, plan)
    yield scene.step
    yield from _looked_at(stage)


def _looked_at(stage: Stage) -> Iterator[Step]:
    administrator = stage.administrator
    arn = stage.policy_arn(cast.POLICY)
    with stage.scene("3.3-existing-user") as scene:
        answer = scene.ask(administrator, "iam:ListAttachedUserPolicies", UserName=cast.EXISTING)
        scene.check(_ATTACHED, True, arn in _arns(answer))
    yield scene.step
    with stage.scene("3.4-new-user") as scene:
        answer = scene.ask(administrator, "iam:ListAttachedUserPolicies", UserName=cast.NEW)
        change = stage.aws_policy_arn(cast.CHANGE_PASSWORD_POLICY)
        scene.check(_ATTACHED, {arn, change}, set(_arns(answer)))
        answer = scene.ask(administrator, "iam:GetLoginProfile", UserName=cast.NEW)
        scene.check(_MUST_CHANGE, True, answer["LoginProfile"]["PasswordResetRequired"])
    yield scene.step
    with stage.scene("3.5-group") as scene:
        answer = scene.ask(administrator, "iam:ListAttachedGroupPolicies", GroupName=cast.GROUP)
        scene.check(_ATTACHED, [arn], _arns(answer))
        answer = scene.ask(administrator, "iam:GetGroup", GroupName=cast.GROUP)
        members = {user["UserName"] for user in answer["Users"]}
        scene.check(_MEMBERS, set(cast.MEMBERS), members)
    yield scene.step


def _arns(answer: Mapping[str, Any]) -> list[str]:
    return [policy["PolicyArn"] for policy in answer["AttachedPolicies"]]
