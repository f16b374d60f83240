"""What the local AWS answers when it says no."""

__all__ = ["Refusal"]


class Refusal(Exception):
    """An error that a client gets, in AWS's words.

    It may be raised anywhere between the authorizer and moto's methods; the authorizer writes
    it in the wire
    form of the request's protocol (`wire`). It belongs to the wire, not to sekisho's own error
    tree: nothing in sekisho has gone wrong.

    Attributes:
        code: AWS's error code, like `NoSuchEntity`.
        message: AWS's message; never a secret.
        status: the HTTP status.
    """

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
