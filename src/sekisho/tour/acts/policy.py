"""Chapter 2: the policy: named, reviewed, understood, created, found again."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from sekisho import catalogue
from sekisho.audit.meaning import meaning, sentences
from sekisho.messages import Message
from sekisho.policy import from_json, names, render, size
from sekisho.policy.summary import COLUMNS, summarise
from sekisho.rollout import Goal
from sekisho.tour import cast
from sekisho.tour.acts.plans import apply_plan, make_plan, show_plan
from sekisho.tour.scene import Scene, Want
from sekisho.tour.stage import Stage
from sekisho.tour.step import Cell, Step

__all__ = ["policy"]

_BAD_NAME = "Force MFA"
_TOO_LONG = "x" * 1001

_FAULTS = Message("sekisho refuses them beforehand")
_SECTION = Message("Section")
_SUMMARY = Message("Permissions defined in this policy")
_ALLOW_ROW = Message("the Allow row is what the console shows: IAM, limited to read, list, write")
_QUOTA = Message("fits the quota of 6,144 characters")
_ENFORCES = Message("everything that the policy does not name is denied without MFA")
_FOUND = Message("found in the list by its name")
_SAME = Message("AWS holds the document that was sent")
_TAGS = Message("its tags")
_LARGEST = 6144


def policy(stage: Stage) -> Iterator[Step]:
    """Create the policy of the chosen preset and find it again."""
    with stage.scene("2.1-names-refused") as scene:
        _bad_names(stage, scene)
    yield scene.step
    with stage.scene("2.2-review-page") as scene:
        _review(stage, scene)
    yield scene.step
    with stage.scene("2.3-what-it-means") as scene:
        meant = meaning(stage.document(stage.preset), partition=stage.partition)
        scene.check(_ENFORCES, True, meant.enforces)
        for sentence in sentences(meant):
            scene.note(sentence)
    yield scene.step
    with stage.scene("2.4-plan") as scene:
        plan = make_plan(stage, scene, Goal(policy=stage.policy_goal(cast.POLICY, stage.preset)))
        show_plan(scene, plan, proofs=True)
    yield scene.step
    with stage.scene("2.5-create") as scene:
        apply_plan(stage, scene, plan)
    yield scene.step
    with stage.scene("2.6-find") as scene:
        _find(stage, scene)
    yield scene.step


def _bad_names(stage: Stage, scene: Scene) -> None:
    """Have sekisho and AWS refuse the same name, description and tag."""
    reserved = {"Key": "aws:purpose", "Value": "tour"}
    faults = (
        *names.policy_name(_BAD_NAME),
        *names.description(_TOO_LONG),
        *names.tags([(reserved["Key"], reserved["Value"])]),
    )
    scene.check(_FAULTS, ["PolicyName", "Description", "Tags[0].Key"], [f.path for f in faults])
    document = render(stage.document(stage.preset))
    for want, parameters in (
        (Want("ValidationError", ("policyName",)), {"PolicyName": _BAD_NAME}),
        (Want("ValidationError", ("description",)), {"Description": _TOO_LONG}),
        (Want("InvalidInput", ("System tags cannot be added",)), {"Tags": [reserved]}),
    ):
        asked = {"PolicyName": cast.POLICY, "PolicyDocument": document, **parameters}
        scene.ask(stage.administrator, "iam:CreatePolicy", want, **asked)


def _review(stage: Stage, scene: Scene) -> None:
    document = stage.document(stage.preset)
    summary = summarise(document, catalogue.load())
    allowed = "; ".join(" | ".join(cell.en for cell in row.cells) for row in summary.allowed)
    # what AWS's console shows for this family of documents (fact §14.1)
    expected = "IAM | Limited: Read, List, Write | Multiple | None"
    scene.same(_ALLOW_ROW, expected, allowed)
    scene.check(_QUOTA, True, size(document) <= _LARGEST)
    rows: list[tuple[Cell, ...]] = [
        (heading, *row.cells) for heading, found in summary.sections for row in found
    ]
    scene.table(_SUMMARY, (_SECTION, *COLUMNS), rows)


def _find(stage: Stage, scene: Scene) -> None:
    administrator = stage.administrator
    arn = stage.policy_arn(cast.POLICY)
    answer = scene.ask(administrator, "iam:ListPolicies", Scope="Local", MaxItems=1000)
    found = [item for item in answer["Policies"] if item["PolicyName"] == cast.POLICY]
    scene.check(_FOUND, [arn], [item["Arn"] for item in found])
    answer = scene.ask(administrator, "iam:GetPolicyVersion", PolicyArn=arn, VersionId="v1")
    held = from_json(_decoded(answer["PolicyVersion"]["Document"]))
    scene.same(_SAME, stage.document(stage.preset), held)
    answer = scene.ask(administrator, "iam:ListPolicyTags", PolicyArn=arn)
    tags = [f"{tag['Key']}={tag['Value']}" for tag in answer["Tags"]]
    scene.check(_TAGS, [f"{key}={value}" for key, value in cast.TAGS.items()], tags)


def _decoded(document: Mapping[str, Any] | str) -> Any:
    return json.loads(unquote(document)) if isinstance(document, str) else document
