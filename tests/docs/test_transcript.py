"""The tour that the READMEs show is the tour that runs."""

import pytest

from sekisho.messages import Language
from transcript import transcript, written


@pytest.mark.parametrize("language", Language)
def test_the_readme_shows_the_tour_that_runs(language: Language) -> None:
    """If it does not any more: `.venv/bin/python tests/transcript.py`."""
    assert written(language).splitlines() == transcript(language).splitlines()
