"""Write the seeds of the fuzzers: `python fuzz/seeds.py FOLDER` makes one folder a target."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from sekisho.audit.lint import Attachment

CORPUS = Path(__file__).parents[1] / "tests" / "corpus"
PRINCIPALS = ("arn:aws:iam::111122223333:user/alice", "arn:aws:sts::111122223333:assumed-role/r/s")
CONTEXT = {
    "aws:username": "alice",
    "aws:MultiFactorAuthPresent": "false",
    "aws:TagKeys": ["a", "b"],
}


def policies() -> Iterator[str]:
    """Yield policy texts: those of the corpus, good and faulty."""
    for path in sorted((CORPUS / "policy").glob("*.json")):
        text = path.read_text(encoding="utf-8")
        if path.name != "faults.json":
            yield text
            continue
        yield from (case["text"] for case in json.loads(text))


def lines() -> Iterator[str]:
    """Yield lines of the exchange form that use all of its keys."""
    for path in sorted((CORPUS / "policy").glob("*.json")):
        if path.name == "faults.json":
            continue
        document = json.loads(path.read_text(encoding="utf-8"))
        for principal in PRINCIPALS:
            question = {
                "id": path.stem,
                "request": {
                    "principal": principal,
                    "action": "iam:GetUser",
                    "resource": PRINCIPALS[0],
                    "context": CONTEXT,
                },
                "policies": {"identity": [document], "boundaries": [document], "session": None},
                "options": {"arn_span": "whole-string"},
            }
            yield json.dumps(question)


def errors() -> Iterator[str]:
    """Yield error texts."""
    texts = json.loads((CORPUS / "errors" / "texts.json").read_text(encoding="utf-8"))
    yield from (case["text"] for case in texts["cases"])


def linted() -> Iterator[str]:
    """Yield policies that people have published, of every kind those of lint's cases, and others.

    The target takes the kind from the length; white space makes it that of the case.
    """
    yield from (path.read_text("utf-8") for path in sorted((CORPUS / "lint/published").iterdir()))
    kinds = [each.word for each in Attachment]
    for name in ("mfa", "policy", "table"):
        for case in json.loads((CORPUS / "lint" / f"{name}.json").read_text("utf-8"))["cases"]:
            if case.get("as", "user") != "user":
                text = json.dumps(case["policy"])
                yield text + " " * ((kinds.index(case["as"]) - len(text)) % len(kinds))
    yield from policies()


SEEDS = {
    "parse": policies,
    "reader": policies,
    "decide": lines,
    "compiled": lines,
    "lint": linted,
    "explain": errors,
}


def main(folder: Path) -> None:
    """Write each seed to a file of its own."""
    for name, texts in SEEDS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, text in enumerate(texts()):
            (folder / name / f"seed-{number}").write_bytes(text.encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
