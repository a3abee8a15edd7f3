"""What an abstract says, as bullets, where nobody and no model has written better ones.

An abstract first sets the scene, then says what is new, then what was measured. Readers of a list
want the second and the third: so its sentences are told apart by the words with which authors
begin them, the telling ones come first, and of the scene no more is shown than needed. Sentences
stay whole and as they were written; in a language other than English none is told apart, and the
first ones are shown.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from itertools import chain, zip_longest
from typing import Final

from bot.domain.papers import Bullet, Paper, Summary, SummaryOrigin
from bot.domain.scripts import mostly_latin
from bot.domain.text import sentences

MOST_BULLETS: Final = 5

_ENOUGH: Final = 3
"""Bullets that need no scene beside them."""

_LOOKED_AT: Final = 10_000
"""Characters; arXiv's abstracts have at most 1,920 (https://info.arxiv.org/help/prep.html)."""

# Authors write a few set phrases, and "existing methods improve …" is not what they did.
_ASIDE: Final = re.compile(
    r"\b(?:code|models?|weights|data(?:sets?)?|demos?|checkpoints?|videos?|resources|project page)"
    r"\b[^.]{0,80}\b(?:available|(?:be|been|are|is) (?:released|open[- ]?sourced|found))\b",
    re.I,
)
_ADDRESS: Final = re.compile(r"https?://|\b(?:github|huggingface)\.(?:com|co|io)\b", re.I)
_NEW: Final = re.compile(
    r"\b(?:we|this (?:paper|work|study|report|survey|article)|our (?:paper|work)|"
    r"(?:the|this) (?:paper|work))\b[^.;]{0,60}?"
    r"\b(?:propos|present|introduc|develop|design|releas|formulat|build|built|creat|construct|"
    r"curat|collect|contribut|unveil|describ|explor|stud[iy]|investigat|rethink|revisit|address|"
    r"prove|devis|open-sourc)\w*"
    r"|\b(?:our|the) (?:key|core|main|central) (?:idea|insight|contribution|innovation)\b",
    re.I,
)
_NEW_PERHAPS: Final = re.compile(
    r"\b(?:is|are) (?:proposed|introduced|presented)\b|\ba (?:novel|new)\b|\bthe first\b", re.I
)
_MEASURED: Final = re.compile(
    r"\b(?:outperform|achiev|improv|surpass|exceed|reduc|attain|yield|gain|beat|speed[- ]?up|"
    r"accelerat|match|reach|rank)\w*\b"
    r"|\bstate[- ]of[- ]the[- ]art\b"
    r"|\b(?:experiments?|results?|evaluations?|ablations?|analys[ie]s|benchmarks?)\b[^.]{0,60}\b(?:show|demonstrat|reveal|indicat|confirm|suggest|validat|find|"
    r"prove)\w*|\bwe (?:find|found|observe|demonstrate|show)\b",
    re.I,
)
_OURS: Final = re.compile(
    r"\b(?:we|our|ours|experiments?|results?|evaluations?|ablations?|it|which|"
    r"this (?:paper|work|approach|method|model))\b",
    re.I,
)
_FIGURE: Final = re.compile(
    r"\d(?:[\d.,]{0,12}\s?(?:\\?%|percent|[x×]\b|points?\b|times\b)|\d{0,12}\.\d)", re.I
)
_SCENE: Final = re.compile(
    r"^(?:however|yet|but|despite|although|while|recent|recently|existing|previous|prior|current|"
    r"currently|traditional(?:ly)?|conventional|today|unfortunately|nevertheless|in recent years)\b"
    r"|\b(?:remains?|is|are) (?:a |an |largely |still )?(?:challeng\w*|under-?explored|unclear|"
    r"limited|open (?:problem|question))\b|\bhave (?:shown|achieved|demonstrated|become|made)\b"
    r"|\bhas (?:shown|achieved|demonstrated|become|made)\b",
    re.I,
)
_LEANING: Final = re.compile(
    r"^(?:however|yet|but|meanwhile|it|its|they|their|them|this|these|those|that|such|both|each|here|then|first|second|third|"
    r"finally|next|specifically|moreover|furthermore|additionally|in addition|besides|also|thus|"
    r"hence|therefore|consequently|accordingly|for (?:example|instance)|in particular|notably|"
    r"remarkably|to (?:this end|do so|address this|achieve this))\b(?! (?:paper|work|study|report|"
    r"survey|article)\b)",
    re.I,
)
_MATH: Final = re.compile(r"[\\^_={}]")


class _Kind(IntEnum):
    """What a sentence is for, in the order of being shown."""

    NEW = 0
    MEASURED = 1
    DETAIL = 2
    SCENE = 3
    ASIDE = 4


