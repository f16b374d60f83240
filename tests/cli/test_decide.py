"""`sekisho decide`, as a user calls it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from in_process import sekisho
from sekisho.cli.main import root
from sekisho.errors import UsageError

POLICY = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Self", "Effect": "Allow", "Action": "iam:GetUser",
     "Resource": "arn:aws:iam::*:user/${aws:username}"},
    {"Sid": "enforcement", "Effect": "Deny", "NotAction": "iam:GetUser", "Resource": "*",
     "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}
  ]
}"""
ALICE = "arn:aws:iam::111122223333:user/alice"
MFA = "aws:MultiFactorAuthPresent"
SELF = ["--principal", ALICE, "--action", "iam:GetUser", "--resource", ALICE]


def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return sekisho("decide", *arguments, given=given, COLUMNS="1000")


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "enforcement.json"
    path.write_text(POLICY, encoding="utf-8")
    return str(path)


def test_allowed_and_why(policy: str) -> None:
    told = run(*SELF, "--policy", policy, "--context", "aws:username=alice", "--lang", "en")
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines() == [
        "Allowed",
        f"`{ALICE}` may call `iam:GetUser` on `{ALICE}`.",
        f"  identity-based policy  {policy}:4  Statement[0] Self",
    ]


def test_denied_in_japanese(policy: str) -> None:
    request = ["--principal", ALICE, "--action", "iam:ListUsers", "--resource", "*"]
    told = run(*request, "--policy", policy, "--lang", "ja")
    assert told.returncode == 0
    assert told.stdout.splitlines() == [
        "明示的な拒否",
        f"`{ALICE}` は `*` に対して `iam:ListUsers` を実行できません。"
        "アイデンティティベースのポリシーが明示的に拒否しています。",
        "いずれにしても拒否されますが、拒否の種類は指定されていない次のキーによって変わります。",
        "  `aws:MultiFactorAuthPresent` (認証情報によって異なります)",
        "  MFA を使ったセッションは指定されていません。これは長期アクセスキーの場合の結果です。",
        f"  アイデンティティベースのポリシー  {policy}:6  Statement[1] enforcement",
        "",
        f"次のコマンド: sekisho --lang ja decide {' '.join(request)} --policy {policy} "
        f"--context {MFA}=true".replace(" * ", " '*' "),
    ]


@pytest.mark.parametrize(
    ("action", "meant"),
    [
        ("iam:CreateUsr", "`iam:CreateUser`"),
        ("iamm:CreateUser", "`iam:CreateUser`"),
        ("qqqqqqq:Do", ""),
    ],
)
def test_an_action_that_aws_has_not(action: str, meant: str, policy: str) -> None:
    request = ["--principal", ALICE, "--action", action, "--resource", "*", "--policy", policy]
    for language, said in (("en", "is not in the catalogue"), ("ja", "カタログ")):
        told = run(*request, "--lang", language, "--context", f"{MFA}=true").stdout.splitlines()
        _, _, line, *_ = told
        assert f"`{action}`" in line
        assert said in line
        assert meant in line
        assert ("mean" in line or "ではありませんか" in line) == bool(meant)
    assert json.loads(run(*request, "--format", "json").stdout)["notInCatalogue"] == action


