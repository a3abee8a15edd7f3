"""What a database has to bring for the archive to be searched: an index of words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain.queries import Query, Term
from bot.storage.documents import Texts


@dataclass(frozen=True, slots=True)
class Span:
    """A range of documents, both ends included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A document that was found, and its listing; the lower the rank, the better it answers."""

    document: int
    rank: float
    paper_id: str
    upvotes: int | None


class FullText(Protocol):
    """An index of the words of documents. The caller owns the transaction.

    It keeps no texts: who takes a document out, or changes one, says what it held.
    """

    async def make(self) -> None:
        """Make it anew, and empty."""

    async def add(self, documents: Mapping[int, Texts]) -> None:
        """Put documents in that are not there."""

    async def remove(self, documents: Mapping[int, Texts]) -> None:
        """Take documents out, by the texts that they were put in with."""

    async def best(
        self,
        query: Query,
        span: Span,
        *,
        prefixes: bool,
        weighs: bool,
        limit: int,
        author_id: int | None = None,
        min_votes: int | None = None,
    ) -> list[Ranked]:
        """The best `limit` documents within `span` that answer `query`: of equal ones, the
        newest. Of very many that do, the newest are ranked.

        `prefixes`: words of it may also begin longer ones. `weighs`: words tell the more the
        rarer they are, and the more often a text has them, for which all that has them is gone
        through; else what has them in the title is best, and then in the points. An author may
        be given, of whose papers they are to be, and how many votes they are to have.
        """

    async def in_titles(
        self, terms: Sequence[Term], span: Span, *, last_begins: bool, limit: int
    ) -> list[int]:
        """The newest documents whose titles have all `terms`, the last of which may be the
        beginning of a word."""

    async def astray(self) -> int:
        """How many listings it has no document for, and documents without a listing."""

    async def finds(self, document: int, texts: Texts) -> bool:
        """Whether the words of `texts`, or some of each column, find that document."""
