"""`python -m bench.prover`: how long proofs take; and iamprover on the questions it can express."""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.iam.aws_managed_policies import (  # type: ignore[attr-defined]  # moto has no types
    aws_managed_policies_data,
)

from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import Element, Preset, choices_of, force_mfa, from_json
from sekisho.prover import (
    CallerCredential,
    CallingUser,
    Proved,
    Question,
    Restriction,
    Side,
    Unknown,
    policy_difference,
    prove_enforcement,
    prove_none,
)

HERE = Path(__file__).parent
PEERS = HERE / ".peers"
CORPUS = HERE.parents[1] / "tests/corpus/policy"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
USER = CallingUser.of("arn:aws:iam::111122223333:user/alice")
MANAGED: Mapping[str, Any] = {
    name: policy["Document"] for name, policy in json.loads(aws_managed_policies_data).items()
}
ALL: Mapping[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
FEW = {
    "`*` on the objects of one bucket": "arn:aws:s3:::b/*",
    "`*` on one queue of another account": "arn:aws:sqs:us-east-1:999999999999:q",
}
ASKED = (
    "s3:ListAllMyBuckets",
    "iam:CreateUser",
    "iam:GetUser",
    "sts:AssumeRole",
    "ec2:RunInstances",
)


def attached(name: str, document: Any) -> AttachedPolicy:
    """Return a policy."""
    return AttachedPolicy(name, from_json(document))


def published() -> dict[str, Any]:
    """Return the published policies."""
    files = sorted(path for path in CORPUS.glob("*.json") if path.stem != "faults")
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def median_of(ask: Callable[[], object], repetitions: int = 101) -> float:
    """Return the median of the processor times of asking, in milliseconds, once warm."""
    found = []
    for _ in range(repetitions):
        begin = time.thread_time()
        ask()
        found.append(time.thread_time() - begin)
    return statistics.median(found) * 1_000


def one_proof() -> None:
    """Print how long one proof takes."""
    print("## One proof, warm\n\n| policies | verdict | ms |\n|---|---|---:|")
    for name, document in published().items():
        for more in ((), (attached("AdministratorAccess", ALL),)):
            policies = Policies(identity=(attached(name, document), *more))
            verdict = type(prove_enforcement(policies, USER, NOW).direct).__name__
            also = " and AdministratorAccess" if more else ""
            took = median_of(lambda policies=policies: prove_enforcement(policies, USER, NOW))  # type: ignore[misc]  # a default binds the loop's value
            print(f"| {name}{also} | {verdict} | {took:.2f} |")
    for title, resource in FEW.items():
        document = {**ALL, "Statement": [{**ALL["Statement"][0], "Resource": resource}]}
        policies = Policies(identity=(attached(title, document),))
        verdict = type(prove_enforcement(policies, USER, NOW).direct).__name__
        took = median_of(lambda policies=policies: prove_enforcement(policies, USER, NOW))  # type: ignore[misc]  # a default binds the loop's value
        print(f"| {title} | {verdict} | {took:.2f} |")


def all_managed() -> None:
    """Print how long it takes to prove all managed policies, with and without Force_MFA."""
    enforcement = AttachedPolicy("Force_MFA", force_mfa(choices_of(Preset.AWS)))
    print("\n## All managed policies\n\n| | verdicts | s | slowest |\n|---|---|---:|---|")
    for title, more in (("with Force_MFA", (enforcement,)), ("without", ())):
        verdicts: Counter[str] = Counter()
        took: list[tuple[float, str]] = []
        for name, document in MANAGED.items():
            policies = Policies(identity=(attached(name, document), *more))
            begin = time.thread_time()
            verdict = prove_enforcement(policies, USER, NOW).direct
            took.append((time.thread_time() - begin, name))
            verdicts[type(verdict).__name__] += 1
            if isinstance(verdict, Unknown):
                print(name, verdict.reason.en)
        result = ", ".join(f"{count:,} {name}" for name, count in verdicts.most_common())
        slowest = "{1} {0:.2f} s".format(*max(took))
        print(f"| {title} | {result} | {sum(one for one, _ in took):.1f} | {slowest} |", flush=True)


def differences(count: int) -> None:
    """Print how long exact differences of managed policies take, both ways."""
    names = random.Random(4).sample([*MANAGED], 2 * count)  # noqa: S311 - samples, no secrets
    took: list[float] = []
    unknown: list[str] = []
    for old, new in zip(names[::2], names[1::2], strict=True):
        sets = [Policies(identity=(attached(each, MANAGED[each]),)) for each in (old, new)]
        begin = time.thread_time()
        found = policy_difference(*sets, USER, NOW)
        took.append(time.thread_time() - begin)
        sides = (found.only_in_old, found.only_in_new)
        unknown += [side.reason.en for side in sides if not isinstance(side, Side)]
    print(f"\n## {count} differences, both ways\n\n| | |\n|---|---:|")
    print(f"| all | {sum(took):.1f} s |\n| median | {statistics.median(took) * 1_000:.1f} ms |")
    print(f"| slowest | {max(took):.1f} s |\n| sides unknown | {len(unknown)} |", flush=True)
    for reason in sorted(set(unknown)):
        print(f"- {reason}")


def beside_iamprover() -> None:
    """Print what iamprover answers where it can be asked, and how long both take."""
    sets = [[each] for each in published().values()] + [
        [each, ALL] for each in published().values()
    ]
    questions = [(documents, action) for documents in sets for action in ASKED]
    ours = [_ours(documents, action) for documents, action in questions]
    result = _ask_iamprover(questions)
    print("\n## Is an action denied to a session without MFA?\n\n| who | ms (median) | proved |")
    print("|---|---:|---:|")
    middle = statistics.median(took for took, _ in ours)
    print(f"| sekisho | {middle:.2f} | {sum(proved for _, proved in ours)} |")
    if isinstance(result, str):
        print(f"| iamprover | did not start: {result} | |")
        return
    middle = statistics.median(result["seconds"]) * 1_000
    print(f"| iamprover | {middle:.2f} | {sum(result['answers'])} |")
    pairs = Counter(zip((p for _, p in ours), result["answers"], strict=True))
    print(f"\nThe same verdict in {pairs[True, True] + pairs[False, False]} of {len(questions)};")
    print(f"proved by us alone {pairs[True, False]}, by iamprover alone {pairs[False, True]}.")


def _ours(documents: Iterable[Any], action: str) -> tuple[float, bool]:
    policies = Policies(identity=tuple(attached(str(n), each) for n, each in enumerate(documents)))
    within = Restriction(actions=((Element((action,)), True),))
    question = Question(
        USER, NOW, (CallerCredential.SESSION,), allowed=policies, restriction=within
    )
    proved = isinstance(prove_none(question), Proved)
    return median_of(lambda: prove_none(question), 21), proved


def _ask_iamprover(questions: list[tuple[list[Any], str]]) -> dict[str, list[Any]] | str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "workload.json"
        path.write_text(json.dumps({"user": USER.arn, "questions": questions}), encoding="utf-8")
        python = PEERS / "iamprover/bin/python"
        command = [str(python), str(HERE / "ask_iamprover.py"), str(path)]
        try:
            done = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")
        except OSError as error:
            return str(error)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no message"])[-1]
    found: dict[str, list[Any]] = json.loads(done.stdout)
    return found


def install() -> None:
    """Install iamprover into `.peers`, which git ignores."""
    subprocess.run(["python3", "-m", "venv", str(PEERS / "iamprover")], check=True)
    python = str(PEERS / "iamprover/bin/python")
    subprocess.run([python, "-m", "pip", "install", "-q", "iamprover"], check=True)


def main() -> int:
    """Run everything and print tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.prover", description=__doc__)
    parser.add_argument("--install", action="store_true", help="install iamprover first")
    parser.add_argument("--pairs", type=int, default=500, help="how many differences")
    given = parser.parse_args()
    if given.install:
        install()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start\n")
    one_proof()
    beside_iamprover()
    all_managed()
    differences(given.pairs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
