"""Compiles the message catalogues while sekisho is built: `.po`, which people edit, to `.mo`."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MESSAGES = Path(__file__).parent / "src" / "sekisho" / "messages"


def compile_catalogues() -> None:
    """Write the `.mo` of every catalogue beside its `.po`."""
    for source in MESSAGES.glob("*/LC_MESSAGES/*.po"):
        with source.open("rb") as file:
            catalogue = read_po(file)
        with source.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)


class MessagesHook(BuildHookInterface[Any]):
    """hatchling's hook: runs before a wheel, an sdist or an editable install is made."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Compile the catalogues, and put them into what is built."""
        compile_catalogues()
        build_data["artifacts"].append("src/sekisho/messages/**/*.mo")


if __name__ == "__main__":
    compile_catalogues()
