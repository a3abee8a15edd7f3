"""What readers said of papers, at rest.

Reactions are a mirror of what Discord shows under our posts; buttons are kept beside them. A
verdict stands while a reaction or a button says so.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, CursorResult, Row, and_, case, delete, exists, func, select

from bot.domain.deliveries import MessageKind
from bot.domain.interests import Interest, Place, Pressed, Reaction, Verdict
from bot.domain.lookups import SaidHere
from bot.domain.papers import PaperId
from bot.storage import schema
from bot.storage.chunks import chunks
from bot.storage.connection import Connection
from bot.storage.upsert import insert

_BUTTON: Final = 0
"""Stands for the message where a button said it."""

_interests = schema.interests.c
_messages = schema.messages.c
_posts = schema.posts.c
_deliveries = schema.deliveries.c
_subscriptions = schema.subscriptions.c


@dataclass(frozen=True, slots=True)
class Card:
    """A paper's card that was posted; `guild_id` is `None` once its channel's subscription has
    ended, and nobody here knows its server."""

    message_id: int
    channel_id: int
    guild_id: int | None


@dataclass(frozen=True, slots=True)
class Seeding:
    """A card that is to get our own reactions; `message` is the store's own number for it."""

    message: int
    message_id: int
    channel_id: int


class InterestStore:
    """Interests at rest: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- the cards ---

    async def papers_of(self, message_ids: Collection[int]) -> dict[int, PaperId | None]:
        """The papers whose cards these messages are; `None` for those of our posts that are no
        paper's card. Messages that were not posted, or are not known yet, are left out."""
        found: dict[int, PaperId | None] = {}
        for chunk in chunks(message_ids):
            rows = await self._connection.execute(
                select(_messages.message_id, _messages.kind, _posts.paper_id)
                .join_from(
                    schema.messages, schema.posts, _posts.message == _messages.id, isouter=True
                )
                .where(_messages.message_id.in_(chunk))
            )
            for row in rows:
                is_card = row.kind == MessageKind.PAPER.value and row.paper_id is not None
                found[row.message_id] = PaperId(row.paper_id) if is_card else None
        return found

    async def cards_since(self, slot_at: datetime) -> tuple[Card, ...]:
        """The cards of the deliveries since then, newest first."""
        rows = await self._connection.execute(
            select(_messages.message_id, _deliveries.channel_id, _subscriptions.guild_id)
            .join_from(schema.deliveries, schema.messages)
            .join(
                schema.subscriptions,
                _subscriptions.channel_id == _deliveries.channel_id,
                isouter=True,
            )
            .where(
                _deliveries.slot_at >= slot_at,
                _messages.kind == MessageKind.PAPER.value,
                _messages.message_id.is_not(None),
            )
            .order_by(_messages.message_id.desc())
        )
        return tuple(Card(row.message_id, row.channel_id, row.guild_id) for row in rows)

    # --- reactions ---

    async def reacted(
        self,
        reaction: Reaction,
        *,
        message_id: int,
        paper_id: PaperId,
        verdict: Verdict,
        place: Place,
        at: datetime,
    ) -> None:
        """Note a reaction under a paper's card; one that is known already changes nothing."""
        await self._give(
            reaction,
            message_id=message_id,
            paper_id=paper_id,
            verdict=verdict,
            place=place,
            at=at,
        )

    async def unreacted(self, reaction: Reaction, *, message_id: int) -> None:
        """Note that a reaction was taken away."""
        await self._delete(_interests.message_id == message_id, _is(reaction))

    async def cleared(self, message_id: int, *, emoji: str | None = None) -> None:
        """Note that all reactions under a message were taken away, or all of one emoji."""
        which = [] if emoji is None else [_interests.emoji == emoji]
        await self._delete(_interests.message_id == message_id, *which)

    async def deleted(self, message_ids: Collection[int]) -> None:
        """Note that messages are no more. What their readers said stands, as if said with a
        button: whoever tidies a channel takes nobody's saved papers away."""
        for chunk in chunks(message_ids):
            under = _interests.message_id.in_(chunk)
            rows = await self._connection.execute(select(schema.interests).where(under))
            as_button = {"message_id": _BUTTON, "emoji": "", "burst": False}
            kept = [{**row._mapping, **as_button} for row in rows]
            if kept:
                statement = insert(self._connection, schema.interests).on_conflict_do_nothing()
                await self._connection.execute(statement, kept)
                await self._delete(under)

    async def reactions(self, message_id: int) -> dict[Reaction, Verdict]:
        """The reactions under a message, as far as they are known, and what they were taken
        to say."""
        rows = await self._connection.execute(
            select(schema.interests).where(_interests.message_id == message_id)
        )
        return {Reaction(row.reader_id, row.emoji, row.burst): Verdict(row.verdict) for row in rows}

    # --- buttons ---

    async def press(
        self, reader_id: int, paper_id: PaperId, verdict: Verdict, *, place: Place, at: datetime
    ) -> Pressed:
        """Give a verdict with a button, or take it back if it stands."""
        of_reader = and_(
            _interests.reader_id == reader_id,
            _interests.paper_id == paper_id.value,
            _interests.verdict == verdict.value,
        )
        taken = await self._delete(of_reader, _interests.message_id == _BUTTON)
        if await self._connection.scalar(select(func.count()).where(of_reader)):
            return Pressed.STANDS
        if taken:
            return Pressed.TAKEN_BACK
        await self._give(
            Reaction(reader_id, ""),
            message_id=_BUTTON,
            paper_id=paper_id,
            verdict=verdict,
            place=place,
            at=at,
        )
        return Pressed.GIVEN

    # --- what they come to ---

    async def counts(
        self, place: Place, paper_ids: Collection[PaperId]
    ) -> Mapping[PaperId, Mapping[Verdict, int]]:
        """How many readers said what of these papers in a server; in direct messages, there."""
        counts: dict[PaperId, dict[Verdict, int]] = {paper_id: {} for paper_id in paper_ids}
        for chunk in chunks(paper_id.value for paper_id in paper_ids):
            rows = await self._connection.execute(
                select(
                    _interests.paper_id,
                    _interests.verdict,
                    func.count(_interests.reader_id.distinct()).label("readers"),
                )
                .where(_said_at(place), _interests.paper_id.in_(chunk))
                .group_by(_interests.paper_id, _interests.verdict)
            )
            for row in rows:
                counts[PaperId(row.paper_id)][Verdict(row.verdict)] = row.readers
        return counts

    async def liked(
        self, place: Place, *, since: datetime | None, until: datetime, limit: int
    ) -> Mapping[PaperId, SaidHere]:
        """The papers that readers of a server liked or saved from `since` until before `until`,
        the most liked first, then the most saved, then the newest; in direct messages, there."""
        likes, saves = (
            func.count(case((_interests.verdict == verdict, _interests.reader_id)).distinct())
            for verdict in (Verdict.LIKED.value, Verdict.SAVED.value)
        )
        query = (
            select(_interests.paper_id, likes.label("likes"), saves.label("saves"))
            .where(_said_at(place), _interests.given_at < until)
            .where(_interests.verdict.in_([Verdict.LIKED.value, Verdict.SAVED.value]))
            .group_by(_interests.paper_id)
            .order_by(likes.desc(), saves.desc(), _interests.paper_id.desc())
            .limit(limit)
        )
        if since is not None:
            query = query.where(_interests.given_at >= since)
        rows = await self._connection.execute(query)
        return {PaperId(row.paper_id): SaidHere(row.likes, row.saves) for row in rows}

    async def saved(self, reader_id: int) -> Mapping[PaperId, bool]:
        """What a reader saved, the newest first, and whether they have read it."""
        unread = set(await self.unread(reader_id))
        return {
            each.paper_id: each.paper_id not in unread
            for each in await self.of_reader(reader_id, Verdict.SAVED)
        }

    async def said_under(
        self, reader_id: int, paper_id: PaperId, verdict: Verdict
    ) -> tuple[int, Place] | None:
        """A message under which a reader said so with a reaction, and where it is."""
        row = (
            await self._connection.execute(
                select(_interests.message_id, _interests.guild_id, _interests.channel_id)
                .where(
                    _interests.reader_id == reader_id,
                    _interests.paper_id == paper_id.value,
                    _interests.verdict == verdict.value,
                    _interests.message_id != _BUTTON,
                )
                .order_by(_interests.message_id.desc())
                .limit(1)
            )
        ).one_or_none()
        return None if row is None else (row.message_id, Place(row.guild_id, row.channel_id))

    async def unread(self, reader_id: int) -> tuple[PaperId, ...]:
        """What a reader saved and has not read, the newest first."""
        read = schema.interests.alias()
        rows = await self._connection.execute(
            select(_interests.paper_id)
            .where(
                _interests.reader_id == reader_id,
                _interests.verdict == Verdict.SAVED.value,
                ~exists().where(
                    read.c.reader_id == reader_id,
                    read.c.paper_id == _interests.paper_id,
                    read.c.verdict == Verdict.READ.value,
                ),
            )
            .group_by(_interests.paper_id)
            .order_by(func.min(_interests.given_at).desc(), _interests.paper_id)
        )
        return tuple(PaperId(row.paper_id) for row in rows)

    async def of_reader(
        self, reader_id: int, verdict: Verdict | None = None
    ) -> tuple[Interest, ...]:
        """What somebody said of papers, newest first."""
        first = func.min(_interests.given_at).label("given_at")
        query = (
            select(_interests.reader_id, _interests.paper_id, _interests.verdict, first)
            .where(_interests.reader_id == reader_id)
            .group_by(_interests.reader_id, _interests.paper_id, _interests.verdict)
            .order_by(first.desc(), _interests.paper_id)
        )
        if verdict is not None:
            query = query.where(_interests.verdict == verdict.value)
        return tuple(map(_interest, await self._connection.execute(query)))

    # --- our own reactions ---

    async def seed(self, message: int) -> None:
        """Note that a message, by the store's own number, is to get our reactions; nothing if it
        was erased while it was being sent."""
        if await self._connection.scalar(select(_messages.id).where(_messages.id == message)):
            await self._connection.execute(
                insert(self._connection, schema.seedings)
                .values(message=message)
                .on_conflict_do_nothing()
            )

    async def to_seed(self, limit: int, *, without: Collection[int] = ()) -> tuple[Seeding, ...]:
        """Cards that are still to get our reactions, newest first, but for these channels'."""
        rows = await self._connection.execute(
            select(_messages.id, _messages.message_id, _deliveries.channel_id)
            .join_from(schema.seedings, schema.messages)
            .join(schema.deliveries)
            .where(_deliveries.channel_id.not_in(sorted(without)))
            .order_by(_messages.message_id.desc())
            .limit(limit)
        )
        return tuple(Seeding(row.id, row.message_id, row.channel_id) for row in rows)

    async def seeded(self, message: int) -> None:
        """Note that a message has our reactions, or will never have them."""
        await self._connection.execute(
            delete(schema.seedings).where(schema.seedings.c.message == message)
        )

    async def _give(
        self,
        reaction: Reaction,
        *,
        message_id: int,
        paper_id: PaperId,
        verdict: Verdict,
        place: Place,
        at: datetime,
    ) -> None:
        if verdict is Verdict.SAVED:
            await self._unread_again(reaction.reader_id, paper_id)
        await self._connection.execute(
            insert(self._connection, schema.interests)
            .values(
                reader_id=reaction.reader_id,
                paper_id=paper_id.value,
                verdict=verdict.value,
                message_id=message_id,
                emoji=reaction.emoji,
                burst=reaction.burst,
                guild_id=place.guild_id,
                channel_id=place.channel_id,
                given_at=at,
            )
            .on_conflict_do_nothing()
        )

    async def _unread_again(self, reader_id: int, paper_id: PaperId) -> None:
        """What is saved anew is to be read anew, whatever was done with it before."""
        of_paper = and_(_interests.reader_id == reader_id, _interests.paper_id == paper_id.value)
        saved = select(_interests.paper_id).where(
            of_paper, _interests.verdict == Verdict.SAVED.value
        )
        if (await self._connection.execute(saved.limit(1))).first() is None:
            await self._delete(of_paper, _interests.verdict == Verdict.READ.value)

    async def _delete(self, *which: ColumnElement[bool]) -> int:
        """How many rows are gone."""
        deleted: CursorResult[Any] = await self._connection.execute(
            delete(schema.interests).where(*which)
        )
        return deleted.rowcount


def _said_at(place: Place) -> ColumnElement[bool]:
    if place.guild_id:
        return _interests.guild_id == place.guild_id
    return _interests.channel_id == place.channel_id


def _is(reaction: Reaction) -> ColumnElement[bool]:
    return and_(
        _interests.reader_id == reaction.reader_id,
        _interests.emoji == reaction.emoji,
        _interests.burst == reaction.burst,
    )


def _interest(row: Row[Any]) -> Interest:
    return Interest(
        reader_id=row.reader_id,
        paper_id=PaperId(row.paper_id),
        verdict=Verdict(row.verdict),
        given_at=row.given_at,
    )
