"""What people follow comes to them once, by direct message, and waits while that is closed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.deliveries import NotSent, Outcome, Refused
from bot.domain.digests import Digest, Listing
from bot.domain.errors import BotError, InvalidInput, NotFound
from bot.domain.follows import MOST_FOLLOWS
from bot.domain.papers import PaperId
from bot.domain.subscriptions import (
    NO_GUILD,
    Scope,
    Subscription,
    SubscriptionState,
    SuspensionCause,
)
from bot.domain.suspensions import Access, Standing
from bot.rendering.message import Rendered
from bot.services.delivering import (
    MESSAGES_AT_ONCE,
    MESSAGES_PER_SERVER,
    MESSAGES_TO_PEOPLE,
    Delivering,
)
from bot.services.following import Followed, Following
from bot.services.suspending import Suspending
from bot.storage.database import Database
from tests.builders import CHANNEL, a_daily_time, a_paper, some_preferences, utc
from tests.services.conftest import Channels, Clock, Listeners, store, subscribe

READER = 77
DIRECT = 770
SLOT = utc(2024, 6, 5, 9)
NINE = a_daily_time("09:00", zone="UTC")


@dataclass
class Door:
    """`Direct` that opens, unless `shut` says otherwise."""

    shut: Outcome | None = None
    asked: list[int] = field(default_factory=list)

    async def direct(self, user_id: int) -> int | Outcome:
        self.asked.append(user_id)
        return DIRECT if self.shut is None else self.shut


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def following(database: Database, clock: Clock, door: Door, channels: Channels) -> Following:
    clock.instant = utc(2024, 6, 4, 12)
    channels.standings[DIRECT] = Standing(Access.UNSEEN)

    async def nothing() -> None:
        pass

    return Following(database, door, now=clock, on_change=nothing, on_resume=nothing)


def signed(number: int, *authors: str, title: str = "") -> Listing:
    return Listing(
        paper=a_paper(number, authors=authors, title=title or f"Paper {number}"),
        upvotes=10 - number,
        live=True,
    )


LIST = Digest.of(
    date(2024, 6, 5),
    [signed(1, "Ada"), signed(2, "Bo"), signed(3, "Yann LeCun", title="Diffusion")],
)


async def follow(following: Following, name: str) -> Subscription:
    return (await following.follow_author(READER, name, language="en")).subscription


async def test_a_followed_paper_comes_as_one_message_with_its_reason(
    database: Database, following: Following, delivering: Delivering, channels: Channels
) -> None:
    subscription = await follow(following, "Yann LeCun")
    await store(database, LIST)

    await delivering.deliver(subscription, SLOT)
    await delivering.deliver(subscription, SLOT)

    [posted] = channels.posted[DIRECT]
    text = str(posted.message.embeds[0].description)
    assert "Diffusion" in text
    assert "you follow Yann LeCun" in text
    assert "Paper 1" not in text
    assert not posted.message.silent


async def test_a_message_whose_answer_was_lost_stands_once(
    database: Database, following: Following, delivering: Delivering, channels: Channels
) -> None:
    subscription = await follow(following, "Yann LeCun")
    await store(database, LIST)
    channels.then[DIRECT].append(Channels.STORED_BUT_LOST)

    await delivering.deliver(subscription, SLOT)
    await delivering.resume()

    assert len(channels.posted[DIRECT]) == 1
    assert len(channels.asked) == 2


async def test_a_person_with_follows_only_hears_nothing_of_a_day_without(
    database: Database, following: Following, delivering: Delivering, channels: Channels
) -> None:
    subscription = await follow(following, "Somebody Else")
    await store(database, LIST)

    await delivering.deliver(subscription, SLOT)

    assert not channels.posted[DIRECT]


async def test_a_digest_brings_all_papers_followed_ones_first(
    database: Database, following: Following, delivering: Delivering, channels: Channels
) -> None:
    await follow(following, "Yann LeCun")
    subscription = await following.digest(READER, limit=2)
    await store(database, LIST)

    await delivering.deliver(subscription, SLOT)

    assert channels.titles(DIRECT)[:2] == ["Diffusion", "Paper 1"]
    first, second, links = (posted.message for posted in channels.posted[DIRECT])
    assert "you follow Yann LeCun" in str(first.content)
    assert second.content is None
    assert "Paper 2" in str(links.embeds[0].description)


async def test_a_paper_that_came_by_follow_does_not_come_again_in_a_digest(
    database: Database, following: Following, delivering: Delivering, channels: Channels
) -> None:
    await store(database, LIST)
    await delivering.deliver(await follow(following, "Yann LeCun"), SLOT)
    channels.posted[DIRECT].clear()

    await delivering.deliver(await following.digest(READER), utc(2024, 6, 6, 9))

    assert channels.titles(DIRECT) == ["Paper 1", "Paper 2"]


async def test_the_first_digest_after_weeks_of_following_brings_the_newest_list_only(
    database: Database,
    following: Following,
    delivering: Delivering,
    channels: Channels,
    clock: Clock,
) -> None:
    subscription = await follow(following, "Yann LeCun")
    await store(database, LIST)
    await delivering.deliver(subscription, SLOT)
    channels.posted[DIRECT].clear()
    clock.instant = utc(2024, 6, 11, 8)
    await store(
        database,
        Digest.of(date(2024, 6, 10), [signed(4, "Bo")]),
        Digest.of(date(2024, 6, 11), [signed(5, "Bo"), signed(3, "Yann LeCun")]),
    )

    await delivering.deliver(await following.digest(READER), utc(2024, 6, 11, 9))
    assert channels.titles(DIRECT) == ["Paper 5"], "what came by a follow does not come again"

    clock.instant = utc(2024, 6, 12, 8)
    await store(database, Digest.of(date(2024, 6, 12), [signed(6, "Bo")]))
    await delivering.deliver(await following.digest(READER, limit=9), utc(2024, 6, 12, 9))
    assert channels.titles(DIRECT) == ["Paper 5", "Paper 6"], "and never what is older"


async def test_a_digest_that_follows_on_closed_direct_messages_is_taken_up_and_told_of(
    database: Database, following: Following
) -> None:
    subscription = await follow(following, "Yann LeCun")
    async with database.transaction() as stores:
        await stores.subscriptions.suspend(
            subscription.id, SuspensionCause.REFUSED, "closed", at=SLOT
        )

    await following.digest(READER)

    assert await following.take_up(READER)
    kept = await following.subscription(READER)
    assert kept is not None
    assert (kept.scope, kept.state) == (Scope.LISTS, SubscriptionState.ACTIVE)


async def test_closed_direct_messages_are_kept_and_taken_up_at_the_next_command(
    database: Database,
    following: Following,
    delivering: Delivering,
    suspending: Suspending,
    people: Listeners,
    channels: Channels,
    clock: Clock,
) -> None:
    subscription = await follow(following, "Yann LeCun")
    await store(database, LIST)
    channels.then[DIRECT].append(Refused("Cannot send messages to this user"))
    clock.instant = SLOT
    await delivering.deliver(subscription, SLOT)
    await suspending.sweep()
    suspended = await following.subscription(READER)
    assert suspended is not None
    assert suspended.state is SubscriptionState.SUSPENDED
    assert people.told == []

    assert await following.take_up(READER)
    await delivering.resume()

    assert len(channels.posted[DIRECT]) == 1
    assert not await following.take_up(READER)


async def test_the_very_author_is_followed_whatever_else_begins_like_it(
    database: Database, following: Following
) -> None:
    await store(database, Digest.of(LIST.day, [signed(1, "Ada Li"), signed(2, "Ada Lin")]))

    await follow(following, "ada li")

    [kept] = await following.follows(READER)
    assert kept.said == "Ada Li"
    assert kept.author_id is not None


async def test_an_author_is_followed_by_their_whole_name_however_long(
    database: Database, following: Following, delivering: Delivering, channels: Channels
) -> None:
    consortium = "The Consortium of " + "and ".join(["Everybody "] * 30).strip()
    await store(database, Digest.of(LIST.day, [signed(1, consortium)]))
    async with database.reading() as stores:
        [author] = await stores.authors.named(consortium)

    subscription = await follow(following, f"#{author.id}")
    await delivering.deliver(subscription, SLOT)

    assert len(channels.posted[DIRECT]) == 1


async def test_several_who_may_be_meant_are_named_and_quotes_follow_the_name(
    database: Database, following: Following
) -> None:
    await store(database, Digest.of(LIST.day, [signed(1, "Ada Lin"), signed(2, "Ada Lind")]))
    with pytest.raises(InvalidInput) as several:
        await follow(following, "Ada")
    assert "Ada Lin" in str(several.value.reply.values["names"])

    await follow(following, '"Ada"')

    [kept] = await following.follows(READER)
    assert (kept.said, kept.author_id) == ("Ada", None)


@pytest.mark.parametrize("nobody", ["#999", "  ", '" "'])
async def test_nobody_cannot_be_followed(following: Following, nobody: str) -> None:
    with pytest.raises(NotFound):
        await follow(following, nobody)


async def test_words_that_want_nothing_cannot_be_followed(following: Following) -> None:
    with pytest.raises(InvalidInput):
        await following.follow_words(READER, "-vision", language="en")


async def test_what_is_followed_twice_is_followed_once(following: Following, door: Door) -> None:
    first = await following.follow_words(READER, "diffusion", language="en")
    again = await following.follow_words(READER, "diffusion", language="en")

    assert (first.is_new, again.is_new) == (True, False)
    assert len(await following.follows(READER)) == 1
    assert door.asked == [READER]


async def test_nobody_follows_more_than_the_bot_keeps(following: Following) -> None:
    for number in range(MOST_FOLLOWS):
        await following.follow_words(READER, f"word{number}", language="en")

    with pytest.raises(InvalidInput):
        await following.follow_words(READER, "more", language="en")
    assert not (await following.follow_words(READER, "word1", language="en")).is_new


async def test_the_last_follow_takes_its_subscription_along(following: Following) -> None:
    await follow(following, "Yann LeCun")
    [kept] = await following.follows(READER)

    await following.unfollow(READER, kept.id)

    assert await following.subscription(READER) is None
    with pytest.raises(NotFound):
        await following.unfollow(READER, kept.id)


async def test_a_button_follows_and_ends_that(database: Database, following: Following) -> None:
    await store(database, LIST)
    async with database.reading() as stores:
        [author] = await stores.authors.find("Yann LeCun", limit=1)

    now = await following.toggle_author(READER, author.id, language="en")
    assert isinstance(now, Followed)
    ended = await following.toggle_author(READER, author.id, language="en")

    assert not isinstance(ended, Followed)
    assert await following.follows(READER) == ()


async def test_nobody_can_be_chosen_where_nobody_signed(
    database: Database, following: Following
) -> None:
    await store(database, Digest.of(LIST.day, [signed(1)]))

    with pytest.raises(NotFound):
        await following.authors(READER, PaperId("2406.00001"), limit=25)
    with pytest.raises(NotFound):
        await following.authors(READER, PaperId("2406.00002"), limit=25)


async def test_a_name_that_is_followed_becomes_the_author_who_is_chosen(
    database: Database, following: Following
) -> None:
    await follow(following, "Yann LeCun")
    await store(database, LIST)
    offered = await following.authors(READER, PaperId("2406.00003"), limit=25)
    [author] = offered.authors
    assert offered.followed == frozenset()

    await following.choose_authors(READER, begun=[author.id, 999], ended=[], language="en")

    [kept] = await following.follows(READER)
    assert (kept.said, kept.author_id) == ("Yann LeCun", author.id)


async def test_a_name_is_of_the_first_author_who_comes_with_it(
    database: Database, following: Following, delivering: Delivering, channels: Channels
) -> None:
    subscription = await follow(following, "jean therien")
    await store(database, Digest.of(LIST.day, [signed(1, "Jean Thérien")]))
    await delivering.deliver(subscription, SLOT)
    await store(database, Digest.of(date(2024, 6, 6), [signed(2, "Jean Therien")]))
    await delivering.deliver(subscription, SLOT + timedelta(days=1))
    await store(database, Digest.of(date(2024, 6, 7), [signed(3, "Jean Thérien")]))
    await delivering.deliver(subscription, SLOT + timedelta(days=2))

    first, second = (str(each.message.embeds[0].description) for each in channels.posted[DIRECT])
    assert "you follow Jean Thérien" in first
    assert "Paper 3" in second
    [kept] = await following.follows(READER)
    assert kept.said == "Jean Thérien"
    assert kept.author_id is not None


async def test_a_name_that_two_come_with_at_once_stays_a_name(
    database: Database, following: Following, delivering: Delivering, channels: Channels
) -> None:
    subscription = await follow(following, "jean therien")
    both = [signed(1, "Jean Thérien"), signed(2, "Jean Therien")]
    await store(database, Digest.of(LIST.day, both))

    await delivering.deliver(subscription, SLOT)

    assert str(channels.posted[DIRECT][0].message.embeds[0].description).count("you follow") == 2
    [kept] = await following.follows(READER)
    assert (kept.said, kept.author_id) == ("jean therien", None)


async def test_a_digest_ends_and_follows_go_on(following: Following) -> None:
    await follow(following, "Yann LeCun")
    await following.digest(READER, at=time(7, 30), zone=ZoneInfo("Asia/Seoul"), language="ko")

    left = await following.end_digest(READER)

    assert left is not None
    assert left.scope is Scope.FOLLOWED
    assert str(left.preferences.daily) == "07:30 Asia/Seoul"
    with pytest.raises(NotFound):
        await following.end_digest(READER)


async def test_a_digest_without_follows_ends_whole(following: Following) -> None:
    await following.digest(READER)

    assert await following.end_digest(READER) is None
    assert await following.subscription(READER) is None


async def test_the_hour_moves_once_something_comes(following: Following) -> None:
    with pytest.raises(NotFound):
        await following.hour(READER, at=time(8))
    await follow(following, "Yann LeCun")

    moved = await following.hour(READER, at=time(8))

    assert str(moved.preferences.daily) == "08:00 UTC"


@pytest.mark.parametrize(
    ("shut", "says"),
    [
        (NotSent("no connection"), "Please try again"),
        (Refused("Cannot send messages to this user"), "Allow direct messages"),
    ],
)
async def test_nothing_is_kept_while_no_direct_message_can_be_begun(
    following: Following, door: Door, shut: Outcome, says: str
) -> None:
    door.shut = shut

    with pytest.raises(BotError) as refused:
        await follow(following, "Yann LeCun")

    assert says in refused.value.reply.message
    assert await following.follows(READER) == ()


# --- many people at one hour --------------------------------------------------------------


class Hanging(Channels):
    """Whose answers to some people never come."""

    def __init__(self, clock: Clock, stuck: range) -> None:
        super().__init__(clock)
        self._stuck = stuck
        self._under_way = 0
        self._changed = asyncio.Event()

    async def send(self, channel_id: int, message: Rendered, *, nonce: str) -> Outcome:
        if channel_id in self._stuck:
            self._under_way += 1
            self._changed.set()
            await asyncio.Event().wait()
        return await super().send(channel_id, message, nonce=nonce)

    async def hang(self, count: int) -> None:
        """Wait until so many wait for an answer."""
        async with asyncio.timeout(10):
            while self._under_way < count:
                self._changed.clear()
                await self._changed.wait()


async def people_with_digests(database: Database, channels: Sequence[int]) -> list[Subscription]:
    async with database.transaction() as stores:
        return [
            await stores.subscriptions.add(
                guild_id=NO_GUILD,
                channel_id=channel_id,
                preferences=some_preferences(daily=NINE),
                created_at=utc(2024, 6, 4, 12),
                reader_id=channel_id,
            )
            for channel_id in channels
        ]


@pytest.mark.parametrize("count", [MESSAGES_PER_SERVER + 4, MESSAGES_AT_ONCE + 6])
async def test_direct_messages_that_hang_hold_up_no_server_and_not_each_other(
    database: Database, clock: Clock, count: int
) -> None:
    stuck = range(DIRECT, DIRECT + count)
    channels = Hanging(clock, stuck)
    delivering = Delivering(database, channels, channels, sources=["huggingface"], now=clock)
    await store(database, LIST)
    hanging = await people_with_digests(database, stuck)
    [other] = await people_with_digests(database, [DIRECT - 1])
    server = await subscribe(database, daily=NINE)

    under_way = asyncio.create_task(delivering.deliver_all([(each, SLOT) for each in hanging]))
    await channels.hang(min(count, MESSAGES_TO_PEOPLE))

    await asyncio.wait_for(delivering.deliver(server, SLOT), timeout=10)
    assert len(channels.posted[CHANNEL]) == 3
    if count < MESSAGES_TO_PEOPLE:
        await asyncio.wait_for(delivering.deliver(other, SLOT), timeout=10)
        assert len(channels.posted[DIRECT - 1]) == 3
    await delivering.close(patience=timedelta(0))
    await under_way
