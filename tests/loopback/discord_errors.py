"""What Discord says when it refuses a request.

Codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
Shape: https://discord.com/developers/docs/reference#error-messages
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]
"""A JSON object as it goes over the wire."""

_MESSAGES: Final = {
    10003: "Unknown Channel",
    10004: "Unknown Guild",
    10007: "Unknown Member",
    10008: "Unknown Message",
    10013: "Unknown User",
    10014: "Unknown Emoji",
    10015: "Unknown Webhook",
    10062: "Unknown interaction",
    40060: "Interaction has already been acknowledged.",
    50001: "Missing Access",
    50005: "Cannot edit a message authored by another user",
    50006: "Cannot send an empty message",
    50007: "Cannot send messages to this user",
    50008: "Cannot send messages in a non-text channel",
    50013: "Missing Permissions",
    50027: "Invalid Webhook Token",
    50035: "Invalid Form Body",
    50109: "The request body contains invalid JSON.",
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field of a body; `path` leads to it, an index for a list."""

    path: tuple[str | int, ...]
    code: str
    message: str


class ApiError(Exception):
    """A refusal: an HTTP status and Discord's own code."""

    def __init__(self, status: int, code: int = 0, *, errors: tuple[FieldError, ...] = ()) -> None:
        self.status = status
        self.code = code
        self.errors = errors
        phrase = f"{status}: {HTTPStatus(status).phrase}"
        self.message = _MESSAGES[code] if code else phrase
        super().__init__(f"{status} ({code}): {self.message}")

    def body(self) -> Json:
        """The answer's JSON, field errors nested by their paths."""
        body: Json = {"message": self.message, "code": self.code}
        if self.errors:
            body["errors"] = _nested(self.errors)
        return body


def invalid_form(*errors: FieldError) -> ApiError:
    """400: the body says something that Discord does not take."""
    return ApiError(400, 50035, errors=errors)


def _nested(errors: tuple[FieldError, ...]) -> Json:
    tree: Json = {}
    for error in errors:
        node = tree
        for step in error.path:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": error.code, "message": error.message})
    return tree
