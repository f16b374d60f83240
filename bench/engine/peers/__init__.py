"""Other evaluators, each asked by a small script of its own in an environment of its own."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PEERS", "Peer", "PeerResult", "install"]

_HERE = Path(__file__).parent
_HOME = _HERE.parent / ".peers"
_IAM_SIMULATE = _HOME / "iam-simulate/node_modules/@cloud-copilot/iam-simulate/dist/esm/index.js"


@dataclass(frozen=True, slots=True)
class PeerResult:
    """What a peer answered: decisions per second, and which requests it allows; or its error."""

    rates: tuple[float, ...] = ()
    allowed: tuple[bool, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer: its name, and the command that takes a workload file and a number of repetitions."""

    name: str
    command: tuple[str, ...]
    mode: tuple[str, ...] = ()

    def ask(self, workload: Path, repetitions: int) -> PeerResult:
        """Run the peer; whatever goes wrong is in the result, not raised."""
        command = [*self.command, str(workload), str(repetitions), *self.mode]
        try:
            done = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")
        except OSError as error:
            return PeerResult(error=str(error))
        if done.returncode:
            return PeerResult(error=(done.stderr.strip().splitlines() or ["no message"])[-1])
        value = json.loads(done.stdout)
        allowed = tuple(str(answer) in ("Allowed", "Allow", "True") for answer in value["answers"])
        return PeerResult(tuple(value["rates"]), allowed)


def _python(name: str) -> str:
    return str(_HOME / name / "bin/python")


_NODE = ("node", str(_HERE / "ask_iam_simulate.mjs"), str(_IAM_SIMULATE))
PEERS: Sequence[Peer] = (
    Peer("iam-simulate", _NODE, ("validated",)),
    Peer("iam-simulate, unvalidated", _NODE, ("unvalidated",)),
    Peer("PMapper", (_python("pmapper"), str(_HERE / "ask_pmapper.py"))),
    Peer("MiniStack", (_python("ministack"), str(_HERE / "ask_ministack.py"))),
)
"""iam-simulate and PMapper are AGPL: they are asked as programs, and nothing of them is here."""


def install() -> None:
    """Install the peers into `.peers`, which git ignores."""
    home = _HOME / "iam-simulate"
    home.mkdir(parents=True, exist_ok=True)
    (home / "package.json").write_text('{"private": true}', encoding="utf-8")
    npm = ["npm", "install", "--no-audit", "--no-fund", "@cloud-copilot/iam-simulate"]
    subprocess.run(npm, cwd=home, check=True)
    for name, package in (("ministack", "ministack"), ("pmapper", "principalmapper")):
        subprocess.run(["python3", "-m", "venv", str(_HOME / name)], check=True)
        subprocess.run([_python(name), "-m", "pip", "install", "-q", package], check=True)
