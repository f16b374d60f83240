"""The refusals of the sign-in pages, as their API answers them."""

from http import HTTPStatus

from sekisho.localaws.wire.errors import Refusal
from sekisho.signin import CONSOLE_REFUSED, SIGNIN_FAILED


class PageRefused(Exception):
    """An error answer of the sign-in API.

    Attributes:
        code: ours where AWS's page shows a sentence alone.
        message: the text that the page shows; never a secret.
        ticket: allows another try; "" if there is none.
        cause: the call behind the page that was refused, or None.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: HTTPStatus = HTTPStatus.UNAUTHORIZED,
        *,
        ticket: str = "",
        cause: Refusal | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.ticket = ticket
        self.cause = cause

    def answer(self) -> dict[str, object]:
        """Return the answer as JSON values."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.cause is not None:
            error["cause"] = {"code": self.cause.code, "message": self.cause.message}
        return {"error": error} | ({"ticket": self.ticket} if self.ticket else {})


def failed_sign_in(ticket: str = "") -> PageRefused:
    """Return the common answer to a wrong password, user, account, code or passkey."""
    return PageRefused("SigninFailed", SIGNIN_FAILED, ticket=ticket)


def expired_sign_in() -> PageRefused:
    """Return the answer to a ticket that is forged, spent, late or for another step."""
    return PageRefused("SigninExpired", "Your sign-in has expired. Please sign in again.")


def too_many_attempts(ticket: str = "") -> PageRefused:
    """Return the answer after too many wrong attempts."""
    message = "Too many failed attempts. Please wait some minutes and try again."
    status = HTTPStatus.TOO_MANY_REQUESTS
    return PageRefused("TooManyAttempts", message, status, ticket=ticket)


def denied_console_session(cause: Refusal) -> PageRefused:
    """Return the answer to a user whose policies deny the console session."""
    return PageRefused(
        "ConsoleAuthorizationDenied", CONSOLE_REFUSED, HTTPStatus.FORBIDDEN, cause=cause
    )


def unavailable_resync(ticket: str) -> PageRefused:
    """Return the answer of a page that does not resynchronise a device."""
    message = "The device cannot be resynchronised here. Ask your administrator."
    return PageRefused("NotOffered", message, HTTPStatus.FORBIDDEN, ticket=ticket)


def invalid_request(message: str) -> PageRefused:
    """Return the answer to a request that lacks its page's form."""
    return PageRefused("ValidationError", message, HTTPStatus.BAD_REQUEST)
