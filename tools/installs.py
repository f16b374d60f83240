"""Install sekisho as users do, from the index that pip is set up with, on every Python named.

    python tools/installs.py [PYTHON...]     3.11, or a path; those that are not there are named
    python tools/installs.py --sizes [...]   with pip only, which measures the extras

For each: the wheel with pip into a new environment, without extras and with all; `pipx install .`;
`uv tool install .`. On the first, each extra by itself: on Linux its size is held against the table
of docs/install.md. Once, the hooks of pre-commit. It takes some minutes, needs the network, and
leaves nothing behind; `tests/packaging` is the quick half of it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
POLICY = ROOT / "tests" / "packaging" / "policies" / "force-mfa.json"
BIN = "Scripts" if os.name == "nt" else "bin"
MOST_MEGABYTES, MOST_PACKAGES = 85, 20
"""What the core may take, without pip and setuptools."""
EXTRAS = ("", "local", "replay", "spark", "session", "login", "all")
PAGE = ROOT / "docs" / "install.md"
OFF = 0.1
"""So much may a size differ from what the page says: packages grow."""
MEASURE = """
import json, os
from importlib.metadata import distributions
size, names = 0, []
for each in distributions():
    if each.metadata["Name"].lower() in ("pip", "setuptools", "wheel"):
        continue
    names.append(each.metadata["Name"])
    for file in each.files or ():
        path = each.locate_file(file)
        if os.path.exists(path):
            status = os.stat(path)
            size += getattr(status, "st_blocks", -(-status.st_size // 512)) * 512
print(json.dumps([size / 1e6, len(names)]))
"""


def run(*command: object, cwd: Path = ROOT, **environment: str) -> str:
    """Run a command and return what it prints; end with its output if it fails."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV")
    inherited = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**inherited, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        sys.exit(
            f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def python_of(name: str) -> str | None:
    """Return the interpreter of a version or path, if it is there and starts."""
    candidates = [[name]] if os.sep in name else [[f"python{name}"], ["py", f"-{name}"]]
    for command in candidates:
        path = shutil.which(command[0])
        asked = [*([path] if path else []), *command[1:], "-c", "import sys; print(sys.executable)"]
        if path:
            done = subprocess.run(asked, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return done.stdout.strip()
    return None


def try_out(program: Path, *, tour: bool = False, **environment: str) -> None:
    """Prove a policy with an installed sekisho; the tour's help works in any case."""
    print("   ", run(program, "--version", **environment).strip())
    run(program, "prove", "policy", "--only", "enforcement", POLICY, **environment)
    if tour:
        run(program, "tour", "--format", "json", **environment)


def sizes_in(page: str) -> dict[str, int]:
    """Return the megabytes of each extra by the table of a page; under "" those of the core."""
    rows = re.findall(r"(?m)^\| (?:none|なし|`(\w+)`) \|.*\| (\d+) MB \|$", page)
    return {extra: int(megabytes) for extra, megabytes in rows}


def with_pip(python: str, wheel: Path, folder: Path, extra: str) -> float:
    """Install the wheel into a new environment, and return how many megabytes that takes."""
    place = folder / f"pip-{extra}"
    run(python, "-m", "venv", place)
    inside = place / BIN
    named = f"[{extra}]" if extra else ""
    run(inside / "python", "-m", "pip", "install", "--quiet", f"{wheel}{named}")
    megabytes, packages = json.loads(run(inside / "python", "-c", MEASURE))
    said = f"  pip install sekisho{named}: {megabytes:.1f} MB, {packages} packages"
    print(said, flush=True)
    if not extra and (megabytes > MOST_MEGABYTES or packages > MOST_PACKAGES):
        sys.exit(f"the core may take {MOST_MEGABYTES} MB and {MOST_PACKAGES} packages")
    try_out(inside / "sekisho", tour=extra == "all")
    return float(megabytes)


def compare_sizes(measured: Mapping[str, float]) -> None:
    """End if the page says something else of an extra; on Linux, whose wheels it is about."""
    if sys.platform != "linux":
        return
    told = sizes_in(PAGE.read_text(encoding="utf-8"))
    off = [
        f"`{extra or 'none'}` takes {megabytes:.0f} MB, not {told[extra]}"
        for extra, megabytes in measured.items()
        if abs(told[extra] - megabytes) > OFF * megabytes
    ]
    if off:
        sys.exit(f"{PAGE.name}: {'; '.join(off)}")


def with_pipx(python: str, tools: Path, folder: Path) -> None:
    """`pipx install .`, in folders of its own."""
    home: Mapping[str, str] = {
        "PIPX_HOME": str(folder / "pipx"),
        "PIPX_BIN_DIR": str(folder / "pipx-bin"),
        "PIPX_MAN_DIR": str(folder / "pipx-man"),
    }
    run(tools / "pipx", "install", "--python", python, ".", **home)
    print("  pipx install .")
    try_out(folder / "pipx-bin" / "sekisho")
    if os.name != "nt" and not (folder / "pipx-man" / "man1" / "sekisho.1").exists():
        sys.exit("pipx has not installed the manual page")


def with_uv(python: str, tools: Path, folder: Path) -> None:
    """`uv tool install .`, in folders of its own."""
    home: Mapping[str, str] = {
        "UV_TOOL_DIR": str(folder / "uv"),
        "UV_TOOL_BIN_DIR": str(folder / "uv-bin"),
    }
    run(tools / "uv", "tool", "install", "--quiet", "--python", python, ".", **home)
    print("  uv tool install .")
    try_out(folder / "uv-bin" / "sekisho")


def with_pre_commit(tools: Path, folder: Path) -> None:
    """Let pre-commit install the hooks of the last commit; run them on good and bad policies."""
    run(tools / "pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")
    work = folder / "work"
    (work / "policies").mkdir(parents=True)
    policy = Path(shutil.copy(POLICY, work / "policies"))
    repo: dict[str, Any] = {
        "repo": str(ROOT),
        "rev": run("git", "rev-parse", "HEAD").strip(),
        "hooks": [
            {"id": "sekisho-lint"},
            {"id": "sekisho-prove", "args": [f"policies/{policy.name}"]},
        ],
    }
    # JSON is YAML, too
    (work / ".pre-commit-config.yaml").write_text(json.dumps({"repos": [repo]}), encoding="utf-8")
    run("git", "init", "--quiet", cwd=work)
    cache = {"PRE_COMMIT_HOME": str(folder / "pre-commit")}
    print("  pre-commit run, both hooks")
    code, said = _hooked(tools, work, cache)
    if code != 0 or said.count("Passed") != len(repo["hooks"]):
        sys.exit(f"the hooks do not pass a good policy\n{said}")
    # keys bring no `aws:MultiFactorAuthPresent`, so that `Bool` passes them by
    text = policy.read_text(encoding="utf-8").replace("BoolIfExists", "Bool")
    policy.write_text(text, encoding="utf-8")
    empty = work / "policies" / "empty.json"
    empty.write_text('{"Version": "2012-10-17", "Statement": []}', encoding="utf-8")
    code, said = _hooked(tools, work, cache)
    if code != 1 or said.count("Failed") != len(repo["hooks"]) or empty.name not in said:
        sys.exit(f"a hook lets a bad policy pass\n{said}")


def _hooked(tools: Path, work: Path, cache: Mapping[str, str]) -> tuple[int, str]:
    """Return the exit code of all hooks on all files, and what they say."""
    run("git", "add", ".", cwd=work)
    done = subprocess.run(
        [str(tools / "pre-commit"), "run", "--all-files", "--color", "never"],
        cwd=work,
        env={**os.environ, **cache},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def main(arguments: list[str]) -> int:
    """Do it all, on every Python named."""
    only_sizes = "--sizes" in arguments
    named = [each for each in arguments if each != "--sizes"]
    found = {name: python_of(name) for name in named or [sys.executable]}
    missing = sorted(name for name, path in found.items() if path is None)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run(sys.executable, "-m", "venv", folder / "tools")
        tools = folder / "tools" / BIN
        programs = ["build"] if only_sizes else ["build", "pipx", "uv", "pre-commit"]
        run(tools / "python", "-m", "pip", "install", "--quiet", *programs)
        run(tools / "python", "-m", "build", "--outdir", folder / "dist")
        (wheel,) = (folder / "dist").glob("*.whl")
        there = {name: python for name, python in found.items() if python is not None}
        for place, (name, python) in enumerate(there.items()):
            print(f"Python {name}")
            own = folder / name.replace(os.sep, "-")
            extras = ("", "all") if place else EXTRAS
            compare_sizes({extra: with_pip(python, wheel, own, extra) for extra in extras})
            if not only_sizes:
                with_pipx(python, tools, own)
                with_uv(python, tools, own)
        if not only_sizes:
            with_pre_commit(tools, folder)
    if missing:
        print(f"not there: {', '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
