"""The console's home page and the IAM dashboard with its security recommendations."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from sekisho.web.console.persons import attempt, person, signed_in

SCREEN = Blueprint("dashboard", __name__)


@SCREEN.get("/console")
@signed_in
def home() -> ResponseReturnValue:
    """Show the console's home page."""
    return render_template("home.html")


@SCREEN.get("/iam")
@signed_in
def dashboard() -> ResponseReturnValue:
    """Show the IAM dashboard."""
    summary = attempt("iam", "GetAccountSummary")
    devices = attempt("iam", "ListMFADevices", UserName=person().user)
    return render_template(
        "dashboard.html",
        navigation="/iam",
        summary=summary,
        devices=devices,
    )
