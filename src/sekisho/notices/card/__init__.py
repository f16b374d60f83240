"""The card of a person: what they have, and what they type on the command line with MFA."""

from sekisho.notices.card.facts import CardFacts, card_facts
from sekisho.notices.card.guide import CardChoices, card, card_to_json, version_of

__all__ = [
    "CardChoices",
    "CardFacts",
    "card",
    "card_facts",
    "card_to_json",
    "version_of",
]
