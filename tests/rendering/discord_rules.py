"""What Discord asks of a message, written down apart from the code that keeps it.

Limits: https://discord.com/developers/docs/resources/message. Lengths are counted in UTF-16
units, the stricter reading. And a reader of Discord's Markdown that knows just enough to tell
what a defused text shows, and that fails on anything that is still active.
"""

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from bot.rendering.message import Rendered

_MENTION = re.compile(r"(?<!\\)<(?:@[!&]?\d+|#\d+|/[^>]*:\d+|a?:\w+:\d+|t:-?\d+|id:\w+)")


def length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def check(message: Rendered) -> None:
    """Fail unless Discord would accept `message` and nobody is notified but its one role."""
    embeds = [embed.to_dict() for embed in message.embeds]
    assert message.content or embeds, "an empty message"
    if message.content is not None:
        _text(message.content, 2000)
        assert "@everyone" not in message.content
        assert "@here" not in message.content
        roles = re.findall(r"(?<!\\)<@[&!]?\d+>", message.content)
        assert roles == ([f"<@&{message.role_id}>"] if message.role_id is not None else [])
    assert len(embeds) <= 10
    assert sum(_embed(dict(embed)) for embed in embeds) <= 6000
    assert len(message.links) <= 25
    for link in message.links:
        _text(link.label, 80)
        _address(link.url, 512)
    pressed = [(counter.text, counter.custom_id) for counter in message.counters]
    pressed += [(action.label, action.custom_id) for action in message.actions]
    assert len(pressed) <= 5, "more than a row holds"
    assert len({custom_id for _, custom_id in pressed}) == len(pressed)
    for label, custom_id in pressed:
        _text(label, 80)
        assert 0 < length(custom_id) <= 100


def _embed(embed: dict[str, Any]) -> int:
    """The characters of one embed that count towards its message's sum."""
    assert set(embed) <= {
        *("title", "description", "url", "color", "type", "flags"),
        *("fields", "footer", "thumbnail"),
    }
    assert 0 <= embed["color"] <= 0xFFFFFF
    if "url" in embed:
        _address(embed["url"], 2048)
    if "thumbnail" in embed:
        _address(embed["thumbnail"]["url"], 2048)
    texts = [(embed["title"], 256)]
    if "footer" in embed:
        texts.append((embed["footer"]["text"], 2048))
    if "description" in embed:
        texts.append((embed["description"], 4096))
    assert len(embed.get("fields", [])) <= 25
    for field in embed.get("fields", []):
        texts += [(field["name"], 256), (field["value"], 1024)]
    for text, limit in texts:
        _text(text, limit)
    return sum(length(text) for text, _ in texts)


def _text(text: str, limit: int) -> None:
    assert 0 < length(text) <= limit, f"{length(text)} characters of {limit}"
    assert any(unicodedata.category(c)[0] in "LNPS" for c in text), "nothing to see"
    assert not any(unicodedata.category(c) == "Cs" for c in text), "half a character"


def _address(url: str, limit: int) -> None:
    assert 0 < length(url) <= limit
    assert url.isascii()
    assert not re.search(r"[\s<>\"\\^`{|}\x00-\x1f\x7f]", url)
    parts = urlsplit(url)
    assert parts.scheme in {"http", "https"}
    assert parts.hostname is not None
    assert "." in parts.hostname.strip(".")
    assert all(0 < len(label) <= 63 for label in parts.hostname.split("."))
    assert parts.username is None
    assert parts.port is None or 0 < parts.port < 65536


def as_read(markdown: str) -> str:
    """What one defused line shows; fails if Discord would do more with it than show it."""
    assert not _MENTION.search(markdown), "something to notify, open or look up"
    assert not re.match(r"\s*(?:#{1,3}\s|-#\s|>|[-*+]\s|\d+[.)]\s)", markdown), "not plain text"
    assert "@everyone" not in markdown
    assert "@here" not in markdown
    shown = []
    at = 0
    while at < len(markdown):
        if markdown[at] == "\\" and at + 1 < len(markdown) and _escapable(markdown[at + 1]):
            shown.append(markdown[at + 1])
            at += 2
        elif address := re.compile(r"https?://[^\s<]+[^<.,:;\"')\]\s]").match(markdown, at):
            shown.append(address.group())
            at = address.end()
        else:
            assert markdown[at] not in "*_~`|[]<", f"active at {at} in {markdown!r}"
            assert not re.compile(r":[\w+-]+:").match(markdown, at), "an emoji"
            shown.append(markdown[at])
            at += 1
    return "".join(shown).replace("@\u200b", "@")


def _escapable(character: str) -> bool:
    return not (character.isspace() or (character.isascii() and character.isalnum()))
