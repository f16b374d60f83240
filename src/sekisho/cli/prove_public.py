"""`sekisho prove --public`: do resource-based policies let in somebody whom they do not name?"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import click
from click.core import ParameterSource

from sekisho.catalogue import load
from sekisho.cli.exits import Exit, worst
from sekisho.cli.options import ReportFormat
from sekisho.cli.policy_files import read_attached, refuse_stdin_twice
from sekisho.cli.prove_output import counterexample_to_json, exit_of
from sekisho.engine import Assumptions, AttachedPolicy
from sekisho.errors import UsageError
from sekisho.messages import Language, Message, printable
from sekisho.policy import PolicyKind
from sekisho.prover import (
    PUBLIC_ASSUMED,
    Conclusion,
    Counterexample,
    Refuted,
    Unknown,
    granting_texts,
    no_public_access,
    public_request_text,
    verdict_text,
)

_NO_PUBLIC_ACCESS = Message("{file}: no public access: {verdict}")
_ASSUMED = Message("another setting gives another verdict: {names}")
_HEEDED = frozenset({"files", "public", "assumptions", "output", "lang"})


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


def prove_public(
    files: Sequence[str], assumptions: Assumptions, output: ReportFormat, lang: Language
) -> Exit:
    """Print whether each of some resource-based policies is public, and return the exit code.

    Raises:
        FaultyInput: if a file cannot be read.
        UsageError: if there is none, or SARIF is asked for.
    """
    if not files:
        raise UsageError(Message("give resource-based policies to `--public`"))
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
            lines = [line for policy, each in found for line in _lines(policy, each, lang)]
            lines += ["", *(text.into(lang) for text in PUBLIC_ASSUMED)]
            click.echo("\n".join(printable(line) for line in lines))
    return worst([exit_of(each.verdict) for _, each in found])


def _lines(policy: AttachedPolicy, found: Conclusion, lang: Language) -> Iterator[str]:
    verdict = verdict_text(found.verdict)
    yield _NO_PUBLIC_ACCESS.filled(file=policy.name, verdict=verdict).into(lang)
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
