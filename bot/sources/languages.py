"""Guessing a text's language from its script."""

import re
from typing import Final

_SHARE: Final = 0.12
"""Of all letters. Korean or Chinese sentences about models may be mostly Latin terms, while a
foreign name or symbol in an English text stays far below this."""

_KANA_SHARE: Final = 0.05
"""Of Han and kana together: Japanese never goes long without kana; Chinese has none of its own."""

_ENOUGH: Final = 1000

UNDETERMINED: Final = "und"


def _pages(*ranges: tuple[int, int]) -> bytes:
    return bytes(page for first, last in ranges for page in range(first, last + 1))


# Scripts by Unicode's pages of 256 characters, the upper byte of a UTF-16 code unit, so that
# counting is a few passes in C over half the encoded text (https://www.unicode.org/charts/).
_HANGUL: Final = _pages((0x11, 0x11), (0xAC, 0xD7))
_HAN: Final = _pages((0x34, 0x9F), (0xF9, 0xFA))
_CYRILLIC: Final = _pages((0x04, 0x04))
_ARABIC: Final = _pages((0x06, 0x07), (0x08, 0x08), (0xFC, 0xFD))
_LATIN_BEYOND_ASCII: Final = _pages((0x01, 0x02), (0x1E, 0x1E))
_OTHER: Final = _pages((0x03, 0x03), (0x05, 0x05), (0x09, 0x10), (0x12, 0x1D), (0x1F, 0x1F))
_KANA_AND_SIGNS: Final = 0x30

_KANA: Final = re.compile("[\u3041-\u309f\u30a1-\u30fa\u30fd-\u30ff]+")
_NOT_ASCII_LETTERS: Final = bytes(byte for byte in range(128) if not chr(byte).isalpha())


def language_of(text: str) -> str:
    """The language that a text's script suggests, as a BCP 47 tag, or `und`.

    Hangul is `ko`, kana `ja`, Han without kana `zh`, Cyrillic `ru`, Arabic `ar`, Latin `en`.
    A script other than Latin needs an eighth of the letters to win over it. The first thousand
    characters are looked at.
    """
    text = text[:_ENOUGH]
    pages = text.encode("utf-16-be", errors="surrogatepass")[::2]
    hangul = _count(pages, _HANGUL)
    if hangul * 2 > len(pages):  # no other script can be ahead
        return "ko"
    kana = sum(map(len, _KANA.findall(text))) if _KANA_AND_SIGNS in pages else 0
    han = _count(pages, _HAN)
    shares = {
        "ko": hangul,
        "ja" if kana > _KANA_SHARE * (kana + han) else "zh": kana + han,
        "ru": _count(pages, _CYRILLIC),
        "ar": _count(pages, _ARABIC),
        UNDETERMINED: _count(pages, _OTHER),
    }
    latin = len(text.encode("ascii", errors="ignore").translate(None, _NOT_ASCII_LETTERS))
    latin += _count(pages, _LATIN_BEYOND_ASCII)
    language, most = max(shares.items(), key=lambda share: share[1])
    if most and most >= _SHARE * (latin + sum(shares.values())):
        return language
    return "en" if latin else UNDETERMINED


def _count(pages: bytes, script: bytes) -> int:
    return len(pages) - len(pages.translate(None, script))
