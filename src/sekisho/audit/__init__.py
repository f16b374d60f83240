"""What is wrong: what a policy really means, and (later) findings about policies and accounts."""

from sekisho.audit.meaning import Gate, Line, Meaning, Works, meaning
from sekisho.audit.probes import CredentialState, Target
from sekisho.audit.wording import sentences

__all__ = ["CredentialState", "Gate", "Line", "Meaning", "Target", "Works", "meaning", "sentences"]
