"""What a source is, and what reading a day's list from it gives."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bot.domain.digests import Digest


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a list that could not be read; the rest of the list was.

    `where` is "digests/2024/06/04.md:17" (file and line) or "entry 12" (of the service's answer).
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The list of one day as a source has it now.

    A day of which the source has nothing is an empty digest. `is_open` is false while the
    source refuses the date because it has not begun there.
    """

    digest: Digest
    is_open: bool = True
    problems: tuple[Problem, ...] = ()


class Source(Protocol):
    """Somewhere that lists the papers of a day."""

    @property
    def name(self) -> str:
        """As the lists of this source are stored: "huggingface", "markdown:./digests"."""
        ...

    @property
    def closes(self) -> bool:
        """Whether a list here takes no more papers once its day is over. What people write
        down may be written, or mended, days later."""
        ...

    async def read(self, day: date) -> Reading:
        """The list of `day`; only ever raises `SourceUnavailable` or `SourceUnreadable`."""
        ...
