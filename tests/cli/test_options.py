"""The inventory of options: one name has one form and one meaning in every command."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sekisho.cli.main import root
from sekisho.errors import Code, SekishoError

SHARED = {
    "--accept": ("ID[:USER]=REASON ...", "lets a problem pass"),
    "--bom": ("flag", "begins CSV with a byte order mark"),
    "--boundary": ("FILE ...", "a permissions boundary"),
    "--break-glass": ("NAME ...", "a user who is never touched"),
    "--assume": ("NAME=VALUE ...", "sets a point that AWS does not document"),
    "--all": ("flag", "of everybody, and not of one alone"),
    "--contact": ("TEXT", "whom people ask"),
    "--certificate": ("PATH", "saves what shows a proof"),
    "--caller": ("ARN", "who will apply the plan"),
    "--endpoint-url": ("URL", "where another AWS answers"),
    "--exceptions": ("FILE", "an exceptions file"),
    "--exit-zero": ("flag", "exit 0 also with findings"),
    "--explain": ("flag", "says why"),
    "--force": ("flag", "replaces the file of --out"),
    "--format": ("choice", "how the result is printed"),
    "--headings": ("choice", "the language of CSV's column names"),
    "--group": ("NAME", "the user group that enforces MFA"),
    "--journal": ("FILE", "the plan's journal"),
    "--keep-sessions": ("flag", "ends no session of aws login or of an agent"),
    "--kind": ("choice", "what the policies are"),
    "--lang": ("choice", "the language"),
    "--ledger": ("FILE", "the record of who has heard"),
    "--send": ("URL", "the webhook that notices are posted to"),
    "--state": ("PLACE", "the folder of a campaign, or its address in S3"),
    "--take-over": ("flag", "goes on in the place of a run that was killed"),
    "--logs": ("PATH ...", "CloudTrail logs, or a usage file"),
    "--mfa": ("flag", "the session that applies has MFA"),
    "--mfa-age": ("SECONDS", "the longest time since MFA"),
    "--mfa-serial": ("ARN", "the MFA device that --role-arn needs"),
    "--name": ("NAME", "the policy's name"),
    "--any-value": ("flag", "fails also for values that no known credential brings"),
    "--after-enrolment": ("FILE ...", "a policy that users get once they have enrolled"),
    "--strict": ("flag", "fails also for what is accepted"),
    "--users-may-change-password": ("flag", "the account's password policy"),
    "--exempt": ("ACTION ...", "what may work without MFA"),
    "--only": ("choice", "makes only this check"),
    "--owner-tag": ("KEY ...", "the tag that says whom to write to"),
    "--ours": ("USER ...", "whose password in doubt is nobody else's"),
    "--plan": ("FILE", "a plan"),
    "--preset": ("choice", "which Force_MFA policy"),
    "--print-policy": ("flag", "prints the least policy, and calls nothing"),
    "--port": ("INTEGER RANGE", "the port of a server on this computer"),
    "--profile": ("NAME", "a profile of the AWS CLI"),
    "--quiet": ("flag", "the verdict and errors only"),
    "--region": ("NAME", "where STS is called"),
    "--resource-account": ("ID", "whose resource it is"),
    "--resource-policy": ("FILE", "the policy of the resource"),
    "--role-arn": ("ARN", "a role to assume first"),
    "--scp": ("LEVEL=FILE ...", "a service control policy"),
    "--session": ("FILE ...", "a session policy"),
    "--templates": ("DIR", "templates of one's own"),
    "--timezone": ("ZONE", "the zone that days are said in"),
    "--theirs": ("USER ...", "whose password in doubt somebody else has set"),
    "--trust": ("FILE", "the role's trust policy"),
    "--verbose": ("flag", "says everything"),
    "--attach-to": ("WHOM ...", "who gets the policies"),
    "--cache": ("DIR", "keeps what was counted"),
    "--dedup": ("flag", "counts an event once"),
    "--lookup": ("flag", "reads CloudTrail's event history"),
    "--memory": ("SIZE", "memory for counting"),
    "--replace": ("NAME=FILE ...", "a managed policy with another text"),
    "--result": ("FILE", "the result of a query"),
    "--spark": ("MASTER", "reads on a Spark"),
    "--threads": ("INTEGER RANGE", "threads that read"),
    "--to": ("TIME", "events before this"),
    "--today": ("DAY", "another day than today"),
    "--trail-region": ("NAME ...", "logs of this region only"),
    "--wave": ("NAME ...", "only the people of a wave"),
    "--yes": ("flag", "does not ask"),
}
"""Options of several commands, with their form and meaning; ` ...`: may be repeated."""

SEVERAL_FORMS = {
    "--account": {"FILE", "ID ..."},
    "--as": {"USER", "choice"},
    "--from": {"CIDR ...", "TIME"},
    "--goal": {"FILE ...", "FILE"},
    "--out": {"FILE", "PATH"},
    "--except": {"NAME ...", "NAME[=REASON] ...", "USER ..."},
    "--partition": {"choice", "COLUMN"},
    "--policy": {"FILE ...", "FILE"},
    "--principal": {"ARN", "NAME|ARN"},
    "--snapshot": {"FILE ...", "FILE"},
    "--user": {"NAME", "NAME ..."},
}
"""Options that are more in one command than in another: several where one policy, account or user
is not all, a name where an account is there to look it up, who one is and what a policy is; and
`--from`, which is a network in a policy and a time in a log. For logs, `--partition` is a column of
a table, and `--account` the id of one of several. `--out` is the file that is written, or the
folder of one file for each person."""

SHORT = {"--quiet": "-q", "--verbose": "-v", "--version": "-V"}
FORMATS = {
    "text",
    "json",
    "csv",
    "html",
    "sarif",
    "markdown",
    "aws-cli",
    "process",
    "env",
    "slack",
    "teams",
}


def _form(option: click.Option) -> str:
    if option.is_flag:
        return "flag"
    if isinstance(option.type, click.Choice):
        return "choice"
    repeated = " ..." if option.multiple else ""
    return f"{option.make_metavar(click.Context(root))}{repeated}"


def _options(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Option]]:
    for each in command.params:
        if isinstance(each, click.Option):
            yield path, each
    if isinstance(command, click.Group):
        for name, lazy in command.lazy.items():
            yield from _options(lazy.load(), f"{path} {name}".strip())


OPTIONS = list(_options(root))
BY_NAME: dict[str, list[tuple[str, click.Option]]] = {}
for _path, _option in OPTIONS:
    BY_NAME.setdefault(max(_option.opts, key=len), []).append((_path, _option))


def test_an_option_of_several_commands_has_one_form() -> None:
    shared = {name: found for name, found in BY_NAME.items() if len(found) > 1}
    for name, found in shared.items():
        forms = {_form(option) for _, option in found}
        if name in SEVERAL_FORMS:
            assert forms <= SEVERAL_FORMS[name], name
        else:
            assert name in SHARED, f"{name} {forms}: give its form and meaning above"
            assert forms == {SHARED[name][0]}, name


def test_the_inventory_has_no_option_that_is_gone() -> None:
    assert set(SHARED) <= set(BY_NAME)
    assert not set(SHARED) & set(SEVERAL_FORMS)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_short_forms_are_the_same_everywhere(name: str) -> None:
    for path, option in BY_NAME[name]:
        short = [each for each in option.opts if not each.startswith("--")]
        assert short == ([SHORT[name]] if name in SHORT else []), path


def test_what_writes_a_file_replaces_it_with_force_alone() -> None:
    paths = {name: {path for path, _ in BY_NAME[name]} for name in ("--out", "--force")}
    assert paths["--out"] == paths["--force"]


def test_a_policy_that_is_there_is_replaced_with_force_alone(tmp_path: Path) -> None:
    edited = tmp_path / "policy.json"
    edited.write_text("edited", encoding="utf-8")
    new = ["policy", "new", "--out", str(edited)]
    error = CliRunner().invoke(root, new).exception
    assert isinstance(error, SekishoError)
    assert error.code is Code.OUTPUT_UNWRITABLE
    assert edited.read_text("utf-8") == "edited"
    assert CliRunner().invoke(root, [*new, "--force"]).exception is None
    assert edited.read_text("utf-8").startswith("{")


def test_every_command_knows_lang_and_formats_begin_with_text() -> None:
    assert {path for path, _ in BY_NAME["--lang"]} == {path for path, _ in OPTIONS}
    for path, option in BY_NAME["--format"]:
        assert isinstance(option.type, click.Choice)
        choices = [str(each) for each in option.type.choices]
        assert choices[0] == option.default == "text", path
        assert set(choices) <= FORMATS, path


def test_what_changes_an_account_takes_yes() -> None:
    assert {path for path, _ in BY_NAME["--yes"]} == {"apply", "campaign", "rollback"}
