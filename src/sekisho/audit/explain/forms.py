"""What an error text is about as JSON values, and what the text itself says, for its reader."""

from sekisho.audit.explain.entries import ErrorCause
from sekisho.audit.explain.match import ErrorExplanation, ExplainedError
from sekisho.messages import Language, Message, joined_messages, verbatim
from sekisho.policy import KINDS

_READ = {
    "user": Message("Caller:"),
    "action": Message("Action:"),
    "resource": Message("Resource:"),
    "kind": Message("Refused by:"),
    "policy": Message("Policy:"),
}
_HOW = {
    True: Message("explicit deny"),
    False: Message("no policy of this kind allows it"),
}


def pasted_error_to_json(explanation: ErrorExplanation, lang: Language) -> dict[str, object]:
    """Return what a text is about as JSON values, its sentences in one language."""
    return {
        "known": bool(explanation.answers),
        "answers": [_answer_to_json(answer, lang) for answer in explanation.answers],
        "nearest": [near.id for near in explanation.nearest],
    }


def _answer_to_json(answer: ExplainedError, lang: Language) -> dict[str, object]:
    def said(text: Message) -> str:
        return answer.filled(text).into(lang)

    def cause(value: ErrorCause) -> dict[str, object]:
        return {
            "why": said(value.why),
            "tell": said(value.tell),
            "remediation": said(value.fix),
            "administrator": value.administrator,
        }

    denial = answer.denial
    return {
        "id": answer.entry.id,
        "title": said(answer.entry.title),
        "source": answer.entry.source,
        "read": denial
        and {
            "user": denial.user or None,
            "action": denial.action or None,
            "resource": denial.resource or None,
            "explicit": denial.explicit,
            "kind": denial.kind,
            "policy": denial.policy or None,
        },
        "causes": [cause(each) for each in answer.causes],
        "alike": [{"id": each.id, "differs": said(each.differs)} for each in answer.entry.alike],
    }


def facts_read(answer: ExplainedError) -> tuple[tuple[Message, Message], ...]:
    """Return what the text itself says, for the reader to check."""
    denial = answer.denial
    if denial is None:
        return ()
    named = [KINDS[denial.kind]] if denial.kind else []
    how = [] if denial.explicit is None else [_HOW[denial.explicit]]
    values = {
        "user": verbatim(denial.user),
        "action": verbatim(denial.action),
        "resource": verbatim(denial.resource),
        "kind": joined_messages((*named, *how), en=", ", ja=", "),
        "policy": verbatim(denial.policy),
    }
    return tuple((_READ[name], value) for name, value in values.items() if value.en)
