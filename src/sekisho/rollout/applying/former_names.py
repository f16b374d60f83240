"""An account under the names that its users had: plans and journals of a campaign have those.

A user who was renamed since a plan was made is the same user; AWS knows them by the present name.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sekisho.account import AwsApi
from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.rollout.goal.known_users import KNOWN_USERS, users_known_before


@dataclass(frozen=True, slots=True)
class UnderFormerNames:
    """AWS's API for somebody who calls users by names of old.

    Attributes:
        names: by a name of old, the present one.
    """

    api: AwsApi
    names: Mapping[str, str]

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        """Call one operation."""
        return self.api.call(service, operation, **self._present(params))

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        """Yield the items of a listing operation."""
        yield from self.api.pages(service, operation, key, **self._present(params))

    def _present(self, params: Mapping[str, object]) -> dict[str, object]:
        name = params.get("UserName")
        present = self.names.get(name) if isinstance(name, str) else None
        return {**params} if present is None else {**params, "UserName": present}


def renamed_users(folder: Path, api: AwsApi) -> Mapping[str, str]:
    """Return the users who were renamed since a campaign saw them: the present by the former name.

    Where the users may not be listed, nobody is known to be: then what AWS answers about a name of
    old is what is said.

    Raises:
        FaultyInput: if the campaign's record of users is damaged.
    """
    known = users_known_before(folder / KNOWN_USERS)
    if not known.users:
        return {}
    try:
        listed = [*api.pages("iam", "ListUsers", "Users")]
    except AwsRefused:
        return {}
    present = {each["UserId"]: each["UserName"] for each in listed}
    return {old: new for old, new in known.former_names_of(present).items() if new is not None}
