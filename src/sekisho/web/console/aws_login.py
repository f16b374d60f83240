"""Letting `aws login` in: the page to which the AWS CLI leads a browser, by way of the sign-in.

The code goes where the CLI waits, by a link that the person follows: a form's answer may lead to no
other site. Source: AWS Sign-In User Guide, "Login for AWS local development using console
credentials"; docs/localaws.md.
"""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.localaws import ConsoleClient
from sekisho.web.console.persons import person, rehearsal, signed_in

SCREEN = Blueprint("aws_login", __name__)


@SCREEN.get("/aws-login")
@signed_in
def page() -> ResponseReturnValue:
    """Ask whether the AWS CLI is to be let in."""
    asked = request.query_string.decode("latin-1")
    return render_template("aws_login.html", asked=asked, address="")


@SCREEN.post("/aws-login")
@signed_in
def let_in() -> ResponseReturnValue:
    """Let it in, if the person's policies allow that, and lead to where it waits."""
    client = ConsoleClient(rehearsal().url, rehearsal().account.account)
    address = client.let_in(person().keys, request.form.get("asked", ""))
    return render_template("aws_login.html", asked="", address=address)
