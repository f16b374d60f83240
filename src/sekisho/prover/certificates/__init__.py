"""Certificates: case trees that `sekisho.check_proof` checks, and how one is found."""

from sekisho.prover.certificates.claims import (
    OLD,
    arguments_of,
    claim_of,
    document_of,
    from_now_on,
    layers_of,
    no_new_access_claim,
)
from sekisho.prover.certificates.search import Certificate, OpenLeaf, WorkLimitReached, certify

__all__ = [
    "OLD",
    "Certificate",
    "OpenLeaf",
    "WorkLimitReached",
    "arguments_of",
    "certify",
    "claim_of",
    "document_of",
    "from_now_on",
    "layers_of",
    "no_new_access_claim",
]
