"""Cleaning text that comes from outside, and folding it for comparison."""

import re
import unicodedata
from typing import Final

_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff\ufffe\uffff]"
)
_BIDI: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
# Combining marks of Latin, Greek and Cyrillic; U+3099 and U+309A are the voicing of kana.
_ACCENT: Final = re.compile(r"[\u0300-\u036f\u1dc0-\u1dff]")
_ABBREVIATIONS: Final = ("e.g.", "i.e.", "et al.", "vs.", "cf.", "Fig.", "Eq.", "Sec.", "resp.")
_SENTENCE_END: Final = re.compile(
    r"(?<=[.!?])"
    + "".join(f"(?<!{re.escape(word)})" for word in _ABBREVIATIONS)
    + r"(?<!\b[A-Z]\.)"  # an initial
    + r"\s+(?=[A-Z0-9\"“(\[$\\])"
    + r"|(?<=[。！？])\s*"
)


def clean(text: str) -> str:
    """`text` on one line: control and direction-changing characters out, white space collapsed."""
    if text.isprintable() and "  " not in text:
        return text.strip()  # nearly every text: many times faster than the long way
    if (collapsed := " ".join(text.split())).isprintable():
        return collapsed
    return _thoroughly_clean(text)


def _thoroughly_clean(text: str) -> str:
    text = _SURROGATE.sub("\ufffd", text)
    return " ".join(_BIDI.sub("", _CONTROL.sub(" ", text)).split())


def quoted(text: str, limit: int = 40) -> str:
    """What somebody typed, for a sentence that answers it: one line of code, in which Discord
    reads no Markdown, link or mention. A visible ellipsis marks a cut."""
    shown = clean(text).replace("`", "'")
    shown = shown if len(shown) <= limit else f"{shown[: limit - 1].rstrip()}…"
    return f"`{shown or ' '}`"


def fold(text: str) -> str:
    """`text` as it is compared: without case, accents or width, so `Thérien` meets `therien`.

    Hangul and kana stay whole: their marks are letters, not accents.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    bare = _ACCENT.sub("", unicodedata.normalize("NFKD", text))
    special = bare.translate(_UNDECOMPOSED)
    return " ".join(unicodedata.normalize("NFC", special).casefold().split())


def sentences(text: str) -> list[str]:
    """The sentences of a running text; abbreviations such as "e.g." and initials do not end one."""
    return [part for part in (piece.strip() for piece in _SENTENCE_END.split(clean(text))) if part]


# Letters that Unicode does not decompose, as people type them without the stroke.
_UNDECOMPOSED: Final = str.maketrans(
    {
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ı": "i",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
    }
)
