"""Discord's limits, and how text is made to keep them.

Discord counts characters without saying of which kind; we count UTF-16 code units, the stricter
of the two readings, so that an emoji counts twice.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

# https://discord.com/developers/docs/resources/message#embed-object-embed-limits
EMBED_TITLE: Final = 256
EMBED_DESCRIPTION: Final = 4096
FIELD_VALUE: Final = 1024
EMBED_CHARACTERS: Final = 6000  # titles, descriptions, fields, footers of one message in all

# https://discord.com/developers/docs/resources/message#create-message
CONTENT: Final = 2000

EMBEDS: Final = 10

# https://discord.com/developers/docs/components/reference#button
BUTTON_URL: Final = 512

# https://discord.com/developers/docs/components/reference#string-select
OPTION: Final = 100
OPTIONS: Final = 25
PLACEHOLDER: Final = 150

# https://discord.com/developers/docs/components/reference#label, and of a modal itself
MODAL_TEXT: Final = 45

# https://discord.com/developers/docs/interactions/application-commands#application-command-object
CHOICE: Final = 100
CHOICES: Final = 25

EMBED_URL: Final = 2048  # not documented; a cautious bound

ELLIPSIS: Final = "…"
_LONGEST_WORD: Final = 30
_DANGLING: Final = " ,;:·(–—-"

# Stricter than any standard on purpose: what Discord takes for malformed refuses the whole
# message, and a name before the host (https://arxiv.org@example.net) only serves to deceive.
_WEB_URL: Final = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
    r"(?::(?:[1-9]\d{0,3}|[1-5]\d{4}))?"
    r"(?:[/?#][A-Za-z0-9\-._~:/?#@!$&'()*+,;=%\[\]]*)?",
    re.ASCII | re.IGNORECASE,
)


def units(text: str) -> int:
    """The length of `text` as Discord may count it: in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_web_url(url: str, limit: int = EMBED_URL) -> bool:
    """Whether Discord takes `url` for a well-formed http(s) address of at most `limit` units."""
    return len(url) <= limit and _WEB_URL.fullmatch(url) is not None


def fit(text: str, limit: int, *, shown_as: Callable[[str], str] = str) -> str:
    """`shown_as(text)` in at most `limit` units; a visible ellipsis marks a cut.

    The cut is made in `text`, at a word if one ends nearby and never inside a letter with its
    marks, and the result is measured as shown: so no escape sequence is cut in half.
    `shown_as` may lengthen a text, never shorten it.
    """
    if limit < 1:
        raise ValueError(f"nothing fits in {limit} characters")
    if len(text) <= limit and units(shown := shown_as(text)) <= limit:
        return shown
    keep = min(len(text), limit - 1)
    while keep > 0:
        cut = _cut(text, keep)
        shown = shown_as(cut + ELLIPSIS)
        if (excess := units(shown) - limit) <= 0:
            return shown
        # A character is three units at most when shown, so this never takes too many.
        keep = min(keep, len(cut)) - max(1, excess // 3)
    return ELLIPSIS


def _cut(text: str, keep: int) -> str:
    head = text[:keep]
    if keep < len(text) and not text[keep].isspace():
        space = head.rfind(" ")
        if space > 0 and keep - space <= _LONGEST_WORD:
            head = head[:space]
        else:
            while keep > 0 and _continues(text, keep):
                keep -= 1
            head = text[:keep]
    return head.rstrip(_DANGLING)


def _continues(text: str, at: int) -> bool:
    """Whether the character at `at` belongs to the one before it."""
    joiner = "\u200d"
    return (
        unicodedata.category(text[at]) in {"Mn", "Mc", "Me"}
        or "\U0001f3fb" <= text[at] <= "\U0001f3ff"  # a skin tone
        or text[at] == joiner
        or text[at - 1] == joiner
    )
