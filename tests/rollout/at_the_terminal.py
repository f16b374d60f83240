"""The commands at a terminal, with the environment of somebody who has signed in."""

from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from administered import REGION, session_keys
from sekisho.cli.main import root
from sekisho.errors import SekishoError
from sekisho.localaws import LocalAws

GOAL = """\
policy:
  description: MFA first.
  tags: {team: security}
group: Enforced
who:
  - user: hanako
breakGlass: [glass]
"""


@dataclass(frozen=True)
class Terminal:
    """A terminal in a folder; its environment has a session's keys."""

    folder: Path
    environment: dict[str, str]

    def run(self, *words: str, stdin: str = "") -> Result:
        """Run `sekisho` and return what came of it; an error of ours is its `exception`."""
        runner = CliRunner(env={**self.environment, "COLUMNS": "200"})
        done = runner.invoke(root, list(words), input=stdin, standalone_mode=False)
        if done.exception is not None and not isinstance(done.exception, SekishoError | SystemExit):
            raise done.exception
        return done

    def write(self, name: str, text: str) -> str:
        """Write a file and return its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def path(self, name: str) -> str:
        return str(self.folder / name)


def environment(local: LocalAws, name: str, *, mfa: bool = True) -> dict[str, str]:
    """Return what a shell has after somebody has signed in."""
    keys = session_keys(local, name, mfa=mfa)
    return {
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_SESSION_TOKEN": keys.session_token or "",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": local.url,
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "LANG": "C",
    }
