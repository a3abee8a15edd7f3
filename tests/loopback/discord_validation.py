"""What Discord takes as a message, and what it answers to the rest.

Limits: https://discord.com/developers/docs/resources/message#create-message
and #embed-object-embed-limits, #allowed-mentions-object.
The codes inside `errors` are not listed there; these are the ones that bots report.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tests.loopback.discord_components import row_errors
from tests.loopback.discord_errors import ApiError, FieldError, Json, invalid_form
from tests.loopback.discord_fields import Path, at_most, required, url_errors

CONTENT: Final = 2000
EMBEDS: Final = 10
EMBED_CHARACTERS: Final = 6000
FIELDS: Final = 25
NONCE: Final = 25

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
    yield from at_most((*at, "content"), content, CONTENT)
    yield from at_most((*at, "nonce"), str(body.get("nonce") or ""), NONCE)
    if (body.get("flags") or 0) & COMPONENTS_V2:
        for name in ("content", "embeds", "sticker_ids", "poll"):
            if body.get(name):
                yield FieldError(
                    (*at, name),
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
                )
    else:
        yield from row_errors(components, (*at, "components"))
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
    yield from at_most(at, embeds, EMBEDS)
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
        yield from at_most((*at, *path), _text(embed, path), limit)
    for path, attachments in _EMBED_URLS:
        if (url := _get(embed, path)) is not None:
            yield from url_errors(url, (*at, *path), attachments=attachments)
    for name in ("image", "thumbnail"):
        if embed.get(name) is not None and _get(embed, (name, "url")) is None:
            yield required((*at, name, "url"))
    if embed.get("footer") is not None and not _text(embed, ("footer", "text")):
        yield required((*at, "footer", "text"))
    if embed.get("author") is not None and not _text(embed, ("author", "name")):
        yield required((*at, "author", "name"))
    fields: list[Json] = embed.get("fields") or []
    yield from at_most((*at, "fields"), fields, FIELDS)
    for number, field in enumerate(fields):
        for name, limit in (("name", 256), ("value", 1024)):
            if not (text := _text(field, (name,))):
                yield required((*at, "fields", number, name))
            yield from at_most((*at, "fields", number, name), text, limit)
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


def _get(value: Json, path: tuple[str, ...]) -> Any:
    node: Any = value
    for step in path:
        node = node.get(step) if isinstance(node, dict) else None
    return node


def _text(value: Json, path: tuple[str, ...]) -> str:
    return str(_get(value, path) or "").strip()
