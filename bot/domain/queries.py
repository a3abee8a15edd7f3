"""What people type into a search, and where a text says it.

Words are all wanted. "Words in quotes" stand side by side. `-word` and `-"some words"` are not
wanted. Nothing else means anything: `AND`, `*` or `title:` are words or signs like others, so
that whatever is typed is a query, and none is an error.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.lookups import Snippet
from bot.domain.text import clean, fold
from bot.domain.tokens import Token, is_cjk, is_whole_word, located, may_have, tokens

MOST_TERMS: Final = 16
MOST_WORDS: Final = 64
"""Of all terms together."""

LONGEST: Final = 1_000
"""Characters that are read of a query: more than Discord shows of one."""

SHORTEST_PREFIX: Final = 3
"""Letters that a word has at least to stand for longer ones."""

_QUOTES: Final = {'"': '"', "“": "”", "„": "“", "«": "»", "「": "」", "『": "』", "《": "》"}
_CLOSING: Final = "".join(re.escape(close) for close in sorted(set(_QUOTES.values())))
_MINUS: Final = "-−–"
_CUT: Final = "…"
_LEAST_ROOM: Final = 3
"""For one letter between two ellipses."""


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand side by side: one word as it is typed may be several (`domain.tokens`).

    `whole` is what was typed, if that is one Hangul word, for it is found by its parts.
    """

    words: tuple[str, ...]
    is_phrase: bool = False
    whole: str = ""

    def __post_init__(self) -> None:
        if not self.words:
            raise ValueError("a term has a word")

    @property
    def begins_words(self) -> bool:
        """Whether its last word is found as the beginning of any: a lone letter of Han, Hangul
        or kana is, for texts know that letter only with the one behind it."""
        return len(self.words[-1]) == 1 and is_cjk(self.words[-1])

    @property
    def may_begin_words(self) -> bool:
        """Whether its last word may stand for longer ones, once exact words are found."""
        last = self.words[-1]
        return not (self.is_phrase or is_cjk(last)) and len(last) >= SHORTEST_PREFIX


@dataclass(frozen=True, slots=True)
class Query:
    """What is wanted and what is not. With nothing wanted it finds nothing."""

    wanted: tuple[Term, ...]
    excluded: tuple[Term, ...] = ()


def parse_query(text: str) -> Query:
    """The query that `text` is, whatever it is; of a very long one, its beginning."""
    wanted: dict[Term, None] = {}
    excluded: dict[Term, None] = {}
    words = 0
    for part, is_phrase, is_excluded in _parts(text[:LONGEST]):
        found = tuple(tokens(part)[: MOST_WORDS - words])
        if not found or len(wanted) + len(excluded) == MOST_TERMS:
            continue
        words += len(found)
        folded = fold(part)
        term = Term(found, is_phrase, folded if is_whole_word(folded) else "")
        (excluded if is_excluded else wanted)[term] = None
    return Query(tuple(wanted), tuple(excluded))


def _parts(text: str) -> Iterator[tuple[str, bool, bool]]:
    """The pieces of a query: the text, whether it is quoted, whether it is not wanted."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        is_excluded = text[at] in _MINUS and at + 1 < len(text) and not text[at + 1].isspace()
        at += is_excluded
        if (close := _QUOTES.get(text[at])) is not None:
            end = text.find(close, at + 1)
            end = len(text) if end < 0 else end  # a quote that is not closed goes on to the end
            yield text[at + 1 : end], True, is_excluded
            at = end + 1
        else:
            end = at
            while end < len(text) and not text[end].isspace() and text[end] not in _QUOTES:
                end += 1
            yield text[at:end], False, is_excluded
            at = end


# --- whether texts say it ------------------------------------------------------------------


def words_said(texts: Iterable[str]) -> str:
    """The words of `texts` for `satisfies`, a line for each text and a space around each word:
    so that many queries are held against texts that are taken apart once."""
    return "\n".join(f" {' '.join(tokens(text))} " for text in map(clean, texts))


def satisfies(query: Query, said: str) -> bool:
    """Whether some text says each term that is wanted, and none says one that is not; `said` are
    the `words_said` by the texts.

    As in a search, a wanted word of some letters also stands for longer ones; what is not wanted
    is only what is typed.
    """
    return (
        bool(query.wanted)
        and all(_is_said(term, said, longer=True) for term in query.wanted)
        and not any(_is_said(term, said) for term in query.excluded)
    )


def _is_said(term: Term, said: str, *, longer: bool = False) -> bool:
    is_start = term.begins_words or (longer and term.may_begin_words)
    return f" {' '.join(term.words)}{'' if is_start else ' '}" in said


# --- where a text says it -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """A term's place in a text."""

    term: int
    start: int
    end: int