def test_json_and_what_was_assumed(policy: str, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix.json"
    prefix.write_text(POLICY.replace("iam:GetUser", "i*:GetUser"), encoding="utf-8")
    told = run(
        *SELF, "--policy", str(prefix), "--context", "aws:username=alice", "--format", "json"
    )
    assert json.loads(told.stdout) == {
        "schema": "sekisho.decide/1",
        "decision": "Allowed",
        "because": [
            {
                "policy": str(prefix),
                "kind": "identity-based policy",
                "statement": 0,
                "sid": "Self",
                "line": 4,
            }
        ],
        "blockedBy": None,
        "missing": [],
        "assumed": ["wildcard_service_prefix"],
    }
    told = run(*SELF, "--policy", str(prefix), "--assume", "wildcard_service_prefix=false")
    assert told.stdout.startswith("Explicitly denied\n") or told.stdout.startswith("明示的な拒否\n")


def test_a_repeated_key_has_several_values(tmp_path: Path) -> None:
    path = tmp_path / "tags.json"
    condition = '"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}'
    path.write_text(
        f'{{"Statement": {{"Effect": "Allow", "Action": "*", "Resource": "*", {condition}}}}}',
        encoding="utf-8",
    )
    for values, decision in [(["a", "b"], "Allowed"), (["a", "c"], "ImplicitlyDenied")]:
        contexts = [part for value in values for part in ("--context", f"aws:TagKeys={value}")]
        told = run(*SELF, "--policy", str(path), *contexts, "--format", "json")
        assert json.loads(told.stdout)["decision"] == decision


def test_the_other_kinds_of_policy(policy: str, tmp_path: Path) -> None:
    trust = tmp_path / "trust.json"
    trust.write_text(
        f'{{"Statement": {{"Effect": "Allow", "Principal": {{"AWS": "{ALICE}"}},'
        ' "Action": "sts:AssumeRole"}}',
        encoding="utf-8",
    )
    role = "arn:aws:iam::111122223333:role/Ops"
    request = ["--principal", ALICE, "--action", "sts:AssumeRole", "--resource", role]
    told = run(*request, "--trust", str(trust), "--format", "json")
    assert json.loads(told.stdout)["decision"] == "Allowed", told.stderr
    for option, kind in [("--boundary", "permissions boundary"), ("--session", "session policy")]:
        told = run(*request, "--trust", str(trust), option, policy, "--format", "json")
        assert json.loads(told.stdout)["blockedBy"] == kind


@pytest.mark.parametrize(
    ("action", "resource", "option", "kind"),
    [
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/Ops", "--trust", "role trust policy"),
        (
            "kms:Decrypt",
            "arn:aws:kms:eu-west-1:111122223333:key/1234abcd",
            "--resource-policy",
            "resource-based policy",
        ),
    ],
)
def test_a_policy_that_must_itself_allow_and_is_not_given(
    action: str, resource: str, option: str, kind: str, tmp_path: Path
) -> None:
    paths = {}
    for name, parts in [
        ("all", {"Resource": "*"}),
        ("--trust", {"Principal": "*"}),
        ("--resource-policy", {"Principal": "*", "Resource": "*"}),
        ("none", {"Resource": "*", "Effect": "Deny"}),
    ]:
        statement = {"Effect": "Allow", "Action": action, **parts}
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"Statement": statement}), encoding="utf-8")
        paths[name] = str(path)
    request = ["--principal", ALICE, "--action", action, "--resource", resource]
    asked = [*request, "--policy", paths["all"]]
    for more in ([], ["--explain"]):
        told = run(*asked, *more, "--format", "json")
        found = json.loads(told.stdout)
        assert (found["decision"], found["notGiven"]) == ("Unknown", kind)
        assert found["policyDecision"] == "Allowed"
        assert run(*asked, *more).returncode == 4
        assert "notGiven" in json.loads(run(*request, *more, "--format", "json").stdout)
        for lang, words in [("en", "must itself allow"), ("ja", "ポリシー自体の許可も必要")]:
            (line,) = [
                x for x in run(*asked, *more, "--lang", lang).stdout.splitlines() if words in x
            ]
            assert option in line
        for given in ([option, paths[option]], ["--policy", paths["none"]]):
            assert "notGiven" not in run(*asked, *more, *given, "--format", "json").stdout


SESSION = "arn:aws:sts::111122223333:assumed-role/Ops/s"
FEDERATED = "arn:aws:sts::111122223333:federated-user/f"


