"""What is made while sekisho is built: message catalogues, the manual page, the project's URLs."""

import io
import runpy
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).parent
MESSAGES = ROOT / "src" / "sekisho" / "messages"
URLS = ROOT / "urls.toml"
MANUAL = ROOT / "build" / "sekisho.1"
_NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)
"""In place of the time of the build, which gettext's header has and no two builds share."""


def compile_catalogues() -> None:
    """Write the `.mo` of every catalogue beside its `.po`, which people edit."""
    for source in MESSAGES.glob("*/LC_MESSAGES/*.po"):
        with source.open("rb") as file:
            catalogue = read_po(file)
        catalogue.creation_date = _NO_DATE
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        _write(source.with_suffix(".mo"), compiled.getvalue())


def write_manual() -> None:
    """Write the manual page, from the reference of commands."""
    manual_of = runpy.run_path(str(ROOT / "tools" / "manual.py"))["manual_of"]
    MANUAL.parent.mkdir(exist_ok=True)
    _write(MANUAL, manual_of(ROOT).encode())


def _write(path: Path, content: bytes) -> None:
    """Write a file if it is not so already: somebody may be reading it."""
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


class BuildHook(BuildHookInterface[Any]):
    """hatchling's hook: runs before a wheel, an sdist or an editable install is made."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Make the files, and put them into what is built."""
        compile_catalogues()
        build_data["artifacts"].append("src/sekisho/messages/**/*.mo")
        if self.target_name == "wheel":
            write_manual()
            build_data["shared_data"][str(MANUAL)] = "share/man/man1/sekisho.1"


class UrlsHook(MetadataHookInterface):
    """hatchling's hook: the URLs are in a file of their own, for whoever publishes to fill in."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the URLs to the metadata."""
        metadata["urls"] = tomllib.loads(URLS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    compile_catalogues()