@dataclass(frozen=True, slots=True)
class _Sentence:
    """`position` counts from 0; `leans` tells that it is hard to read without the one before."""

    position: int
    text: str
    kind: _Kind
    leans: bool


@lru_cache(maxsize=512)
def abstract_summary(abstract: str) -> Summary | None:
    """At most `MOST_BULLETS` whole sentences: what is new, then what was measured, then what
    explains them. `None` if there is no text."""
    chosen = _chosen(_read(abstract))
    if not chosen:
        return None
    return Summary(
        language="en" if mostly_latin(abstract) else "und",
        bullets=tuple(Bullet(sentence.text) for sentence in chosen),
        origin=SummaryOrigin.ABSTRACT,
    )


def best_summary(paper: Paper, language: str) -> Summary | None:
    """The summary to show a reader of `language`, as `Paper.summary_in` chooses it, the abstract's
    own sentences among them: for a reader of English they come before bullets in Korean."""
    own = abstract_summary(paper.abstract)
    if own is None:
        return paper.summary_in(language)
    return replace(paper, summaries=(*paper.summaries, own)).summary_in(language)


def _read(abstract: str) -> list[_Sentence]:
    pieces = sentences(abstract[:_LOOKED_AT])
    if len(abstract) > _LOOKED_AT and len(pieces) > 1:
        pieces.pop()  # it may be cut
    texts = list(_whole(pieces))
    kinds = [_kind(text) for text in texts]
    # What stands before the first word of something new sets the scene for it.
    opening = kinds.index(_Kind.NEW) if _Kind.NEW in kinds else 0
    read: list[_Sentence] = []
    for position, (text, kind) in enumerate(zip(texts, kinds, strict=True)):
        leans = _LEANING.search(text) is not None
        if (position < opening and not _OURS.search(text)) or (
            kind is _Kind.DETAIL and leans and read and read[-1].kind is _Kind.SCENE
        ):
            kind = _Kind.SCENE
        read.append(_Sentence(position, text, kind, leans))
    return read


def _whole(pieces: Sequence[str]) -> Iterator[str]:
    """`pieces`, those joined again that were cut within a formula."""
    open_piece = ""
    for piece in pieces:
        if open_piece:
            after, sign, _ = piece.partition("$")
            before = open_piece.rpartition("$")[2]
            if sign and piece.count("$") % 2 and _MATH.search(before + after):
                piece, open_piece = f"{open_piece} {piece}", ""
            else:
                yield open_piece
                open_piece = ""
        if piece.count("$") % 2:
            open_piece = piece
        else:
            yield piece
    if open_piece:
        yield open_piece


def _kind(text: str) -> _Kind:
    if _ADDRESS.search(text) or (_ASIDE.search(text) and not _FIGURE.search(text)):
        return _Kind.ASIDE
    if _NEW.search(text):
        return _Kind.NEW
    ours, figure = _OURS.search(text), _FIGURE.search(text)
    if _SCENE.search(text) and not ours:
        return _Kind.SCENE
    if (_MEASURED.search(text) and ours) or figure:
        return _Kind.MEASURED
    if _NEW_PERHAPS.search(text):
        return _Kind.NEW
    return _Kind.DETAIL


def _chosen(read: Sequence[_Sentence]) -> list[_Sentence]:
    """The sentences to show, in the order of being shown."""
    if all(sentence.kind in (_Kind.DETAIL, _Kind.SCENE, _Kind.ASIDE) for sentence in read):
        # Nothing tells them apart: as they stand.
        return list(read[:MOST_BULLETS])
    of = {kind: [s for s in read if s.kind is kind] for kind in _Kind}
    # What is new and what was measured in turn, so that neither crowds the other out.
    measured = sorted(of[_Kind.MEASURED], key=lambda s: _FIGURE.search(s.text) is None)
    telling = [s for pair in zip_longest(of[_Kind.NEW], measured) for s in pair if s]
    chosen = {s.position: s for s in telling[:MOST_BULLETS]}
    for sentence in chain(of[_Kind.DETAIL], of[_Kind.SCENE]):
        wanted = MOST_BULLETS if sentence.kind is _Kind.DETAIL else _ENOUGH
        stands = not sentence.leans or sentence.position - 1 in chosen
        if len(chosen) < wanted and stands:
            chosen[sentence.position] = sentence
    return sorted(
        chosen.values(), key=lambda sentence: (_place(sentence, chosen), sentence.position)
    )


def _place(sentence: _Sentence, chosen: dict[int, _Sentence]) -> _Kind:
    """Where a sentence is shown: a detail goes with what it explains."""
    before = chosen.get(sentence.position - 1)
    if sentence.kind is _Kind.DETAIL and before is not None:
        return _place(before, chosen)
    return sentence.kind
