"""Whether bullets that a language model wrote may be shown as what a paper says.

A model may be wrong, and the abstract that it read may tell it to be: both are strangers. So
nothing of its answer is believed. What cannot be checked without understanding is left to the
reader, who is told that a model wrote it; what can be checked is: the form, the script of the
language, that no address, mention or markup is in it, that nobody is told to do something, that
every number stands in the abstract or the title, and that it speaks of this paper at all.

A bullet that is refused though it was good costs little: the next best bullets are shown.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from bot.domain.numerals import numerals, values
from bot.domain.scripts import HAN, HANGUL, KANA, LATIN, letters, script_of
from bot.domain.text import fold, sentences

FEWEST_BULLETS: Final = 3
MOST_BULLETS: Final = 6
SHORTEST: Final = 24
LONGEST: Final = 400
"""Characters of a bullet. Six of the longest find room on a card."""

_DENSE: Final = frozenset({HAN, KANA, HANGUL})
"""Scripts that say in one letter what takes others two or more."""


class FaultKind(StrEnum):
    """What may be wrong with an answer."""

    COUNT = "count"
    LENGTH = "length"
    REPEATED = "repeated"
    MARKUP = "markup"
    ADDRESS = "address"
    MENTION = "mention"
    INSTRUCTION = "instruction"
    SCRIPT = "script"
    NUMBER = "number"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an answer is refused. `why` is for the model that is asked again: it holds nothing of
    the answer but its numbers."""

    kind: FaultKind
    why: str


def faults(
    bullets: Sequence[str], *, title: str, abstract: str, language: str
) -> tuple[Fault, ...]:
    """What keeps `bullets` from being shown as a summary in `language`, a BCP 47 tag; nothing if
    they may be."""
    return tuple(_faults(bullets, f"{title}\n{_stated(abstract)}", title, language))


def _faults(bullets: Sequence[str], paper: str, title: str, language: str) -> Iterator[Fault]:
    if not FEWEST_BULLETS <= len(bullets) <= MOST_BULLETS:
        why = f"Write {FEWEST_BULLETS} to {MOST_BULLETS} bullets, not {len(bullets)}."
        yield Fault(FaultKind.COUNT, why)
    script = script_of(language)
    yield from _of_length(bullets, script)
    # What is refused for its length is looked at no further than others are.
    bullets = [bullet[:LONGEST] for bullet in bullets[:MOST_BULLETS]]
    for number, bullet in enumerate(bullets, start=1):
        yield from _of_form(bullet, f"Bullet {number}")
        yield from _of_matter(bullet, f"Bullet {number}", paper, title)
    if len(set(map(fold, bullets))) < len(bullets):
        yield Fault(FaultKind.REPEATED, "Say each thing once: two bullets are the same.")
    yield from _of_language(bullets, language, script)
    yield from _of_subject(bullets, paper, language)


# --- form ---------------------------------------------------------------------------------

_MARKUP: Final = re.compile(
    r"\*\*|__|~~|\|\||`|\]\(|^\s*(?:[#>*+•-]\s|\d+[.)]\s|-#)|</?[A-Za-z@#:!&|]|&[a-z]{2,8};|\n"
)
_ADDRESS: Final = re.compile(
    r"[a-z][a-z0-9+.-]*://|\bwww\.|\bmailto:|\bjavascript:|"
    r"\b[\w.+-]+@[a-z][\w-]*\.[a-z]{2}|"
    r"\b(?:[a-z0-9-]+\.)+(?-i:com|org|net|edu|gov|io|ai|gg|co|me|dev|app|xyz|info|biz|ru|cn|kr|jp|"
    r"ly|gl|link|site|online|club|shop|tv|cc|to|uk|de)\b(?![\w.]*[(=])",
    re.I,
)
_MENTION: Final = re.compile(r"(?<!\w)[@＠][^\W\d]|[@＠]\s?(?:everyone|here)\b|<[@#]", re.I)
_JOINERS: Final = "\u200c\u200d"
"""Invisible, and part of how Persian and the languages of India are written."""


def _of_length(bullets: Sequence[str], script: str) -> Iterator[Fault]:
    shortest, longest = (
        (SHORTEST // 3, LONGEST * 2 // 3) if script in _DENSE else (SHORTEST, LONGEST)
    )
    for number, bullet in enumerate(bullets, start=1):
        if not shortest <= len(bullet) <= longest:
            why = f"Bullet {number} has {len(bullet)} characters; write {shortest} to {longest}."
            yield Fault(FaultKind.LENGTH, why)


def _of_form(bullet: str, which: str) -> Iterator[Fault]:
    if _MARKUP.search(bullet) or any(map(_is_hidden, bullet)):
        yield Fault(FaultKind.MARKUP, f"{which} is not plain text of one line: use no markup.")
    if _ADDRESS.search(bullet):
        yield Fault(FaultKind.ADDRESS, f"{which} has an address or link: name none.")
    if _MENTION.search(bullet):
        yield Fault(FaultKind.MENTION, f"{which} mentions somebody with @: mention nobody.")


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character)[0] == "C" and character not in _JOINERS