def snippet(query: Query, texts: Iterable[str], *, room: int) -> Snippet | None:
    """The piece of one of `texts`, of at most `room` characters, that says most of what is
    wanted, with that marked; of equal ones the first. `None` if none says any of it.

    Texts behind one that says everything are not asked for.
    """
    best: tuple[int, str, list[_Found]] | None = None
    first_words = {term.words[0] for term in query.wanted}
    for text in map(clean, texts):
        if not may_have(text, first_words):
            continue
        found = _places(query.wanted, located(text))
        most = _most_terms(found, room) if found else 0
        if found and (best is None or most > best[0]):
            best = most, text, found
        if most == len(query.wanted):
            break
    if best is None or room < _LEAST_ROOM:
        return None
    _, text, found = best
    start, end = _around(_fullest(found, room), text, room)
    return Snippet(tuple(_pieces(text, start, end, _joined(found))))


def _places(terms: Sequence[Term], text: Sequence[Token]) -> list[_Found]:
    """Where each term stands, in the order of the text."""
    places: dict[str, list[int]] = {}
    for place, token in enumerate(text):
        places.setdefault(token.word, []).append(place)
    found = []
    for number, term in enumerate(terms):
        *before, last = term.words
        is_start = term.begins_words or term.may_begin_words
        for place in _starts(term, places):
            ends = place + len(before)
            if ends >= len(text) or [t.word for t in text[place:ends]] != before:
                continue
            token = text[ends]
            if token.word == last or (is_start and token.word.startswith(last)):
                end = token.start + 1 if term.begins_words else token.end
                found.append(_Found(number, text[place].start, end))
    return sorted(found, key=lambda each: (each.start, each.end))


def _starts(term: Term, places: Mapping[str, Sequence[int]]) -> Iterable[int]:
    """Places of the words with which `term` may begin: a lone word may begin longer ones."""
    first, *others = term.words
    if others or not (term.begins_words or term.may_begin_words):
        return places.get(first, ())
    return [place for word, at in places.items() if word.startswith(first) for place in at]


def _windows(found: Sequence[_Found], room: int) -> Iterator[list[_Found]]:
    """What stands within `room` characters, from each place on."""
    for at, first in enumerate(found):
        yield [each for each in found[at : at + room] if each.end <= first.start + room] or [first]


def _most_terms(found: Sequence[_Found], room: int) -> int:
    return max(len({each.term for each in window}) for window in _windows(found, room))


def _fullest(found: Sequence[_Found], room: int) -> list[_Found]:
    """The first window that has most of the terms."""
    return max(_windows(found, room), key=lambda window: len({each.term for each in window}))


def _around(window: Sequence[_Found], text: str, room: int) -> tuple[int, int]:
    """The stretch of `text` to show, with room kept for an ellipsis where it is cut."""
    if len(text) <= room:
        return 0, len(text)
    start, end = window[0].start, max(each.end for each in window)
    left = max((room - 2 * len(_CUT) - (end - start)) // 3, 0)
    # Near the end of the text, all that fits is shown of what stands before.
    start = max(min(start - left, len(text) - room + len(_CUT)), 0)
    if start > 0:
        # From the beginning of a word, if one begins before what was found.
        blank = text.find(" ", start, window[0].start)
        start = blank + 1 if blank >= 0 else window[0].start
    length = room - (len(_CUT) if start > 0 else 0)
    if len(text) - start <= length:
        return start, len(text)
    stop = start + max(length - len(_CUT), 0)
    blank = text.rfind(" ", end, stop + 1)
    return start, blank if blank >= end else stop


def _joined(found: Iterable[_Found]) -> list[tuple[int, int]]:
    """What is marked: places that meet are one."""
    marks: list[tuple[int, int]] = []
    for each in found:
        if marks and each.start <= marks[-1][1]:
            marks[-1] = marks[-1][0], max(marks[-1][1], each.end)
        else:
            marks.append((each.start, each.end))
    return marks


def _pieces(
    text: str, start: int, end: int, marks: Iterable[tuple[int, int]]
) -> Iterator[tuple[str, bool]]:
    shown, at = _CUT if start > 0 else "", start
    for first, last in marks:
        first, last = max(first, start), min(last, end)
        if first >= last:
            continue
        if before := shown + text[at:first]:
            yield before, False
        yield text[first:last], True
        shown, at = "", last
    rest = shown + text[at:end].rstrip() + (_CUT if end < len(text) else "")
    if rest:
        yield rest, False
