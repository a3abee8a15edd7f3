"""What a round of killing should have come to, and what it came to."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.loopback.discord_objects import Message


@dataclass(frozen=True, slots=True)
class Edition:
    """What one delivery should bring to a channel: the papers of these numbers, in this order,
    and with `reminds` what is saved there."""

    numbers: Sequence[int]
    reminds: bool = False

    @property
    def titles(self) -> list[str]:
        return [*self.papers, *(["Saved, and not read yet"] if self.reminds else [])]

    @property
    def papers(self) -> list[str]:
        """The messages about papers."""
        return [f"Paper {number}" for number in self.numbers]

    @property
    def headed(self) -> str | None:
        """The message on which the heading stands."""
        return self.titles[0]


@dataclass(frozen=True, slots=True)
class Followed(Edition):
    """One message of links to these papers, for somebody who only follows."""

    @property
    def papers(self) -> list[str]:
        return ["New for you"]

    def brought_by(self, message: Message) -> bool:
        """Whether these are the papers that `message` links to, each once."""
        linked = re.findall(r"/abs/2406\.0*(\d+)\)", str(message.embeds[0]["description"]))
        return [int(number) for number in linked] == list(self.numbers)

    @property
    def headed(self) -> str | None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a channel differs from what it should hold; every kind counts messages."""

    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    headings: int = 0
    """Headings that are missing, or stand where none should."""

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.disordered or self.headings)


def posts(messages: Sequence[Message]) -> list[Message]:
    """Those that the bot posted: an answer to somebody's command is none."""
    return [message for message in messages if message.interaction is None]


def compare(editions: Sequence[Edition], messages: Sequence[Message]) -> Difference:
    """What is wrong with the `messages` of a channel that should have had these `editions`."""
    wanted = [title for edition in editions for title in edition.titles]
    stands = [str(message.embeds[0]["title"]) for message in messages]
    missing, extra = Counter(wanted) - Counter(stands), Counter(stands) - Counter(wanted)
    first_seen = [title for title in dict.fromkeys(stands) if title in set(wanted)]
    in_order = [title for title in wanted if title in set(first_seen)]
    heads = {edition.headed for edition in editions}
    return Difference(
        lost=missing.total(),
        doubled=extra.total(),
        disordered=sum(one != other for one, other in zip(first_seen, in_order, strict=True)),
        headings=sum(
            bool(message.content) != (title in heads)
            for message, title in zip(messages, stands, strict=True)
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a round did and found."""

    mode: str
    seed: int
    kills: int
    """Signals that ended a process."""
    restarts: int
    faults: int
    """Requests that met a fault."""
    lost: int
    doubled: int
    disordered: int
    problems: tuple[str, ...]
    """One sentence for everything that is wrong; none in a good round."""

    def __str__(self) -> str:
        head = f"{self.mode}, seed {self.seed}, {self.kills} kills"
        return "\n  ".join([head, *(self.problems or ("all well",))])
