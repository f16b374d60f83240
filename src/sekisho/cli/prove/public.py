"""`sekisho prove --public`: do resource-based policies let in somebody whom they do not name?"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import click
from click.core import ParameterSource

from sekisho.catalogue import load
from sekisho.cli.exits import Exit, worst
from sekisho.cli.options import PrintOptions, ReportFormat
from sekisho.cli.policy_files import as_written, read_attached, refuse_stdin_twice
from sekisho.cli.prove.output import exit_of
from sekisho.cli.quiet import quiet
from sekisho.cli.terminal import next_command, show, show_folded, terminal_width
from sekisho.engine import Assumptions, AttachedPolicy
from sekisho.errors import UsageError
from sekisho.messages import Language, Message
from sekisho.policy import PolicyKind
from sekisho.prover import (
    PUBLIC_ASSUMED,
    Conclusion,
    Counterexample,
    Proved,
    Refuted,
    Unknown,
    granting_texts,
    no_public_access,
    public_request_text,
    verdict_text,
)
from sekisho.prover.questions import counterexample_to_json

_PUBLIC_ACCESS = Message("{file}: {verdict}")
_NOT_PUBLIC = Message("not public")
_PUBLIC = Message("public")
_MORE = Message("`-v` says what counts as public.")
_ASSUMED = Message("another setting gives another verdict: {names}")
_HEEDED = frozenset({"files", "public", "assumptions", "output", "verbose", "quiet", "lang"})


def check_alone(ctx: click.Context) -> None:
    """See that no option is given that says nothing beside `--public`.

    Raises:
        UsageError: if one is.
    """
    for parameter in ctx.command.params:
        name = parameter.name or ""
        given = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in _HEEDED:
            raise UsageError(
                Message("`{option}` says nothing beside `--public`").filled(
                    option=parameter.opts[0]
                )
            )


def prove_public(files: Sequence[str], assumptions: Assumptions, printed: PrintOptions) -> Exit:
    """Print whether each of some resource-based policies is public, and return the exit code.

    Raises:
        FaultyInput: if a file cannot be read.
        UsageError: if there is none, or SARIF is asked for.
    """
    if not files:
        raise UsageError(Message("give resource-based policies to `--public`"))
    output, lang = printed.output, printed.lang
    if output is ReportFormat.SARIF:
        raise UsageError(Message("`--public` is answered as a table or as JSON"))
    refuse_stdin_twice(files)
    now = datetime.now(UTC)
    found = [
        (policy, no_public_access(policy, now, assumptions))
        for policy in read_attached(files, PolicyKind.RESOURCE)
    ]
    match output:
        case ReportFormat.JSON:
            click.echo(json.dumps(_as_json(found, now), indent=2, ensure_ascii=False))
        case ReportFormat.TEXT:
            if quiet():
                show_folded(_verdict(policy, each).into(lang) for policy, each in found)
                return worst([exit_of(each.verdict) for _, each in found])
            lines = [line for policy, each in found for line in _lines(policy, each, lang)]
            if printed.verbose:
                lines += ["", *(text.into(lang) for text in PUBLIC_ASSUMED)]
            else:
                lines += ["", _MORE.into(lang)]
            show_folded(lines)
            show()
            for line in next_command(_next(found), lang, terminal_width()):
                show(line)
    return worst([exit_of(each.verdict) for _, each in found])


def _next(found: Sequence[tuple[AttachedPolicy, Conclusion]]) -> str:
    """Return the command that looks closer at the first policy that is not proved, or any."""
    left = [policy for policy, each in found if not isinstance(each.verdict, Proved)]
    first = (left or [policy for policy, _ in found])[0]
    return f"sekisho policy lint --kind resource {as_written(first.name)}"


def _verdict(policy: AttachedPolicy, found: Conclusion) -> Message:
    verdict = verdict_text(found.verdict, _NOT_PUBLIC, _PUBLIC)
    return _PUBLIC_ACCESS.filled(file=policy.name, verdict=verdict)


def _lines(policy: AttachedPolicy, found: Conclusion, lang: Language) -> Iterator[str]:
    yield _verdict(policy, found).into(lang)
    if isinstance(found.verdict, Refuted):
        shown = found.verdict.counterexample
        yield f"  {public_request_text(shown).into(lang)}"
        for text in granting_texts(shown):
            yield f"  {text.into(lang)}"
    if found.assumed:
        yield f"  {_ASSUMED.filled(names=', '.join(found.assumed)).into(lang)}"


def _as_json(found: Sequence[tuple[AttachedPolicy, Conclusion]], now: datetime) -> object:
    return {
        "schema": "sekisho.no-public-access/1",
        "asOf": now.isoformat(timespec="seconds"),
        "catalogue": load().dated,
        "policies": [
            {
                "policy": policy.name,
                "verdict": type(each.verdict).__name__,
                "counterexample": _shown(each.verdict.counterexample)
                if isinstance(each.verdict, Refuted)
                else None,
                "reason": each.verdict.reason.en if isinstance(each.verdict, Unknown) else None,
                "assumed": list(each.assumed),
            }
            for policy, each in found
        ],
        "assumptions": [text.en for text in PUBLIC_ASSUMED],
    }


def _shown(found: Counterexample) -> dict[str, object]:
    """Return a counterexample as JSON values; with what a stranger signs does not matter."""
    return {k: v for k, v in counterexample_to_json(found).items() if k != "credential"}