@pytest.mark.parametrize(
    ("who", "decision", "permits", "says"),
    [
        ((ALICE, "sts:GetSessionToken"), "Allowed", True, "long-term access key"),
        ((ALICE, "STS:getcalleridentity"), "Allowed", True, "needs no permission"),
        ((SESSION, "sts:GetCallerIdentity"), "Allowed", True, "no Deny has an effect"),
        (
            (SESSION, "sts:GetSessionToken"),
            "RefusedByService",
            False,
            "Only a long-term access key",
        ),
        ((FEDERATED, "iam:ListUsers"), "RefusedByService", False, "cannot call IAM"),
        ((ALICE, "iam:ListUsers"), "ExplicitlyDenied", None, "explicitly"),
    ],
)
def test_what_no_policy_governs_is_the_answer(
    who: tuple[str, str], decision: str, permits: bool | None, says: str, policy: str
) -> None:
    principal, action = who
    request = {"principal": principal, "action": action, "resource": "*"}
    asked = [part for name, value in request.items() for part in (f"--{name}", value)]
    asked += ["--policy", policy]
    found = json.loads(CliRunner().invoke(root, ["decide", *asked, "--format", "json"]).stdout)
    assert found["decision"] == decision
    service = found.get("service")
    assert (service and service["permits"]) is permits
    line = json.dumps({"id": 1, "request": request, "policies": {"identity": [json.loads(POLICY)]}})
    batch = CliRunner().invoke(root, ["decide", "--batch", "-"], input=line)
    one = json.loads(batch.stdout)
    assert (one["decision"], one.get("service")) == (decision, service)
    for lang in ("en", "ja"):
        told = CliRunner().invoke(root, ["decide", *asked, "--lang", lang])
        assert told.exit_code == 0
        assert lang == "ja" or says in told.stdout
        alone = ("The policies alone say", "ポリシーだけによる判定")
        assert any(one in told.stdout for one in alone) is (permits is not None)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--lang", "ja"], "no `--lang`"),
        (["--format", "text"], "no `--format text`"),
        (["--lang", "en", "--format", "text"], "no `--lang` and no `--format text`"),
    ],
)
def test_a_batch_takes_no_option_that_it_would_ignore(more: list[str], told: str) -> None:
    batch = ["decide", "--batch", "-"]
    found = CliRunner().invoke(root, [*batch, *more], standalone_mode=False)
    assert isinstance(found.exception, UsageError)
    assert (told in found.exception.message.en, found.stdout) == (True, "")
    assert CliRunner().invoke(root, [*batch, "--format", "json"]).exit_code == 0


def test_explained_in_both_languages_and_in_json(policy: str) -> None:
    request = ["--principal", ALICE, "--action", "s3:ListAllMyBuckets", "--resource", "*"]
    told = run(*request, "--policy", policy, "--explain", "--lang", "en")
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[5:-2] == [
        f"The identity-based policy {policy}:6  Statement[1] enforcement denies it:",
        "    - it denies every action but `iam:GetUser`, "
        "and so `s3:ListAllMyBuckets` (`NotAction`)",
        "    - it applies when `aws:MultiFactorAuthPresent` is `false` (or is absent); "
        "the request has no `aws:MultiFactorAuthPresent`",
        "      A request signed with a long-term access key has no such key. Get a session by "
        "GetSessionToken with the code of the MFA device, or sign in to the console with MFA.",
    ]
    told = run(*request, "--policy", policy, "--explain", "--lang", "ja")
    assert "`aws:MultiFactorAuthPresent` が `false` である" in told.stdout
    session = ["--principal", SESSION, *SELF[2:]]
    told = run(*session, "--policy", policy, "--explain", "--format", "json")
    (lack,) = json.loads(told.stdout)["explanation"]["lacking"]
    (failed,) = lack["nearest"][0]["failed"]
    assert failed == {
        "part": "resource",
        "written": ["arn:aws:iam::*:user/${aws:username}"],
        "asked": ALICE,
        "variables": {"aws:username": None},
    }
    told = run(*SELF, "--policy", policy, "--context", "aws:username=alice", "--explain")
    assert len(told.stdout.splitlines()) == 3


