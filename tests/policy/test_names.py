"""AWS's rules for names, paths, descriptions and tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.errors import Code
from sekisho.policy import names

GOOD = [
    (names.user_name, "hanako.sato"),
    (names.user_name, "a" * 64),
    (names.user_name, "x_+=,.@-9"),
    (names.role_name, "Ops"),
    (names.group_name, "g" * 128),
    (names.policy_name, "Force_MFA"),
    (names.device_name, "d" * 226),
    (names.path, "/"),
    (names.path, "/dev/tokyo/"),
    (names.path, "/a~!/"),
    (names.policy_path, "/"),
    (names.policy_path, "/security/mfa/"),
    (names.description, ""),
    (names.description, "多要素認証を必須にする\n2 行目"),
    (names.description, "x" * 1000),
    (names.tags, []),
    (names.tags, [("部署", "情報 システム"), ("cost-center", ""), ("a/b:c=d+e@f.g_h", "x")]),
    (names.tags, [("k" * 128, "v" * 256)]),
    (names.tags, [(f"k{n}", "v") for n in range(50)]),
]
BAD = [
    (names.user_name, "", 1),
    (names.user_name, "a" * 65, 1),
    (names.user_name, "花子", 1),
    (names.user_name, "a/b", 1),
    (names.user_name, "a b" * 30, 2),
    (names.user_name, "alice\n", 1),
    (names.role_name, "r" * 65, 1),
    (names.group_name, "g" * 129, 1),
    (names.device_name, "d" * 227, 1),
    (names.device_name, "Hanako's phone", 1),
    (names.policy_name, "Force MFA", 1),
    (names.policy_name, "p" * 129, 1),
    (names.path, "", 1),
    (names.path, "dev/", 1),
    (names.path, "/dev", 1),
    (names.path, "//", 1),
    (names.path, "/d v/", 1),
    (names.path, f"/{'x' * 511}/", 1),
    (names.policy_path, "/a~/", 1),
    (names.policy_path, "//", 1),
    (names.description, "x" * 1001, 1),
    (names.description, "a\x00b", 1),
    (names.tags, [("", "v")], 1),
    (names.tags, [("aws:x", "v")], 1),
    (names.tags, [("AWS:x", "v")], 1),
    (names.tags, [("k" * 129, "v" * 257)], 2),
    (names.tags, [("a$", "b\n")], 2),
    (names.tags, [("Team", "a"), ("team", "b")], 1),
    (names.tags, [(f"k{n}", "v") for n in range(51)], 1),
]


@pytest.mark.parametrize(("rule", "value"), GOOD)
def test_taken(rule, value):
    assert rule(value) == ()


@pytest.mark.parametrize(("rule", "value", "count"), BAD)
def test_refused_with_every_fault(rule, value, count):
    faults = rule(value)
    assert len(faults) == count
    assert {fault.code for fault in faults} == {Code.NAME_REFUSED}
    assert all(str(fault).isprintable() for fault in faults)


def test_the_fault_says_where():
    (fault,) = names.tags([("a", "1"), ("b", "x$")], "Plan.Tags")
    assert fault.path == "Plan.Tags[1].Value"


@given(st.text())
def test_any_text_is_judged(text):
    for rule in (names.user_name, names.path, names.policy_path, names.description):
        assert all(fault.message.en for fault in rule(text))
    assert all(fault.message.en for fault in names.tags([(text, text)]))
