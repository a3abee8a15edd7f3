"""What came of asking a language model, and the bullets in it.

ModelError
├── ModelUnavailable   it cannot be asked now: the same request may succeed later
├── ModelDeclined      it was asked, and gave nothing for this paper
└── ModelMisconfigured nothing will be answered before somebody changes a setting
"""

import re
from dataclasses import dataclass
from typing import Final

import orjson

from bot.domain.errors import BotError

LONGEST_ANSWER: Final = 20_000
"""Characters that are looked at: six of the longest bullets are an eighth of it."""

_MOST_BULLETS_READ: Final = 40
_LIST_MARK: Final = re.compile(r"^\s*(?:[-*•·]|\d{1,2}[.)])\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model wrote, and the tokens that its provider counted; `None` where it did not."""

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None


class ModelError(BotError):
    """A language model gave no answer. The message tells of the way there, never of a paper."""


class ModelUnavailable(ModelError):
    """It is down, slow or asks us to wait `pause` seconds, if it says how many."""

    def __init__(self, message: str, pause: float | None = None) -> None:
        super().__init__(message)
        self.pause = pause


class ModelDeclined(ModelError):
    """It refuses this request: too long for it, or against its provider's rules."""


class ModelMisconfigured(ModelError):
    """The key, the model's name or the address is wrong, or the account has run dry."""


def bullets_in(answer: str) -> tuple[str, ...] | None:
    """The bullets of an answer in the form `{"bullets": ["…", …]}`; `None` if it has another.

    What some models put around it (a fence of code, a sentence) and before each bullet (a list's
    mark) is taken off.
    """
    answer = answer[:LONGEST_ANSWER]
    first, last = answer.find("{"), answer.rfind("}")
    if not 0 <= first < last:
        return None
    try:
        read = orjson.loads(answer[first : last + 1].encode(errors="replace"))
    except orjson.JSONDecodeError:
        return None
    bullets = read.get("bullets") if isinstance(read, dict) else None
    if not isinstance(bullets, list) or not all(isinstance(bullet, str) for bullet in bullets):
        return None
    return tuple(_LIST_MARK.sub("", bullet).strip() for bullet in bullets[:_MOST_BULLETS_READ])
