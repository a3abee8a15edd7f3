"""The words by which text is found: the same for what is stored and for what is typed.

A word is a run of letters or a run of digits, folded (`text.fold`), so that `GPT-4`, `gpt4` and
`GPT 4` are the same two words, and so are `x^2` and `x²`. Chinese, Japanese and Korean do not
part their words as we need it: a run of Han, Hangul or kana becomes its overlapping pairs of
letters, in place, so that any part of two letters and more is found as a phrase of pairs.

Of LaTeX the text remains: `$\\mathcal{O}(n^2)$` is `o`, `n`, `2`. A lone Greek letter is its name,
as LaTeX writes it: `$\\pi_0$`, `π0` and `pi0` are the same. `++` and `#` after a letter are a word,
for C++ and C#.

What changes here changes what the index holds: count up `VERSION`, and it is built anew.
"""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from bot.domain.text import fold

VERSION: Final = 1

LONGEST: Final = 64
"""Letters of a word that count. Longer ones are no words but data."""

LONGEST_WHOLE: Final = 12
"""Syllables of a Hangul word that is also known as a whole."""

BREAK: Final = "·"
"""A word that nobody can type, for it is no letter: it keeps phrases from running over."""

_CJK: Final = (
    r"\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31f0-\u31ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u1100-\u11ff\uac00-\ud7af"
    r"\U00020000-\U0003fffd"
)
_WORD: Final = re.compile(
    rf"(?P<cjk>[{_CJK}]+)|(?:(?![{_CJK}])[^\W\d_])+|\d+|(?<=[^\W\d_])(?:\+\+|#)"
)
_ASCII_WORD: Final = re.compile(r"[a-z]+|[0-9]+|(?<=[a-z])(?:\+\+|#)")
_HANGUL_WORD: Final = re.compile(rf"[\uac00-\ud7a3]{{2,{LONGEST_WHOLE}}}(?![\uac00-\ud7a3])")
_HANGUL: Final = re.compile(r"[\uac00-\ud7a3]")

_ACCENT: Final = re.compile(r"""\\["'`^~=.]\{?([A-Za-z])\}?""")
# Commands that say how something looks. Other names are words: `\alpha`, `\log`.
_LOOKS: Final = re.compile(
    r"\\(?:math(?:cal|bf|bb|rm|sf|it|tt|frak|scr|normal)|text(?:bf|it|rm|tt|sc|sf|sl|normal)?"
    r"|emph|underline|boldsymbol|bm|operatorname|mbox|left|right|big[gl]?|frac|dfrac|tfrac"
    r"|(?:display|text|script)style|rm|bf|it|em|tt|sc|href|url|cite[pt]?|ref|label|footnote"
    r"|quad|qquad)(?![A-Za-z])"
)

_SIGNS: Final = {"++": "⁺⁺", "#": "＃"}  # not ASCII, as every letter of a word may be in the index
_GREEK_NAMES: Final = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma "
    "tau upsilon phi chi psi omega"
)
_GREEK: Final = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", _GREEK_NAMES.split(), strict=True))
_WRITTEN_OTHERWISE: Final = frozenset(
    word[:length]
    for word in (*_GREEK_NAMES.split(), *_SIGNS.values())
    for length in range(1, len(word) + 1)
)
"""Words, and beginnings of them, that a text may have without their letters."""


class Token(NamedTuple):
    """A word and where it stands in a text."""

    word: str
    start: int
    end: int


def tokens(text: str) -> list[str]:
    """The words of `text` in their order."""
    folded = fold(_without_latex(text))
    if folded.isascii():
        return [_SIGNS.get(word, word)[:LONGEST] for word in _ASCII_WORD.findall(folded)]
    words: list[str] = []
    for found in _WORD.finditer(folded):
        run = found.group()
        if found["cjk"] and len(run) > 1:
            words.extend(run[at : at + 2] for at in range(len(run) - 1))
        else:
            words.append(_named(run))
    return words


def located(text: str) -> list[Token]:
    """The words of `text` with their places in it."""
    if text.isascii():
        return [
            Token(_SIGNS.get(word := found.group(), word)[:LONGEST], *found.span())
            for found in _ASCII_WORD.finditer(_with_latex_blanked(text).lower())
        ]
    folded, origins = _folded(_with_latex_blanked(text))
    found_words: list[Token] = []
    for found in _WORD.finditer(folded):
        run, at = found.group(), found.start()
        step = 2 if found["cjk"] and len(run) > 1 else len(run)
        for start in range(at, found.end() - step + 1):
            word = folded[start : start + step]
            last = origins[start + step - 1]
            found_words.append(
                Token(
                    word if step == 2 and found["cjk"] else _named(word), origins[start], last + 1
                )
            )
    return found_words


def may_have(text: str, words: Collection[str]) -> bool:
    """Whether one of `words` may stand in `text`, or begin a word there. `located` tells for
    sure, at many times the price; where this says no, it finds none."""
    folded = text.lower() if text.isascii() else "".join(map(_folded_letter, text))
    return any(word in folded or word in _WRITTEN_OTHERWISE for word in words)


def whole_words(text: str) -> list[str]:
    """The Hangul words of `text`, marked as wholes, for an exact word is a better find than a
    part of one."""
    if text.isascii() or not _HANGUL.search(text):
        return []
    return [whole(run) for run in _hangul_runs(fold(text))]


def whole(word: str) -> str:
    """How a whole Hangul word is marked."""
    return BREAK + word


def is_whole_word(text: str) -> bool:
    """Whether folded `text` is one Hangul word that is known as a whole."""
    return _HANGUL_WORD.fullmatch(text) is not None


def is_cjk(word: str) -> bool:
    """Whether a word is a letter, or a pair of them, of Han, Hangul or kana."""
    return _WORD.match(word) is not None and _CJK_LETTER.match(word) is not None


_CJK_LETTER: Final = re.compile(rf"[{_CJK}]")
_HANGUL_RUN: Final = re.compile(r"[\uac00-\ud7a3]+")


def _hangul_runs(folded: str) -> Iterable[str]:
    return (run for run in _HANGUL_RUN.findall(folded) if is_whole_word(run))


def _named(run: str) -> str:
    return (_GREEK.get(run) or _SIGNS.get(run) or run)[:LONGEST]


def _without_latex(text: str) -> str:
    if "\\" not in text:
        return text
    return _LOOKS.sub(" ", _ACCENT.sub(r"\1", text))


def _with_latex_blanked(text: str) -> str:
    """As long as `text`, for places in it."""
    if "\\" not in text:
        return text
    return _LOOKS.sub(lambda found: " " * len(found.group()), text)


def _folded(text: str) -> tuple[str, list[int]]:
    """`text` folded letter by letter, and for each letter of that its place in `text`."""
    letters: list[str] = []
    origins: list[int] = []
    for place, letter in enumerate(text):
        folded = _folded_letter(letter)
        letters.append(folded)
        if len(folded) == 1:  # nearly every one
            origins.append(place)
        else:
            origins.extend([place] * len(folded))
    return "".join(letters), origins


@lru_cache(maxsize=20_000)  # more than there are Hangul syllables
def _folded_letter(letter: str) -> str:
    folded = letter.lower() if letter.isascii() else fold(letter)
    return folded or (" " if letter.isspace() else "")