def test_every_kind_of_policy_from_the_command_line(tmp_path: Path) -> None:
    def write(name: str, **parts: object) -> str:
        path = tmp_path / name
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*", **parts}
        path.write_text(json.dumps({"Statement": statement}), encoding="utf-8")
        return str(path)

    everything, nothing = write("all.json"), write("none.json", Effect="Deny", Action="ec2:*")
    bucket = write("bucket.json", Principal="*")
    other = write("other.json", Principal="*", Action="ec2:*")
    request = ["--principal", ALICE, "--action", "s3:GetObject", "--resource", "arn:aws:s3:::b/k"]

    def blocked_by(*arguments: str) -> str | None:
        told = run(*request, *arguments, "--format", "json")
        assert told.returncode == 0, told.stderr
        kind: str | None = json.loads(told.stdout)["blockedBy"]
        return kind

    assert blocked_by("--resource-policy", bucket) is None
    levels = ["--scp", f"root={everything}", "--scp", f"OU={nothing}"]
    assert blocked_by("--policy", everything, *levels) == "service control policy"
    assert blocked_by("--policy", everything, *levels, "--scp", f"OU={everything}") is None
    assert blocked_by("--policy", everything, *levels, "--management-account") is None
    no_allow = write("rcp.json", Principal="*", Action="sqs:*", Effect="Deny")
    rcps = ["--rcp", f"root={no_allow}"]
    assert blocked_by("--policy", everything, *rcps) == "resource control policy"
    assert blocked_by("--policy", everything, "--vpc-endpoint", other) == "VPC endpoint policy"
    assert blocked_by("--policy", everything, "--resource-account", "444455556666") == (
        "resource-based policy"
    )
    request[1] = "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForX/s"
    assert blocked_by("--policy", everything, *levels, *rcps, "--service-linked-role") is None
    request[1] = "arn:aws:sts::111122223333:federated-user/f"
    user = write("user.json", Principal={"AWS": ALICE})
    session = ["--session", everything]
    assert blocked_by("--resource-policy", user, *session) == "identity-based policy"
    assert blocked_by("--resource-policy", user, *session, "--federated-by", ALICE) is None


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 64, "--principal"),
        (["--batch", "-", "--action", "iam:GetUser"], 64, "--batch"),
        ([*SELF, "--context", "alice"], 64, "KEY=VALUE"),
        ([*SELF, "--policy", "no-such-file"], 1, "file.unreadable"),
        (["--batch", "no-such-file"], 1, "file.unreadable"),
        ([*SELF, "--assume", "no=1"], 1, "no such assumption"),
        (["--principal", "alice", *SELF[2:]], 1, "request.principal"),
        ([*SELF, "--resource-account", "444455556666"], 1, "request.resourceAccount"),
    ],
)
def test_wrong_use_and_bad_input(arguments: list[str], code: int, says: str) -> None:
    told = run(*arguments)
    assert told.returncode == code
    assert told.stdout == ""
    assert says in told.stderr
    assert "Traceback" not in told.stderr


def test_a_faulty_policy_names_every_fault(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(b'{"Statement": {"Effect": "Alow", "Resource": "*"}}')
    told = run(*SELF, "--policy", str(path))
    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 2
    path.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in run(*SELF, "--policy", str(path)).stderr


def test_the_policy_of_an_access_point_needs_one(tmp_path: Path) -> None:
    point = tmp_path / "point.json"
    point.write_text(
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*",'
        ' "Action": "s3:GetObject", "Resource": "*"}}',
        encoding="utf-8",
    )
    asked = ["--principal", ALICE, "--action", "s3:GetObject", "--access-point-policy", str(point)]
    told = run(*asked, "--resource", "arn:aws:s3:::records/a", "--lang", "en")
    assert told.returncode == 64
    assert "no access point (give the ARN" in told.stderr
    through = "arn:aws:s3:us-east-1:111122223333:accesspoint/one/object/a"
    told = run(*asked, "--resource", through, "--lang", "en")
    assert (told.returncode, told.stdout.splitlines()[0]) == (4, "Unknown"), told.stderr
    assert "the bucket or object behind it" in told.stdout
    behind = ["--resource", through, "--resource", "arn:aws:s3:::records/a", "--lang", "en"]
    told = run(*asked, *behind)
    assert told.stdout.startswith("Implicitly denied: AWS evaluates each of 2 resources")
    told = run(*asked, *behind[:4], "--format", "json", "--explain")
    point_part, object_part = json.loads(told.stdout)["resources"]
    assert point_part["explanation"] is not None
    assert object_part["explanation"] != point_part["explanation"]
    told = run(*asked, "--resource", through, "--resource", "arn:aws:s3:::records", "--lang", "en")
    assert told.returncode == 1
    assert told.stdout.startswith("No such request: the action does not apply to all of these 2")


def test_a_batch_goes_on_after_a_bad_line() -> None:
    question = {
        "id": 1,
        "request": {"principal": ALICE, "action": "iam:GetUser", "resource": ALICE},
        "policies": {"identity": [json.loads(POLICY)]},
    }
    good = json.dumps(question)
    told = run("--batch", "-", given=f"{good}\nnonsense\n\n{good}\n")
    assert told.returncode == 1
    assert [json.loads(line)["id"] for line in told.stdout.splitlines()] == [1, None, None, 1]
    assert told.stderr == "sekisho: lines with an error in place of an answer: 2 of 4\n"
    told = run("--batch", "-", given=f"{good}\n")
    assert told.returncode == 0
    assert json.loads(told.stdout)["decision"] == "Allowed"


def test_a_batch_answers_each_line_before_the_next_is_written() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sekisho", "decide", "--batch", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        for number in range(3):
            request = {"principal": ALICE, "action": "iam:GetUser", "resource": ALICE}
            process.stdin.write(json.dumps({"id": number, "request": request}) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait() == 0