# --- matter -------------------------------------------------------------------------------

# A paper's statements tell nobody to do anything, address nobody, and speak of no model's orders.
_TELLING: Final = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|prompts?|rules?|"
    r"guidelines?|above|previous|prior|everything)\b"
    r"|\b(?:system|developer) (?:message|prompt) (?:is|says|reads|was)\b|\bas an? (?:ai|language "
    r"model|assistant)\b|\bi(?:'m|’m| am| can| cannot| can't| will| have been|'ve)\b|\bsorry\b"
    r"|\b(?:click|subscribe|upvote|retweet|follow us|join (?:us|our|the (?:discord|server))|"
    r"visit (?:us|our|the (?:site|website|link|page))|buy|download|install|sign up|log ?in|"
    r"send (?:money|bitcoin|me|us)|api[- ]keys?|password)\b"
    r"|\b(?:must|should) be (?:accepted|cited|upvoted|awarded)\b|\baccept(?:ed)? this paper\b"
    r"|\bbest paper (?:ever|award)\b|\bplease\b|\binstructed to\b"
    r"|\[/?inst\]|<\|",
    re.I,
)
_YOU: Final = re.compile(r"\byou(?:r|rs|rself)?\b", re.I)
_TELLING_ELSEWHERE: Final = re.compile(
    # Korean: polite and plain imperatives, and what they are about.
    r"(?:세요|십시오|주십시오|시기 바랍니다|시길 바랍니다|하라|해라|마라)(?=[\s.!?。\"”')]|$)"
    r"|(?:이전|위의|앞의|모든)\s?(?:지시|명령|프롬프트)|지시(?:를|사항을)?\s?무시|클릭|"
    r"(?:서버|디스코드)에?\s?(?:참여|가입|초대)|죄송합니다|비밀번호|인공지능\s?(?:모델|비서)로서"
    # Japanese.
    r"|(?:ください|下さい|なさい)|(?:以前|上記|すべて)の(?:指示|命令)|指示を無視|クリック|"
    r"申し訳|パスワード|サーバーに参加"
    # Chinese.
    r"|忽略.{0,8}(?:指令|指示|提示|要求)|(?<![申邀聘提])[请請](?!求|教)|点击|點擊|密码|密碼|"
    r"加入.{0,8}(?:服务器|群|頻道|频道)|抱歉|作为.{0,4}(?:人工智能|AI|语言模型)"
    # Russian and Ukrainian.
    r"|\b(?:игнорируйте|перейдите|нажмите|подпишитесь|посетите|забудьте|присоединяйтесь|"
    r"напишите|пожалуйста|извините|пароль|натисніть|ігноруйте)\b"
    # German, French, Spanish, Portuguese, Italian, Vietnamese.
    r"|\b(?:klicken sie|klick(?:e|t)? |ignorieren sie|ignoriere |besuchen sie|bitte|passwort|"
    r"cliquez|ignorez|visitez|rejoignez|veuillez|mot de passe|"
    r"haga clic|haz clic|ignore las|ignora |únete|por favor|contraseña|"
    r"clique |visite |junte-se|senha|clicca|ignorare le|iscriviti|per favore|"
    r"nhấp vào|vui lòng|bỏ qua (?:các )?hướng dẫn)\b",
    re.I,
)


@lru_cache(maxsize=64)
def _stated(abstract: str) -> str:
    """An abstract without what it tells its readers to do: that is nothing it says of the paper,
    and so is no number in it."""
    return " ".join(said for said in sentences(abstract) if not _tells(said))


def _tells(text: str, title: str = "") -> bool:
    return (
        _TELLING.search(text) is not None
        or _TELLING_ELSEWHERE.search(text) is not None
        or (_YOU.search(text) is not None and _YOU.search(title) is None)
    )


def _of_matter(bullet: str, which: str, paper: str, title: str) -> Iterator[Fault]:
    if _tells(bullet, title):
        why = f"{which} tells or asks somebody something: say only what the paper states."
        yield Fault(FaultKind.INSTRUCTION, why)
    known = values(paper)
    foreign = [number.written for number in numerals(bullet) if not number.occurs_in(known)]
    if foreign:
        named = ", ".join(dict.fromkeys(foreign[:5]))
        why = f"{which} has numbers that stand neither in the abstract nor in the title: {named}."
        yield Fault(FaultKind.NUMBER, why)


