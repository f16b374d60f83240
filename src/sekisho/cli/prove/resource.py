"""`sekisho prove resource`: do resource-based policies allow anything to the public?"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import click

from sekisho.catalogue import load
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import ProofFailed, next_action
from sekisho.cli.options import OutputFormat, assumption_option, format_option, lang_option
from sekisho.cli.policy_files import each_alone, read_attached, refuse_stdin_twice
from sekisho.cli.prove.output import exit_of
from sekisho.cli.quiet import quiet, quiet_option, show_next, verbose_option
from sekisho.cli.terminal import complain, show_folded
from sekisho.documents import indented_json
from sekisho.engine import Assumptions, AttachedPolicy
from sekisho.errors import SekishoError, errors_to_json, lines_of
from sekisho.messages import Language, Message
from sekisho.policy import PolicyKind, render
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
_MORE = Message("Run with `-v` for what counts as public.")
_ASSUMED = Message("another assumption gives another result: {names}")


@click.command("resource", cls=SpokenCommand)
@click.argument("files", metavar="POLICY|-...", nargs=-1, required=True)
@assumption_option
@format_option
@verbose_option
@quiet_option
@lang_option
def command(
    files: tuple[str, ...],
    assumptions: Assumptions,
    output: OutputFormat,
    verbose: bool,
    lang: Language,
) -> Exit:
    """Prove that resource-based policies are not public, or show a request that they allow.

    A policy is public if it allows anything to a caller whose account it does not name. Exit 0 if
    no policy is public (proved), 3 if one is (with a counterexample), 4 if undecided.
    """
    refuse_stdin_twice(files)
    now = datetime.now(UTC)

    def examine(file: str) -> tuple[AttachedPolicy, Conclusion]:
        (policy,) = read_attached((file,), PolicyKind.RESOURCE)
        return policy, no_public_access(policy, now, assumptions)

    conclusions, failed = each_alone(files, examine)
    match output:
        case OutputFormat.JSON:
            click.echo(indented_json(_as_json(conclusions, failed, now)), nl=False)
        case OutputFormat.TEXT if quiet() or not conclusions:
            show_folded(_verdict(policy, each).into(lang) for policy, each in conclusions)
        case OutputFormat.TEXT:
            lines = [line for policy, each in conclusions for line in _lines(policy, each, lang)]
            more = PUBLIC_ASSUMED if verbose else (_MORE,)
            show_folded([*lines, "", *(text.into(lang) for text in more)])
            show_next(next_action(_standing(conclusions, verbose=verbose)), lang)
    for error in failed:
        for line in lines_of(error, lang):
            complain(f"sekisho: {line}")
    ends = [exit_of(each.verdict) for _, each in conclusions]
    return worst([*ends, Exit.ERROR] if failed else ends)


def _standing(found: Sequence[tuple[AttachedPolicy, Conclusion]], *, verbose: bool) -> ProofFailed:
    """Return the first policy that is not proved and that lint would correct, if there is one."""
    from sekisho.audit.lint import Attachment, lint  # noqa: PLC0415 - only what is public needs it

    left = [policy for policy, each in found if not isinstance(each.verdict, Proved)]
    wrong = (
        each.name for each in left if not lint(render(each.document), Attachment.RESOURCE).clean
    )
    again = bool(left) and not verbose and all(policy.name != "-" for policy, _ in found)
    return ProofFailed(next(wrong, ""), "resource", repeatable=again)


def _verdict(policy: AttachedPolicy, found: Conclusion) -> Message:
    verdict = verdict_text(found.verdict, _NOT_PUBLIC, _PUBLIC)
    return _PUBLIC_ACCESS.filled(file=policy.name, verdict=verdict)


def _lines(policy: AttachedPolicy, conclusion: Conclusion, lang: Language) -> Iterator[str]:
    yield _verdict(policy, conclusion).into(lang)
    if isinstance(conclusion.verdict, Refuted):
        shown = conclusion.verdict.counterexample
        yield f"  {public_request_text(shown).into(lang)}"
        for text in granting_texts(shown):
            yield f"  {text.into(lang)}"
    if conclusion.assumed:
        yield f"  {_ASSUMED.filled(names=', '.join(conclusion.assumed)).into(lang)}"


def _as_json(
    conclusions: Sequence[tuple[AttachedPolicy, Conclusion]],
    failed: Sequence[SekishoError],
    now: datetime,
) -> object:
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
            for policy, each in conclusions
        ],
        "errors": [value for error in failed for value in errors_to_json(error)],
        "assumptions": [text.en for text in PUBLIC_ASSUMED],
    }


def _shown(counterexample: Counterexample) -> dict[str, object]:
    """Return a counterexample as JSON values; with what a stranger signs does not matter."""
    return {k: v for k, v in counterexample_to_json(counterexample).items() if k != "credential"}
