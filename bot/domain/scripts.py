"""Which scripts a text is written in, and which one a language is."""

import unicodedata
from collections import Counter
from functools import lru_cache
from typing import Final

LATIN: Final = "LATIN"
HANGUL: Final = "HANGUL"
HAN: Final = "CJK"
KANA: Final = "KANA"
CYRILLIC: Final = "CYRILLIC"

# Names as Unicode's own names of letters begin (https://www.unicode.org/charts/). A language that
# is not here is written in Latin letters.
_SCRIPTS: Final = {
    "am": "ETHIOPIC",
    "ar": "ARABIC",
    "be": CYRILLIC,
    "bg": CYRILLIC,
    "bn": "BENGALI",
    "el": "GREEK",
    "fa": "ARABIC",
    "gu": "GUJARATI",
    "he": "HEBREW",
    "hi": "DEVANAGARI",
    "hy": "ARMENIAN",
    "ja": KANA,
    "ka": "GEORGIAN",
    "kk": CYRILLIC,
    "km": "KHMER",
    "kn": "KANNADA",
    "ko": HANGUL,
    "lo": "LAO",
    "mk": CYRILLIC,
    "ml": "MALAYALAM",
    "mn": CYRILLIC,
    "mr": "DEVANAGARI",
    "my": "MYANMAR",
    "ne": "DEVANAGARI",
    "pa": "GURMUKHI",
    "ru": CYRILLIC,
    "si": "SINHALA",
    "sr": CYRILLIC,
    "ta": "TAMIL",
    "te": "TELUGU",
    "th": "THAI",
    "uk": CYRILLIC,
    "ur": "ARABIC",
    "yue": HAN,
    "zh": HAN,
}
_WRITTEN_OTHERWISE: Final = {"latn": LATIN, "cyrl": CYRILLIC, "hans": HAN, "hant": HAN}


def script_of(language: str) -> str:
    """The script that a language is written in, by its BCP 47 tag: `HANGUL` for `ko`, `LATIN`
    where nothing else is known; a script named in the tag (`sr-latn`) wins."""
    first, *rest = language.casefold().split("-")
    for part in rest:
        if part in _WRITTEN_OTHERWISE:
            return _WRITTEN_OTHERWISE[part]
    return _SCRIPTS.get(first, LATIN)


def letters(text: str) -> Counter[str]:
    """How many letters of each script `text` has; hiragana and katakana are both `KANA`."""
    return Counter(script for script in map(_script, text) if script)


def mostly_latin(text: str) -> bool:
    """Whether most letters of `text` are Latin, as an English abstract's are."""
    if text.isascii():
        return any(map(str.isalpha, text))
    counted = letters(text)
    return counted[LATIN] * 2 > counted.total()


@lru_cache(maxsize=16_384)
def _script(character: str) -> str:
    """The script of a letter; empty for anything else."""
    if not character.isalpha():
        return ""
    first = unicodedata.name(character, "").partition(" ")[0]
    if first in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"):
        return KANA
    if first == "HALFWIDTH":
        return KANA if "KATAKANA" in unicodedata.name(character) else HANGUL
    if first == "FULLWIDTH":
        return LATIN
    return first
