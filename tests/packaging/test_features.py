"""The core works without the features: each one's folder is deleted from a copy of the sources.

One process runs all commands of a copy: what is imported, by whichever of them, is of that copy.

Reads `sekisho.cli.features` itself, because it deletes the features that the table there lists.
"""

import shutil
from pathlib import Path

import pytest

from golden.harness import runner
from sekisho.cli.features import NEEDS
from sekisho.cli.main import root

ROOT = Path(__file__).parents[2]
POLICY = "policies/force-mfa.json"
COMPANY = "accounts/company.json"
CALLER = "arn:aws:iam::111122223333:user/yuki.tanaka"
REQUEST = ("--principal", CALLER, "--action", "s3:ListAllMyBuckets", "--resource", "*")
GOAL = ("goals/first.yaml", "--mfa", "--caller", CALLER)
OF_THE_CORE = [
    (("policy", "new"), 0, '"Version": "2012-10-17"'),
    (("policy", "lint", POLICY), 0, ": OK"),
    (("prove", "policy", "--only", "enforcement", POLICY), 0, "MFA is enforced"),
    (("decide", *REQUEST, "--policy", POLICY), 0, "Explicitly denied"),
    (("audit", "--snapshot", COMPANY), 4, "enforced"),
    (("plan", *GOAL, "--snapshot", COMPANY, "-v"), 4, "MFA-required"),
]
"""Commands, their exit codes, and what they print."""
FEATURES = [*((each,) for each in NEEDS), tuple(NEEDS)]


def lost(deleted: tuple[str, ...]) -> set[str]:
    """Return the features that are not there, as those that need a deleted one are not."""
    return {each for each, needs in NEEDS.items() if {each, *needs} & {*deleted}}


def copy_without(deleted: tuple[str, ...], folder: Path) -> Path:
    """Return a copy of the sources without the folders of some features."""
    shutil.copytree(ROOT / "src" / "sekisho", folder / "sekisho")
    for each in deleted:
        shutil.rmtree(folder / "sekisho" / each)
    return folder


@pytest.mark.parametrize("deleted", FEATURES, ids="-".join)
def test_the_core_works_without_a_feature(
    deleted: tuple[str, ...], inputs: Path, tmp_path: Path
) -> None:
    gone = lost(deleted)
    with runner(tmp_path, source=copy_without(deleted, tmp_path)) as sekisho:
        shown = sekisho.command("--help", folder=inputs)
        assert shown.exit == 0, shown.stderr
        lines = shown.stdout.decode().splitlines()
        listed = {line.split()[0] for line in lines if line.startswith("  ")}
        for name, command in root.lazy.items():
            module = command.module if hasattr(command, "module") else ""
            owners = {module, *(each.module for each in getattr(command, "commands", {}).values())}
            is_gone = bool({each.partition(".")[0] for each in owners} & gone)
            assert (name not in listed) is is_gone, name
            if is_gone:
                assert sekisho.command(name, "--help", folder=inputs).exit == 64
        for arguments, code, said in OF_THE_CORE:
            done = sekisho.command(*arguments, folder=inputs)
            assert done.exit == code, (arguments, done.stdout, done.stderr)
            assert said in done.stdout.decode()
            assert b"Traceback" not in done.stderr


def test_what_a_command_can_do_with_a_feature_alone_is_refused_without_it(
    inputs: Path, tmp_path: Path
) -> None:
    with runner(tmp_path, source=copy_without(("replay",), tmp_path)) as sekisho:
        audit = ("audit", "--snapshot", COMPANY, "--logs", "logs/company.json", "--lang", "en")
        done = sekisho.command(*audit, folder=inputs)
    assert (done.exit, done.stdout) == (1, b"")
    assert done.stderr.decode().splitlines() == [
        "sekisho: extra.missing: this installation of sekisho lacks its package `replay` "
        "(install all of sekisho)"
    ]
