"""What Discord takes as a message, and what it answers to the rest.

Limits: https://discord.com/developers/docs/resources/message#create-message
and #embed-object-embed-limits, https://discord.com/developers/docs/components/reference,
https://discord.com/developers/docs/resources/message#allowed-mentions-object.
The codes inside `errors` are not listed there; these are the ones that bots report.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from tests.loopback.discord_errors import ApiError, FieldError, Json, invalid_form

CONTENT: Final = 2000
EMBEDS: Final = 10
EMBED_CHARACTERS: Final = 6000
FIELDS: Final = 25
URL: Final = 2048
NONCE: Final = 25
ROWS: Final = 5
ROW_BUTTONS: Final = 5
LABEL: Final = 80
BUTTON_URL: Final = 512
CUSTOM_ID: Final = 100
SELECT_OPTIONS: Final = 25

COMPONENTS_V2: Final = 1 << 15

_EMBED_TEXTS: Final = (
    (("title",), 256),
    (("description",), 4096),
    (("footer", "text"), 2048),
    (("author", "name"), 256),
)
_EMBED_URLS: Final = (
    (("url",), False),
    (("author", "url"), False),
    (("author", "icon_url"), True),
    (("footer", "icon_url"), True),
    (("image", "url"), True),
    (("thumbnail", "url"), True),
)
_ACTION_ROW, _BUTTON, _SELECTS = 1, 2, frozenset({3, 5, 6, 7, 8})
_LINK_STYLE, _PREMIUM_STYLE = 5, 6
_UNSAFE_IN_URL: Final = re.compile(r"[\s<>\"\\^`{|}\x00-\x1f\x7f]")
_HOST: Final = re.compile(r"[^.\s]+(?:\.[^.\s]+)+")

Path: TypeAlias = tuple[str | int, ...]


def check_message(
    body: Mapping[str, Any], *, has_files: bool = False, prefix: Path = (), editing: bool = False
) -> None:
    """Raise what Discord answers if `body` is no message; `prefix` leads to it in the request."""
    errors = tuple(_message_errors(body, prefix))
    if errors:
        raise invalid_form(*errors)
    if not editing and not has_files and _is_empty(body):
        raise ApiError(400, 50006)


def _message_errors(body: Mapping[str, Any], at: Path) -> Iterator[FieldError]:
    content = body.get("content")
    embeds: list[Json] = body.get("embeds") or []
    components: list[Json] = body.get("components") or []
    yield from _at_most((*at, "content"), content, CONTENT)
    yield from _at_most((*at, "nonce"), str(body.get("nonce") or ""), NONCE)
    if (body.get("flags") or 0) & COMPONENTS_V2:
        for name in ("content", "embeds", "sticker_ids", "poll"):
            if body.get(name):
                yield FieldError(
                    (*at, name),
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
                )
    else:
        yield from _row_errors(components, (*at, "components"))
    yield from _embeds_errors(embeds, (*at, "embeds"))
    yield from _mention_errors(body.get("allowed_mentions") or {}, (*at, "allowed_mentions"))


def _is_empty(body: Mapping[str, Any]) -> bool:
    return not (
        (body.get("content") or "").strip()
        or any(_shows_something(embed) for embed in body.get("embeds") or [])
        or body.get("components")
        or body.get("sticker_ids")
        or body.get("poll")
    )


def _shows_something(embed: Json) -> bool:
    shown = ("title", "description", "fields", "footer", "author", "image", "thumbnail")
    return any(embed.get(name) for name in shown)


# --- embeds -------------------------------------------------------------------------------


def _embeds_errors(embeds: Sequence[Json], at: Path) -> Iterator[FieldError]:
    yield from _at_most(at, embeds, EMBEDS)
    for number, embed in enumerate(embeds):
        yield from _embed_errors(embed, (*at, number))
    if sum(map(_characters, embeds)) > EMBED_CHARACTERS:
        yield FieldError(
            at,
            "MAX_EMBED_SIZE_EXCEEDED",
            f"Embed size exceeds maximum size of {EMBED_CHARACTERS}",
        )


def _embed_errors(embed: Json, at: Path) -> Iterator[FieldError]:
    for path, limit in _EMBED_TEXTS:
        yield from _at_most((*at, *path), _text(embed, path), limit)
    for path, attachments in _EMBED_URLS:
        if (url := _get(embed, path)) is not None:
            yield from _url_errors(url, (*at, *path), attachments=attachments)
    for name in ("image", "thumbnail"):
        if embed.get(name) is not None and _get(embed, (name, "url")) is None:
            yield _required((*at, name, "url"))
    if embed.get("footer") is not None and not _text(embed, ("footer", "text")):
        yield _required((*at, "footer", "text"))
    if embed.get("author") is not None and not _text(embed, ("author", "name")):
        yield _required((*at, "author", "name"))
    fields: list[Json] = embed.get("fields") or []
    yield from _at_most((*at, "fields"), fields, FIELDS)
    for number, field in enumerate(fields):
        for name, limit in (("name", 256), ("value", 1024)):
            if not (text := _text(field, (name,))):
                yield _required((*at, "fields", number, name))
            yield from _at_most((*at, "fields", number, name), text, limit)
    if not 0 <= (embed.get("color") or 0) <= 0xFFFFFF:
        yield FieldError(
            (*at, "color"),
            "NUMBER_TYPE_MAX",
            "int value should be less than or equal to 16777215.",
        )
    if (stamp := embed.get("timestamp")) is not None:
        yield from _timestamp_errors(stamp, (*at, "timestamp"))


def _characters(embed: Json) -> int:
    """The characters that count towards the 6,000 of a message, trimmed as Discord trims them."""
    texts = [_text(embed, path) for path, _ in _EMBED_TEXTS]
    for field in embed.get("fields") or []:
        texts += [_text(field, ("name",)), _text(field, ("value",))]
    return sum(map(len, texts))


def _timestamp_errors(stamp: Any, at: Path) -> Iterator[FieldError]:
    try:
        datetime.fromisoformat(stamp)
    except (TypeError, ValueError):
        yield FieldError(at, "DATE_TIME_TYPE_PARSE", f"Could not parse {stamp}. Should be ISO8601.")


def _url_errors(
    url: Any, at: Path, *, attachments: bool = False, limit: int = URL
) -> Iterator[FieldError]:
    if not isinstance(url, str):
        yield FieldError(at, "STRING_TYPE_CONVERT", "Could not interpret as string.")
        return
    yield from _at_most(at, url, limit)
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


# --- components ---------------------------------------------------------------------------


def _row_errors(rows: Sequence[Json], at: Path) -> Iterator[FieldError]:
    yield from _at_most(at, rows, ROWS)
    seen: set[str] = set()
    for number, row in enumerate(rows):
        here = (*at, number)
        if row.get("type") != _ACTION_ROW:
            yield FieldError(
                (*here, "type"), "BASE_TYPE_CHOICES", f"Value must be one of ({_ACTION_ROW},)."
            )
            continue
        children: list[Json] = row.get("components") or []
        if not 1 <= len(children) <= ROW_BUTTONS:
            yield FieldError(
                (*here, "components"),
                "BASE_TYPE_BAD_LENGTH",
                f"Must be between 1 and {ROW_BUTTONS} in length.",
            )
        if len(children) > 1 and any(child.get("type") in _SELECTS for child in children):
            yield FieldError(
                (*here, "components"),
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                "The specified component exceeds the maximum width",
            )
        for index, child in enumerate(children):
            yield from _child_errors(child, (*here, "components", index), seen)


def _child_errors(child: Json, at: Path, seen: set[str]) -> Iterator[FieldError]:
    kind, style = child.get("type"), child.get("style")
    if kind == _BUTTON:
        yield from _at_most((*at, "label"), child.get("label"), LABEL)
        if style == _LINK_STYLE:
            if child.get("url") is None:
                yield _required((*at, "url"))
            else:
                yield from _url_errors(child["url"], (*at, "url"), limit=BUTTON_URL)
            if child.get("custom_id") is not None:
                yield FieldError(
                    (*at, "custom_id"),
                    "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                    "A custom id and url cannot both be specified",
                )
        elif style not in range(1, _PREMIUM_STYLE + 1):
            yield FieldError(
                (*at, "style"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3, 4, 5, 6)."
            )
        if style != _PREMIUM_STYLE and not (child.get("label") or child.get("emoji")):
            yield _required((*at, "label"))
    elif kind in _SELECTS:
        if kind == min(_SELECTS):
            options: list[Json] = child.get("options") or []
            if not 1 <= len(options) <= SELECT_OPTIONS:
                yield FieldError(
                    (*at, "options"),
                    "BASE_TYPE_BAD_LENGTH",
                    f"Must be between 1 and {SELECT_OPTIONS} in length.",
                )
    else:
        yield FieldError(
            (*at, "type"), "BASE_TYPE_CHOICES", "Value must be one of (2, 3, 5, 6, 7, 8)."
        )
        return
    if kind == _BUTTON and style in (_LINK_STYLE, _PREMIUM_STYLE):
        return
    yield from _custom_id_errors(child.get("custom_id"), (*at, "custom_id"), seen)


def _custom_id_errors(custom_id: str | None, at: Path, seen: set[str]) -> Iterator[FieldError]:
    if not custom_id:
        yield _required(at)
        return
    yield from _at_most(at, custom_id, CUSTOM_ID)
    if custom_id in seen:
        yield FieldError(
            at, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
        )
    seen.add(custom_id)


# --- and the rest -------------------------------------------------------------------------


def _mention_errors(allowed: Json, at: Path) -> Iterator[FieldError]:
    """A kind of mention is allowed as a whole or one by one, not both."""
    for kind in ("users", "roles"):
        if kind in (allowed.get("parse") or []) and allowed.get(kind):
            yield FieldError(
                at,
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )


def _at_most(at: Path, value: str | Sequence[Any] | None, limit: int) -> Iterator[FieldError]:
    if value is not None and len(value) > limit:
        yield FieldError(at, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")


def _required(at: Path) -> FieldError:
    return FieldError(at, "BASE_TYPE_REQUIRED", "This field is required")


def _get(value: Json, path: tuple[str, ...]) -> Any:
    node: Any = value
    for step in path:
        node = node.get(step) if isinstance(node, dict) else None
    return node


def _text(value: Json, path: tuple[str, ...]) -> str:
    return str(_get(value, path) or "").strip()
