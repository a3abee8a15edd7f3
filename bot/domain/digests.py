"""The list of one day: which papers, how many votes, in what order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

from bot.domain.papers import Paper, PaperId, merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A paper on one day's list.

    `upvotes` is `None` where the source says nothing, which is not the same as 0. `live` tells
    that it was read from a service that counts them (Hugging Face), not from a snapshot that
    somebody wrote down (a digest): live votes and descriptions win over written ones.
    """

    paper: Paper
    upvotes: int | None = None
    live: bool = False

    def __post_init__(self) -> None:
        if self.upvotes is not None and self.upvotes < 0:
            raise ValueError(f"paper {self.paper.id} has {self.upvotes} upvotes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """The papers listed for one day, best first: by upvotes, then as the source ordered them.

    Build it with `Digest.of`, which orders the listings and merges a paper that is listed twice.
    """

    day: date
    listings: tuple[Listing, ...]

    def __post_init__(self) -> None:
        if len({listing.paper.id for listing in self.listings}) < len(self.listings):
            raise ValueError(f"the list of {self.day} repeats a paper")

    def __iter__(self) -> Iterator[Listing]:
        return iter(self.listings)

    def __len__(self) -> int:
        return len(self.listings)

    def __bool__(self) -> bool:
        return bool(self.listings)

    @classmethod
    def of(cls, day: date, listings: Iterable[Listing]) -> Self:
        """The list of `day` from any listings: repeated papers merged, best first."""
        found: dict[PaperId, Listing] = {}
        for listing in listings:
            known = found.get(listing.paper.id)
            found[listing.paper.id] = listing if known is None else _merged_listing(known, listing)
        ordered = sorted(
            found.values(),
            key=lambda listing: -1 if listing.upvotes is None else listing.upvotes,
            reverse=True,  # stable: equal votes keep the source's order
        )
        return cls(day=day, listings=tuple(ordered))


def merge(day: date, digests: Iterable[Digest]) -> Digest:
    """One list of `day` from what several sources say of it, the most trusted source first."""
    return Digest.of(day, (listing for digest in digests for listing in digest))


def _merged_listing(first: Listing, second: Listing) -> Listing:
    if second.live and not first.live:
        return _merged_listing(second, first)
    return replace(
        first,
        paper=merged(first.paper, second.paper),
        upvotes=first.upvotes if first.upvotes is not None else second.upvotes,
    )
