"""What readers say of papers: with a reaction or with a button, which is one and the same."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Self, TypeAlias

from bot.domain.papers import PaperId


class Verdict(StrEnum):
    """What a reader says of a paper.

    LIKED: more like this. SAVED: to be read. DISMISSED: not for me. READ: what was saved is read.
    A reader says each of a paper once, however often and wherever it was said.
    """

    LIKED = "liked"
    SAVED = "saved"
    DISMISSED = "dismissed"
    READ = "read"


# --- which reaction says what -------------------------------------------------------------

_CHOSEN_LOOK: Final = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
"""Text or picture (VS15, VS16), and the tones of skin: https://www.unicode.org/reports/tr51/"""

_PART: Final = (
    "[^\\s\\w\x00-\x7f\u200d][\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*"
)
_ONE_EMOJI: Final = re.compile(
    r"(?:<a?:)?(?P<custom>\w{2,32}:\d{15,21})>?"
    "|[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{2}"
    f"|{_PART}(?:\u200d{_PART})*",
    re.ASCII,
)
"""One of a server's own (`name:id`, or as Discord writes it in a message), a keycap, a flag, or a
character with what belongs to it: https://www.unicode.org/reports/tr51/#EBNF_and_Regex"""


class Meanings:
    """Which reaction says what. Those without a meaning are nobody's business and are not kept."""

    def __init__(self, emoji: Mapping[Verdict, Iterable[str]]) -> None:
        """`emoji` as Discord writes them, a server's own as `name:id`; `ValueError` if one of
        them says two things."""
        written = {verdict: tuple(several) for verdict, several in emoji.items()}
        self._verdicts: dict[str, Verdict] = {}
        for verdict, several in written.items():
            for each in several:
                if self._verdicts.setdefault(_bare(each), verdict) is not verdict:
                    raise ValueError(f"{each} cannot say both {self.of(each)} and {verdict}")
        self.seeds: tuple[str, ...] = tuple(
            written[verdict][0] for verdict in Verdict if written.get(verdict)
        )
        """The first emoji of each verdict: what a card is seeded with."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `liked=👍❤️ saved=🔖 dismissed=👎`; `ValueError` for anything else."""
        emoji: dict[Verdict, list[str]] = {}
        for part in text.split():
            name, equals, several = part.rpartition("=")
            if equals:
                verdict = Verdict(name)
                if verdict is Verdict.READ:
                    raise ValueError("no reaction says that a paper is read: a command does")
            elif not emoji:
                raise ValueError("emoji without a verdict before them")
            emoji.setdefault(verdict, []).extend(_split(several))
        return cls(emoji)

    def of(self, emoji: str) -> Verdict | None:
        """What a reaction says, whatever its tone of skin."""
        return self._verdicts.get(_bare(emoji))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Meanings)
            and self._verdicts == other._verdicts
            and self.seeds == other.seeds
        )

    def __hash__(self) -> int:
        return hash((frozenset(self._verdicts.items()), self.seeds))


def _bare(emoji: str) -> str:
    """What is alike of all looks of an emoji; of a server's own, its id."""
    name, _, emoji_id = emoji.rpartition(":")
    return emoji_id if name else _CHOSEN_LOOK.sub("", emoji)


def _split(text: str) -> list[str]:
    """The emoji that stand in `text` one after the other; `ValueError` if anything else does."""
    found = list(_ONE_EMOJI.finditer(text))
    if not found or "".join(match[0] for match in found) != text:
        raise ValueError(f"{text!r} is not made of emoji")
    return [match["custom"] or match[0] for match in found]


DEFAULT_MEANINGS: Final = Meanings.parse(
    "liked=👍❤️⭐🔥🌟💯🎉👏🙌💪👌🚀💡🏆🥇✅➕😍🤩🥰😻♥️🧡💛💚💙💜🩷🩵💖💗💕💓💞❤️‍🔥🫶✨🤯 "
    "saved=🔖📌📑📚 dismissed=👎🙅🚫"
)
"""The positive ones that people use under posts say that they like it."""


# --- what happens under a message ---------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Reaction:
    """One reader's reaction under one message.

    `emoji` is the character exactly as Discord writes it, or the id of a server's own, whose
    name may change. A `burst` (Discord's "super reaction") stands beside a plain one.
    """

    reader_id: int
    emoji: str
    burst: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said; `guild_id` is 0 in direct messages."""

    guild_id: int
    channel_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Somebody reacted. `by_bot` and `ours`, whether the message is one of ours, are `None`
    where Discord did not say."""

    message_id: int
    place: Place
    reaction: Reaction
    by_bot: bool | None = False
    ours: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A reaction was taken away, by whoever."""

    message_id: int
    place: Place
    reaction: Reaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """All reactions were taken away at once, or all of one `emoji`."""

    message_id: int
    place: Place
    emoji: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A message is no more."""

    message_id: int
    place: Place


Event: TypeAlias = Added | Removed | Cleared | Deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What Discord shows under a message: the reactions of people that have a meaning;
    `None` if there is no such message."""

    message_id: int
    reactions: frozenset[Reaction] | None


class Meanwhile:
    """What happened to the reactions of a message while it was being read.

    That is newer than what was read, and wins. The rest was read as it is.
    """

    def __init__(self) -> None:
        self._all = False
        self._emoji: set[str] = set()
        self._reactions: set[Reaction] = set()

    def note(self, event: Event) -> None:
        match event:
            case Added() | Removed():
                self._reactions.add(event.reaction)
            case Cleared(emoji=str(emoji)):
                self._emoji.add(emoji)
            case Cleared() | Deleted():
                self._all = True

    def changed(self, reaction: Reaction) -> bool:
        """Whether an event has said how it is with this reaction."""
        return self._all or reaction.emoji in self._emoji or reaction in self._reactions


_EPOCH_OF_DISCORD: Final = datetime(2015, 1, 1, tzinfo=UTC)


def posted_at(message_id: int) -> datetime:
    """When Discord made a message, as its id has it
    (https://discord.com/developers/docs/reference#snowflakes)."""
    return _EPOCH_OF_DISCORD + timedelta(milliseconds=message_id >> 22)


# --- what it comes to ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """What a reader said of a paper, and when first."""

    reader_id: int
    paper_id: PaperId
    verdict: Verdict
    given_at: datetime


class Pressed(StrEnum):
    """What became of a press of a button: it was GIVEN, or TAKEN_BACK; or it STANDS because a
    reaction says the same, which its reader alone can take away."""

    GIVEN = "given"
    TAKEN_BACK = "taken-back"
    STANDS = "stands"
