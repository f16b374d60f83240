"""What was typed and is not done: whole or not at all, the oldest goes first, and memory ends.

Reads `web.browsers` itself, because what is forgotten is counted in bytes there.
"""

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from sekisho.messages import Language
from sekisho.web.browsers import MOST_OF_ALL, MOST_OF_ONE, Browser, DraftMemory
from sekisho.web.site import LONGEST_BODY

_PATHS = ("/iam/user/create", "/iam/policy/create", "/iam/group/create")
_FIELDS = st.dictionaries(st.sampled_from(["name", "text", "tags"]), st.text(max_size=400))
_SAVES = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(_PATHS), st.one_of(_FIELDS, st.none())),
    max_size=30,
)


@given(_SAVES)
def test_a_draft_is_whole_or_gone_and_the_oldest_goes_first(
    saves: list[tuple[int, str, dict[str, str] | None]],
) -> None:
    """`None` drops a draft. What is there is what was saved last, up to some age."""
    memory = DraftMemory(of_one=2_000, of_all=4_000)
    browsers = [memory.drafts() for _ in range(4)]
    saved: OrderedDict[tuple[int, str], dict[str, str]] = OrderedDict()
    for which, path, fields in saves:
        saved.pop((which, path), None)
        if fields is None:
            browsers[which].pop(path, None)
        else:
            browsers[which][path] = fields
            saved[which, path] = dict(fields)
            fields["later"] = "changed by its owner"
        assert memory.size <= 4_000
    there = [key for key in saved if key[1] in browsers[key[0]]]
    for which, path in there:
        assert browsers[which][path] == saved[which, path]
    for which, drafts in enumerate(browsers):
        assert list(drafts) == [path for owner, path in there if owner == which]
        own = [path for owner, path in saved if owner == which]
        assert list(drafts) == own[len(own) - len(drafts) :] or _too_long(saved, which)
        drafts.clear()
    assert memory.size == 0


def _too_long(saved: OrderedDict[tuple[int, str], dict[str, str]], browser: int) -> bool:
    """Tell whether one draft alone has no room: then it is not kept, and older ones may be."""
    alone = DraftMemory(of_one=2_000, of_all=4_000).drafts()
    for (owner, path), fields in saved.items():
        if owner == browser:
            alone.clear()
            alone[path] = fields
            if not alone:
                return True
    return False


def test_a_form_of_the_greatest_size_has_room_and_all_browsers_together_have_an_end() -> None:
    memory = DraftMemory()
    # one character beyond the others makes Python keep each in four bytes
    longest = {"text": "x" * (LONGEST_BODY - 1) + "\U0001f600"}
    assert 4 * LONGEST_BODY < MOST_OF_ONE
    first = memory.drafts()
    first["/a"] = longest
    assert first["/a"] == longest
    first["/b"] = longest
    assert list(first) == ["/b"]
    others = [memory.drafts() for _ in range(40)]
    for drafts in others:
        drafts["/a"] = longest
    assert memory.size <= MOST_OF_ALL
    assert not first
    assert "/a" in others[-1]
    assert "/a" not in others[0]


def test_a_token_that_no_page_made_is_not_remembered() -> None:
    browser = Browser("cookie", "csrf", Language.EN, None)
    browser.remember_outcome("x" * LONGEST_BODY, "/elsewhere")
    browser.remember_outcome("token", "/there")
    assert dict(browser.outcomes) == {"token": "/there"}
