"""Single fields of a body: what Discord says of one that is too long, missing or no address.

The codes inside `errors` are not in Discord's reference; these are the ones that bots report.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from tests.loopback.discord_errors import FieldError

URL: Final = 2048

_UNSAFE_IN_URL: Final = re.compile(r"[\s<>\"\\^`{|}\x00-\x1f\x7f]")
_HOST: Final = re.compile(r"[^.\s]+(?:\.[^.\s]+)+")

Path: TypeAlias = tuple[str | int, ...]


def at_most(at: Path, value: str | Sequence[Any] | None, limit: int) -> Iterator[FieldError]:
    if value is not None and len(value) > limit:
        yield FieldError(at, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")


def required(at: Path) -> FieldError:
    return FieldError(at, "BASE_TYPE_REQUIRED", "This field is required")


def between(at: Path, value: str | Sequence[Any], low: int, high: int) -> Iterator[FieldError]:
    if not low <= len(value) <= high:
        yield FieldError(at, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")


def in_range(at: Path, value: int | None, low: int, high: int) -> Iterator[FieldError]:
    if value is None or low <= value <= high:
        return
    code, bound = (
        ("MIN", f"greater than or equal to {low}")
        if value < low
        else ("MAX", f"less than or equal to {high}")
    )
    yield FieldError(at, f"NUMBER_TYPE_{code}", f"int value should be {bound}.")


def one_of(at: Path, value: Any, choices: tuple[int, ...]) -> Iterator[FieldError]:
    if value not in choices:
        yield FieldError(at, "BASE_TYPE_CHOICES", f"Value must be one of {choices}.")


def url_errors(
    url: Any, at: Path, *, attachments: bool = False, limit: int = URL
) -> Iterator[FieldError]:
    if not isinstance(url, str):
        yield FieldError(at, "STRING_TYPE_CONVERT", "Could not interpret as string.")
        return
    yield from at_most(at, url, limit)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        yield FieldError(at, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        return
    if attachments and parts.scheme == "attachment":
        return
    if parts.scheme not in ("http", "https"):
        yield FieldError(
            at,
            "URL_TYPE_INVALID_SCHEME",
            f"Scheme \"{parts.scheme}\" is not supported. Scheme must be one of ('http', 'https').",
        )
    elif _UNSAFE_IN_URL.search(url) or not _HOST.fullmatch(host or ""):
        yield FieldError(at, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