# --- language -----------------------------------------------------------------------------

_SHARE: Final = 0.4
"""Of all letters, in the language's script: the rest are English terms in brackets. Among our
samples of Korean digests the summary with the most of them has 0.8."""

_SHARE_OF_ONE: Final = 0.2
_SHARE_OF_LATIN: Final = 0.8
_KANA_SHARE: Final = 0.1
"""Of kana and Han together: Japanese never goes long without kana."""

_WORD: Final = re.compile(r"[^\W\d_]+")
_ENGLISH: Final = re.compile(
    r"\b(?:the|and|with|that|which|this|from|of|to|in|for|is|are|by|on)\b", re.I
)
_ONLY_ENGLISH: Final = re.compile(r"\b(?:the|and|with|that|which|this|from)\b", re.I)
_ENOUGH_WORDS: Final = 20
_ENGLISH_SHARE: Final = 0.04
"""Of words that hold English sentences together: in abstracts it is a quarter of all words."""
_ONLY_ENGLISH_SHARE: Final = 0.06


def _of_language(bullets: Sequence[str], language: str, script: str) -> Iterator[Fault]:
    share, of_one = (
        (_SHARE_OF_LATIN, _SHARE_OF_LATIN / 2) if script == LATIN else (_SHARE, _SHARE_OF_ONE)
    )
    together = " ".join(bullets)
    if (
        _share(together, script) < share
        or any(_share(bullet, script) < of_one for bullet in bullets)
        or not _reads_as(together, language)
    ):
        why = f"Write in the language whose tag is {language}; only names and terms may be English."
        yield Fault(FaultKind.SCRIPT, why)


def _share(text: str, script: str) -> float:
    """Of the letters of `text`, how many are of `script`; Japanese is written in two."""
    counted = letters(text)
    own = counted[script] + (counted[HAN] if script == KANA else 0)
    return own / max(counted.total(), 1)


def _reads_as(text: str, language: str) -> bool:
    """What the share of a script does not tell: Japanese from Chinese, English from the rest."""
    script = script_of(language)
    if script in (KANA, HAN):
        counted = letters(text)
        kana = counted[KANA] / max(counted[KANA] + counted[HAN], 1)
        return kana >= _KANA_SHARE if script == KANA else kana < _KANA_SHARE
    if script != LATIN:
        return True
    words = len(_WORD.findall(text))
    if words < _ENOUGH_WORDS:
        return True
    if language.partition("-")[0] == "en":
        return len(_ENGLISH.findall(text)) >= words * _ENGLISH_SHARE
    return len(_ONLY_ENGLISH.findall(text)) < words * _ONLY_ENGLISH_SHARE


# --- subject ------------------------------------------------------------------------------

_TERM: Final = re.compile(r"[A-Za-z][A-Za-z-]{2,}")
_STEM: Final = 5
_COMMON: Final = re.compile(
    r"the|and|with|that|which|this|from|for|are|was|were|has|have|had|its|their|them|they|than|then|"
    r"into|over|under|more|most|less|least|such|these|those|each|both|only|also|not|but|can|may|"
    r"papers?|study|work|authors?|methods?|models?|approach|results?|shows?|shown|using|used|based|"
    r"new|proposed?|proposes"
)
_SHARE_OF_TERMS: Final = 0.3


def _of_subject(bullets: Sequence[str], paper: str, language: str) -> Iterator[Fault]:
    known = {_stem(term) for term in _terms(paper)}
    if not known:
        return
    english = language.partition("-")[0] == "en"
    grounded = 0
    for number, bullet in enumerate(bullets, start=1):
        terms = _terms(bullet)
        found = sum(_stem(term) in known for term in terms)
        grounded += found
        # Of Latin words that are not English nearly all are the language's own.
        foreign = not english and script_of(language) == LATIN
        if (english and not terms) or (not foreign and found < len(terms) * _SHARE_OF_TERMS):
            why = f"Bullet {number} is not about this paper: say what its abstract says."
            yield Fault(FaultKind.SUBJECT, why)
    if not grounded and not any(map(numerals, bullets)):
        why = "The bullets name nothing of the abstract: keep its names and terms, in brackets."
        yield Fault(FaultKind.SUBJECT, why)


def _terms(text: str) -> list[str]:
    """The Latin words of `text` that say something."""
    words = (term.casefold().strip("-") for term in _TERM.findall(text))
    return [word for word in words if not _COMMON.fullmatch(word)]


def _stem(term: str) -> str:
    return term[:_STEM]
