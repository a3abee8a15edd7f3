"""Everything that is kept about one person or one server: shown, and erased."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, CursorResult, Select, Table, delete, select, union, update

from bot.domain.interests import Place
from bot.domain.papers import PaperId
from bot.domain.subscriptions import NO_GUILD
from bot.storage import schema
from bot.storage.connection import Connection
from bot.storage.upsert import insert

_interests = schema.interests.c
_subscriptions = schema.subscriptions.c
_deliveries = schema.deliveries.c
_messages = schema.messages.c
_posts = schema.posts.c
_departures = schema.departures.c
_readers = schema.readers.c

PEOPLE: Final = {
    "interests": _interests.reader_id,
    "follows": schema.follows.c.reader_id,
    "subscriptions": _subscriptions.reader_id,
    "deliveries": _deliveries.reader_id,
    "made_for_channels": _subscriptions.created_by,
    "asked_to_forget": _readers.reader_id,
}
"""Every column that names a person, by what is kept there."""


@dataclass(frozen=True, slots=True)
class Said:
    """A card under whose paper somebody said something, where it stands."""

    message_id: int
    place: Place
    paper_id: PaperId


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How much of a person was erased, and the cards that may count them still."""

    papers: int
    follows: int
    posts: int
    cards: tuple[Said, ...] = ()


class PrivacyStore:
    """What is kept about people and servers: the caller owns the transaction, this class the
    SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- people ---

    async def of_reader(self, reader_id: int) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """All rows about a person, by what they are."""
        of_person = {
            name: select(column.table).where(column == reader_id)
            for name, column in PEOPLE.items()
            if name != "made_for_channels"
        }
        of_person["made_for_channels"] = select(
            _subscriptions.id,
            _subscriptions.guild_id,
            _subscriptions.channel_id,
            _subscriptions.created_by,
            _subscriptions.created_at,
        ).where(_subscriptions.created_by == reader_id, _subscriptions.reader_id.is_(None))
        of_person["posts"] = (
            select(
                _posts.paper_id,
                _posts.day,
                _messages.message_id,
                _messages.kind,
                _messages.posted_at,
            )
            .join_from(schema.posts, schema.messages)
            .join(schema.deliveries)
            .where(_deliveries.reader_id == reader_id)
        )
        return {name: await self._rows(query) for name, query in of_person.items()}

    async def forget_reader(self, reader_id: int, *, at: datetime) -> Erased:
        """Erase a person, but for their id and when they asked: until what they reacted with
        before is too old to be read again, it is held against them nowhere else."""
        cards = await self._cards(reader_id)
        papers = await self._connection.execute(
            select(_interests.paper_id).where(_interests.reader_id == reader_id).distinct()
        )
        count = len(papers.all())
        await self._delete(schema.interests, _interests.reader_id == reader_id)
        follows = await self._delete(schema.follows, schema.follows.c.reader_id == reader_id)
        posts = await self._delete_deliveries(_deliveries.reader_id == reader_id)
        await self._delete(schema.subscriptions, _subscriptions.reader_id == reader_id)
        await self._connection.execute(
            update(schema.subscriptions)
            .where(_subscriptions.created_by == reader_id)
            .values(created_by=None)
        )
        statement = insert(self._connection, schema.readers).values(
            reader_id=reader_id, taste_since=None, forgotten_at=at
        )
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[_readers.reader_id],
                set_={"taste_since": None, "forgotten_at": at},
            )
        )
        return Erased(papers=count, follows=follows, posts=posts, cards=cards)

    # --- servers ---

    async def guilds(self) -> frozenset[int]:
        """The servers of which anything is kept."""
        every = union(
            *(
                select(column).where(column != NO_GUILD)
                for column in (_subscriptions.guild_id, _deliveries.guild_id, _interests.guild_id)
            )
        )
        return frozenset(await self._connection.scalars(every))

    async def left(self, guild_ids: Collection[int], *, at: datetime) -> None:
        """Note that servers are without the bot, since then unless it was known before."""
        if guild_ids:
            await self._connection.execute(
                insert(self._connection, schema.departures).on_conflict_do_nothing(),
                [{"guild_id": guild_id, "left_at": at} for guild_id in sorted(guild_ids)],
            )

    async def returned(self, guild_id: int) -> None:
        """Note that a server has the bot again."""
        await self._delete(schema.departures, _departures.guild_id == guild_id)

    async def departed(self) -> Mapping[int, datetime]:
        """The servers that are without the bot, and since when."""
        rows = await self._connection.execute(select(schema.departures))
        return {row.guild_id: row.left_at for row in rows}

    async def erase_guild(self, guild_id: int) -> int:
        """Erase a server; how many posts are forgotten with it.

        What its readers said stays theirs, as if said with a button and nowhere: whoever puts
        the bot out empties nobody's list.
        """
        here = _interests.guild_id == guild_id
        nowhere = {"message_id": 0, "emoji": "", "burst": False, "guild_id": 0, "channel_id": 0}
        rows = await self._connection.execute(select(schema.interests).where(here))
        if kept := [{**row._mapping, **nowhere} for row in rows]:
            await self._delete(schema.interests, here)
            await self._connection.execute(
                insert(self._connection, schema.interests).on_conflict_do_nothing(), kept
            )
        posts = await self._delete_deliveries(_deliveries.guild_id == guild_id)
        await self._delete(schema.subscriptions, _subscriptions.guild_id == guild_id)
        await self.returned(guild_id)
        return posts

    # --- parts ---

    async def _cards(self, reader_id: int) -> tuple[Said, ...]:
        rows = await self._connection.execute(
            select(
                _messages.message_id, _interests.guild_id, _interests.channel_id, _posts.paper_id
            )
            .join_from(
                schema.interests,
                schema.posts,
                (_posts.channel_id == _interests.channel_id)
                & (_posts.paper_id == _interests.paper_id),
            )
            .join(schema.messages, _messages.id == _posts.message)
            .where(_interests.reader_id == reader_id, _messages.message_id.is_not(None))
            .distinct()
        )
        return tuple(
            Said(row.message_id, Place(row.guild_id, row.channel_id), PaperId(row.paper_id))
            for row in rows
        )

    async def _delete_deliveries(self, which: ColumnElement[bool]) -> int:
        """Deliveries with all that hangs on them; how many posts are gone. One that is being
        sent just now finds nothing left to record."""
        messages = select(_messages.id).join_from(schema.messages, schema.deliveries).where(which)
        await self._delete(schema.seedings, schema.seedings.c.message.in_(messages))
        posts = await self._delete(schema.posts, _posts.message.in_(messages))
        await self._delete(schema.messages, _messages.id.in_(messages))
        await self._delete(schema.deliveries, which)
        return posts

    async def _rows(self, query: Select[Any]) -> list[Mapping[str, Any]]:
        return [
            {str(name): row[name] for name in row}
            for row in (await self._connection.execute(query)).mappings()
        ]

    async def _delete(self, table: Table, which: ColumnElement[bool]) -> int:
        deleted: CursorResult[Any] = await self._connection.execute(delete(table).where(which))
        return deleted.rowcount
