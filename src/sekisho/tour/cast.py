"""Who plays whom: names in the example company (`data/company.json`), and the newcomers."""

from collections.abc import Mapping

from sekisho.messages import Message
from sekisho.policy import NAME

__all__ = [
    "ADMINISTRATOR",
    "BREAK_GLASS",
    "CHANGE_PASSWORD_POLICY",
    "EXISTING",
    "GROUP",
    "HALF_ENROLLED",
    "KEY_USER",
    "MACHINE",
    "MEMBERS",
    "MEMBER_WITHOUT_DEVICE",
    "MEMBER_WITH_DEVICE",
    "NEW",
    "NEXT_PAGE",
    "ORPHAN",
    "OTHER_NEW",
    "OTHER_POLICY",
    "POLICY",
    "PROBES",
    "ROLE",
    "TAGS",
    "THIRD_NEW",
    "WITH_PATH",
]

ADMINISTRATOR = "yuki.tanaka"
BREAK_GLASS = "break-glass"
EXISTING = "hanako.sato"
KEY_USER = "ken.suzuki"
MACHINE = "deploy-bot"
MEMBER_WITHOUT_DEVICE = "ren.yamamoto"
MEMBER_WITH_DEVICE = "yui.nakamura"
WITH_PATH = "sora.ito"
HALF_ENROLLED = "aoi.watanabe"
ORPHAN = "aoi.watanabe"
"""The name of the device that the half-enrolled user left behind."""

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

NEXT_PAGE = Message("the page after user name and password")
