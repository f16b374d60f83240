"""The example company, which a local AWS runs with if no account is given."""

from pathlib import Path

from sekisho.account import AccountFile, load_account

COMPANY_FILE = Path(__file__).parent / "data" / "company.json"
"""The account file of the example company, with keys, passwords and seeds of its users."""

ADMINISTRATOR = "yuki.tanaka"
MACHINE = "deploy-bot"
BUCKET = "reidai-documents"
"""The bucket of its office, which the members of `Office` may list."""


def example_company() -> AccountFile:
    """Return the example company."""
    return load_account(COMPANY_FILE.read_text(encoding="utf-8"))
