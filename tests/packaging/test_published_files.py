"""Files that others read: workflows, the action, forms, hooks, against their published schemas."""

import json
import os
import re
import shutil
import subprocess
from itertools import chain
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "tests" / "data" / "schemas"
GITHUB = ROOT / ".github"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
DOCUMENT = ROOT / "docs" / "how-to" / "ci.md"
CHECKED = [
    *((path, "github-workflow") for path in sorted(GITHUB.glob("workflows/*.yml"))),
    *(
        (path, "github-issue-config" if path.stem == "config" else "github-issue-forms")
        for path in sorted(GITHUB.glob("ISSUE_TEMPLATE/*.yml"))
    ),
    (GITHUB / "dependabot.yml", "dependabot"),
    (ROOT / "action.yml", "github-action"),
]


def _schema(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return read


def _loaded(text: str) -> Any:
    # in YAML 1.1 `on` is true; whoever reads workflows takes it for a text
    return yaml.load(re.sub(r"(?m)^on:", '"on":', text), yaml.CSafeLoader)


def _valid(document: object, schema: dict[str, Any]) -> None:
    jsonschema.validators.validator_for(schema)(schema).validate(document)


@pytest.mark.parametrize(("path", "schema"), CHECKED, ids=lambda each: Path(each).name)
def test_a_file_is_as_its_schema_has_it(path: Path, schema: str) -> None:
    _valid(_loaded(path.read_text(encoding="utf-8")), _schema(schema))


@pytest.mark.parametrize("schema", sorted({schema for _, schema in CHECKED}))
def test_a_schema_refuses_something(schema: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        _valid({"nothing of this": 1}, _schema(schema))


def test_the_files_are_there_that_people_look_for() -> None:
    for name in ("SECURITY.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"):
        assert (ROOT / name).stat().st_size > 500
    assert (GITHUB / "PULL_REQUEST_TEMPLATE.md").exists()
    assert {path.stem for path, kind in CHECKED if kind == "github-issue-forms"} >= {"bug", "idea"}


def _hooks() -> list[dict[str, Any]]:
    hooks: list[dict[str, Any]] = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    return hooks


def test_the_hooks_are_what_pre_commit_reads() -> None:
    """A manifest has the form of local hooks; `tools/installs.py` asks pre-commit itself."""
    schema = _schema("pre-commit-config")
    definitions = schema["definitions"]
    required = definitions["local_repo"]["properties"]["hooks"]["items"]["required"]
    hook = {**definitions["hook_definition"], "definitions": definitions, "required": required}
    known = set(definitions["hook_definition"]["properties"]) | {"description"}
    for each in _hooks():
        _valid(each, hook)
        assert set(each) <= known
        re.compile(each["files"])
    assert [each["id"] for each in _hooks()] == ["sekisho-lint", "sekisho-prove"]


@pytest.mark.parametrize(
    ("file", "linted"),
    [
        ("policies/force-mfa.json", True),
        ("infra/iam/readers.json", True),
        ("Force_MFA.json", True),
        ("infra/bucket-policy.json", True),
        ("package.json", False),
        ("src/main.json", False),
    ],
)
def test_which_files_are_linted_unless_somebody_says_otherwise(file: str, linted: bool) -> None:
    (lint,) = (each for each in _hooks() if each["id"] == "sekisho-lint")
    assert bool(re.search(lint["files"], file)) is linted


POLICY = Path(__file__).parent / "policies" / "force-mfa.json"
OPEN = POLICY.read_text(encoding="utf-8").replace("BoolIfExists", "Bool")
"""Long-term access keys bring no `aws:MultiFactorAuthPresent`: the denial passes them by."""


@pytest.mark.parametrize("hook", ["sekisho-lint", "sekisho-prove"])
def test_what_a_hook_runs_passes_a_good_policy_and_no_open_one(
    hook: str, core, tmp_path: Path
) -> None:
    open_to_all = tmp_path / "open.json"
    open_to_all.write_text(OPEN, encoding="utf-8")
    (entry,) = (each["entry"].split() for each in _hooks() if each["id"] == hook)
    assert entry[0] == "sekisho"
    assert core.run(*entry[1:], str(POLICY)).returncode == 0
    assert core.run(*entry[1:], str(open_to_all)).returncode == 3


def _steps(document: Any) -> list[dict[str, Any]]:
    jobs = document["jobs"].values() if "jobs" in document else (document["runs"],)
    return list(chain.from_iterable(job["steps"] for job in jobs))


RUNS = [path for path, kind in CHECKED if kind in ("github-workflow", "github-action")]


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name)
def test_actions_are_pinned_and_no_script_is_made_of_what_others_write(path: Path) -> None:
    document = _loaded(path.read_text(encoding="utf-8"))
    for step in _steps(document):
        if "uses" in step:
            # `./` is this repository; the branch of the publishing action is what PyPA documents
            assert re.search(r"^\./$|@v\d+$|@[0-9a-f]{40}$|@release/v1$", step["uses"])
        assert "${{" not in step.get("run", ""), step
    if "jobs" in document:
        assert document["permissions"] == {"contents": "read"}
        assert all("timeout-minutes" in job for job in document["jobs"].values())


def test_three_pythons_and_three_systems_are_tested() -> None:
    jobs = _loaded((GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8"))["jobs"]
    matrix = jobs["tests"]["strategy"]["matrix"]
    assert len(matrix["system"]) == 3
    assert {"3.11", "3.12", "3.13", "3.14"} == set(matrix["python"])


def test_a_release_is_attested_and_published_without_a_stored_secret() -> None:
    text = (GITHUB / "workflows" / "release.yml").read_text(encoding="utf-8")
    jobs = _loaded(text)["jobs"]
    assert jobs["build"]["permissions"]["attestations"] == "write"
    assert any("attest-build-provenance" in step.get("uses", "") for step in jobs["build"]["steps"])
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert "secrets." not in text


def test_the_example_workflow_is_one() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    workflow, hooks = re.findall(r"(?s)```yaml\n(.*?)```", text)
    _valid(_loaded(workflow), _schema("github-workflow"))
    inputs = _loaded((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    (used,) = (step for step in _steps(_loaded(workflow)) if "/sekisho@" in step["uses"])
    assert set(used["with"]) <= set(inputs)
    _valid(_loaded(hooks), _schema("pre-commit-config"))
    named = {hook["id"] for repo in _loaded(hooks)["repos"] for hook in repo["hooks"]}
    assert named == {each["id"] for each in _hooks()}
    for name in inputs:
        assert f"`{name}`" in text, name


INPUTS = {"POLICIES": "policies", "ATTACHED": "kind", "PROVE": "prove", "OPTIONS": "prove-options"}
"""The variables of the script, and the inputs of the action that they hold."""


@pytest.mark.parametrize(
    ("given", "code", "outcome"),
    [
        ({"POLICIES": "iam/*.json", "PROVE": "iam/force-mfa.json"}, 0, (False, {"lint", "prove"})),
        ({"POLICIES": "**/*.json", "FAIL": "false"}, 3, (False, {"lint"})),
        ({"PROVE": "more/open policy.json\n"}, 3, (True, {"prove"})),
        # what cannot be read fails, whatever was asked for
        ({"POLICIES": "nothing/*.json", "FAIL": "false"}, 1, (True, set())),
        ({"PROVE": "$(touch obeyed)", "FAIL": "false"}, 1, (True, set())),
        ({}, 64, (True, set())),
    ],
)
def test_what_the_action_runs(
    given: dict[str, str], code: int, outcome: tuple[bool, set[str]], core, tmp_path: Path
) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash on this machine")
    (tmp_path / "iam").mkdir()
    (tmp_path / "more").mkdir()
    shutil.copy(POLICY, tmp_path / "iam")
    (tmp_path / "more" / "open policy.json").write_text(OPEN, encoding="utf-8")
    output = tmp_path / "output"
    inputs = _loaded((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    usual = {name: inputs[key]["default"] for name, key in {**INPUTS, "FAIL": "fail"}.items()}
    given = {**usual, **given}
    hidden = ("PYTHONPATH", "VIRTUAL_ENV")
    done = subprocess.run(  # noqa: S603 - our own script
        [bash, str(ROOT / "tools" / "github_action.sh")],
        cwd=tmp_path,
        env={
            **{name: value for name, value in os.environ.items() if name not in hidden},
            **given,
            "PATH": os.pathsep.join((str(core.scripts), os.environ["PATH"])),
            "RUNNER_TEMP": str(tmp_path / "runner"),
            "GITHUB_OUTPUT": str(output),
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = dict(line.split("=", 1) for line in output.read_text("utf-8").splitlines())
    assert told["exit-code"] == str(code), done.stdout + done.stderr
    failed, reports = outcome
    assert told["failed"] == str(failed).lower()
    folder = Path(told["sarif"]) if "sarif" in told else tmp_path / "none"
    assert {path.stem for path in folder.glob("*.sarif")} == reports
    for path in folder.glob("*.sarif"):
        assert json.loads(path.read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert not (tmp_path / "obeyed").exists()
