"""Write the JSON Schemas of files and of `--format json`: docs/schemas.

    python -m tools.schemas

To be run when a form changes; tests/docs/test_schemas.py asks for it. Snapshots, plans and usage
follow from their dataclasses.
"""

from pathlib import Path

from tools.schemas.files import schemas

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"


def main() -> None:
    """Write the files, and delete those of forms that are no more."""
    made = schemas()
    for path in FOLDER.glob("*.json"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
