"""The language of a run, which is known once a command has read its options."""

from dataclasses import dataclass

from sekisho.messages import Language

__all__ = ["Spoken"]


@dataclass(slots=True)
class Spoken:
    """What an error is told in after the command has ended."""

    language: Language
