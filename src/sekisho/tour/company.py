"""The users of the example company, by the kind of user that each stands for, and the plan."""

from collections.abc import Mapping

from sekisho.localaws import ADMINISTRATOR, MACHINE
from sekisho.policy import NAME

BREAK_GLASS = "break-glass"
EXISTING = "hanako.sato"
KEY_USER = "ken.suzuki"
MEMBER_WITHOUT_DEVICE = "ren.yamamoto"
MEMBER_WITH_DEVICE = "yui.nakamura"
WITH_PATH = "sora.ito"
HALF_ENROLLED = "aoi.watanabe"
UNASSIGNED_DEVICE = "aoi.watanabe"
"""The name of the device that the half-enrolled user has left unassigned."""

LAST = "haruka.kato"
"""Of no plan; a campaign gives her time to enrol."""

NEW = "riku.mori"
OTHER_NEW = "tsumugi.abe"
THIRD_NEW = "minato.ono"

GROUP = "MFA-required"
MEMBERS = (
    ADMINISTRATOR,
    KEY_USER,
    "mei.takahashi",
    "daiki.kobayashi",
    MEMBER_WITHOUT_DEVICE,
    MEMBER_WITH_DEVICE,
    WITH_PATH,
    HALF_ENROLLED,
)
"""Whom the plan adds to the group; hanako.sato and the machine get the policy directly."""

ROLE = "Ops"
POLICY = NAME
OTHER_POLICY = f"{NAME}_compare"
CHANGE_PASSWORD_POLICY = "IAMUserChangePassword"  # noqa: S105 - AWS's name for a policy
TAGS: Mapping[str, str] = {"Purpose": "sekisho tour"}

PROBES: Mapping[str, str] = {
    KEY_USER: "s3:ListBuckets",
    "mei.takahashi": "s3:ListBuckets",
    MACHINE: "s3:ListBuckets",
    "haruka.kato": "iam:GetUser",
}
"""A read that each holder of a key is allowed today."""
