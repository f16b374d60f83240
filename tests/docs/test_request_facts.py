"""The page of what AWS guarantees about requests says what the checker's data says."""

import json
import re
from pathlib import Path

import pytest

from sekisho.check_proof import FACTS, NO_NEW_ACCESS, Claim, layer_of, operator_of

DOCS = Path(__file__).parents[2] / "docs"
ROW = re.compile(
    r"^\| `([a-z0-9-]+)` \| (.+?) \| .+ \| \[[^]]+\]\((https://docs\.aws\.amazon\.com/\S+)\) \|$"
)


@pytest.mark.parametrize("home", [DOCS, DOCS / "ja"])
def test_the_page_lists_the_facts(home: Path) -> None:
    text = (home / "reference" / "request-facts.md").read_text("utf-8")
    rows = {found[1]: found for line in text.splitlines() if (found := ROW.match(line))}
    assert [*rows] == [*FACTS["facts"]]
    for name, fact in FACTS["facts"].items():
        assert rows[name][3] == fact["page"]
        assert fact.get("assumed", "") in rows[name][2]
        if home == DOCS:
            assert rows[name][2].startswith(fact["says"])
    assert {*re.findall(r"^\| `([a-z]+)` \|", text, re.MULTILINE)} >= {*FACTS["premises"]}


def test_assumptions_are_named() -> None:
    page = (DOCS / "reference" / "assumptions.md").read_text("utf-8")
    said = [*FACTS["facts"].values(), *FACTS["premises"].values()]
    assert all(f"`{one['assumed']}`" in page for one in said if "assumed" in one)


@pytest.mark.parametrize("name", [*FACTS["facts"]])
def test_a_fact_is_a_deny_that_can_be_read(name: str) -> None:
    fact = FACTS["facts"][name]
    templated = "{tag}" in json.dumps(fact["statement"])
    claim = Claim(
        NO_NEW_ACCESS,
        (layer_of("identity", []),),
        calls="direct" if "direct" in fact.get("scope", ()) else "all",
        role="role" in fact.get("scope", ()),
        federated="federated" in fact.get("scope", ()),
    )
    parts = claim.fact(f"{name}@team" if templated else name).parts
    assert parts
    assert all(operator_of(part.operator).family != "unknown" for part in parts)
    always = [part.attribute for part in parts if part[1:3] == ("Null", ("true",))]
    if len(parts) == 1 and always:
        assert [fact.get("always")] == always
    else:
        assert "always" not in fact
