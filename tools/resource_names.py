"""Prints which parameters name the resources of each operation, as the authorizer reads the models.

    python tools/resource_names.py sqs dynamodb

A line for each action of each operation; a star means that every call is about such a resource, a
dash that no parameter names it: then it is unknown to the authorizer, and every Deny counts.
"""

import sys

from moto.core.utils import get_service_model

from sekisho.catalogue import iam_actions
from sekisho.localaws.decision.resource_names import NamedType, naming


def main(services: list[str]) -> None:
    """Print the lines of the services, by botocore's names."""
    for service in services:
        model = get_service_model(service)
        signing_name = model.metadata.get("signingName", model.metadata["endpointPrefix"])
        for operation in model.operation_names:
            for action in iam_actions(signing_name, operation):
                found = naming(service, operation, action)
                types = "; ".join(map(_line, found.types)) or "*"
                past = " ".join(map(".".join, found.others))
                print(f"{operation} ({action}) {types}" + (f"; unknown if {past}" if past else ""))


def _line(kind: NamedType) -> str:
    paths = {
        ".".join(path)
        for form in kind.forms
        for paths in (form.arns, *form.names)
        for path in paths
    }
    named = " ".join(sorted(paths)) if kind.named else "-"
    return f"{kind.name}{'*' if kind.required else ''}: {named}"


if __name__ == "__main__":
    main(sys.argv[1:])
