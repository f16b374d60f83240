"""Compares the resource that the authorizer asked about with the one that moto touched.

    PYTHONPATH=src:tests python fuzz/touched.py [SERVICE…]

Every operation of the services (all that moto has, if none is named), once with all parameters and
once with the required ones: what moto looked for by a value that is in no resource that was asked
about is printed, and ends it with 1. It asks as somebody who may do everything, so that moto is
reached.
"""

import logging
import sys

from botocore.exceptions import UnknownServiceError
from moto.backends import list_of_moto_modules
from moto.core.utils import get_service_model, service_name_from_moto_package_name

import localaws_people as people
from moto_touches import touches
from sekisho.localaws import LocalAws

_RENAMED = {"awslambda": "lambda"}


def services() -> list[str]:
    """Return the services that moto has, by botocore's names."""
    found = []
    for module in list_of_moto_modules():
        name = _RENAMED.get(module) or service_name_from_moto_package_name(module)
        try:
            get_service_model(name)
        except UnknownServiceError:
            continue
        found.append(name)
    return found


def main(names: list[str]) -> int:
    """Try the services, print what was found, and return the exit status."""
    logging.disable(logging.CRITICAL)
    wrong = 0
    with LocalAws(people.account()) as aws:
        for name in names or services():
            calls = touching = 0
            for required_only in (False, True):
                try:
                    for touch in touches(aws, name, required_only=required_only):
                        calls += 1
                        touching += bool(touch.touched)
                        if unasked := touch.unasked():
                            wrong += 1
                            print(touch.operation, touch.asked, unasked)  # noqa: T201 - a script
                except ImportError as error:
                    print(f"{name}: {error}")  # noqa: T201 - a script
            print(f"{name}: {calls} calls, {touching} in which moto looked for something")  # noqa: T201 - a script
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
