"""Where a command finds the state of a campaign: a folder, or a prefix in S3."""

from pathlib import Path

import click

from sekisho.cli.aws import AwsOptions, connected_api
from sekisho.cli.quiet import print_note
from sekisho.errors import UsageError
from sekisho.messages import Language, Message
from sekisho.rollout import LocalState, S3State, StatePlace, is_in_s3

_UNVERSIONED = Message(
    "The bucket of `{address}` keeps no earlier versions of objects. Nothing here needs them; what "
    "somebody deletes there is gone."
)

take_over_option = click.option(
    "--take-over",
    is_flag=True,
    help="With a state in S3: continue in place of a run that was killed.",
)
"""Adds `--take-over`."""


def state_at(
    address: str, aws: AwsOptions, lang: Language, *, take_over: bool = False, notes: bool = True
) -> StatePlace:
    """Return the state at an address, a folder or `s3://BUCKET/PREFIX`.

    Args:
        address: as it was typed.
        aws: which AWS has it, if it is in S3.
        lang: the language of what is said.
        take_over: whether the lock of a run in S3 that was killed is taken over.
        notes: whether it is said that the bucket keeps no earlier versions.

    Raises:
        UsageError: if it is no address of S3, or if something is taken over elsewhere.
        AwsRefused: if nobody answers.
    """
    if take_over and not is_in_s3(address):
        raise UsageError(
            Message("`--take-over` is for a state in S3: the lock of a folder ends with its run"),
            fix=Message("leave the option out"),
        )
    if not is_in_s3(address):
        return LocalState(Path(address))
    state = S3State(address, connected_api(aws, lang), take_over=take_over)
    if notes and state.versioned() is False:
        print_note(_UNVERSIONED.filled(address=state.address).into(lang))
    return state
