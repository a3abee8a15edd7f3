"""What people follow comes to them once, by direct message, and waits while that is closed."""

from dataclasses import dataclass, field
from datetime import date, time
from zoneinfo import ZoneInfo

import pytest

from bot.domain.deliveries import NotSent, Outcome, Refused
from bot.domain.digests import Digest, Listing
from bot.domain.errors import BotError, InvalidInput, NotFound
from bot.domain.follows import MOST_FOLLOWS
from bot.domain.subscriptions import Scope, Subscription, SubscriptionState
from bot.domain.suspensions import Access, Standing
from bot.services.delivering import Delivering
from bot.services.following import Followed, Following
from bot.services.suspending import Suspending
from bot.storage.database import Database
from tests.builders import a_paper, utc
from tests.services.conftest import Channels, Clock, Listeners, store

READER = 77
DIRECT = 770
SLOT = utc(2024, 6, 5, 9)


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


async def test_nothing_is_kept_while_no_direct_message_can_be_begun(
    following: Following, door: Door
) -> None:
    door.shut = NotSent("no connection")

    with pytest.raises(BotError):
        await follow(following, "Yann LeCun")

    assert await following.follows(READER) == ()
