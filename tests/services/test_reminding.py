"""What a person saved and has not read comes to them once a week, once."""

from zoneinfo import ZoneInfo

import pytest

from bot.domain.deliveries import NotSent
from bot.domain.errors import NotFound
from bot.domain.interests import Place, Verdict
from bot.domain.papers import PaperId
from bot.domain.subscriptions import NO_GUILD, Scope, Subscription
from bot.rendering.reminders import SHOWN
from bot.services.delivering import Delivering
from bot.services.following import Following
from bot.storage.database import Database
from tests.builders import a_digest, utc
from tests.services.conftest import Channels, Clock, store
from tests.services.test_following import DIRECT, LIST, READER, Door, door, following

__all__ = ["door", "following"]

WEDNESDAY, THURSDAY = 2, 3
SLOT = utc(2024, 6, 5, 9)
"""A Wednesday, at the usual hour."""


async def say(database: Database, verdict: Verdict, *numbers: int) -> None:
    async with database.transaction() as stores:
        for number in numbers:
            await stores.interests.press(
                READER,
                PaperId(f"2406.{number:05d}"),
                verdict,
                place=Place(NO_GUILD, DIRECT),
                at=utc(2024, 6, 4, 12),
            )


async def remind(following: Following, weekday: int = WEDNESDAY) -> Subscription:
    subscription = await following.remind(READER, weekday, language="en")
    assert subscription is not None
    return subscription


def reminders(channels: Channels) -> list[str]:
    return [
        str(posted.message.embeds[0].description)
        for posted in channels.posted[DIRECT]
        if posted.message.embeds and posted.message.embeds[0].title == "Saved, and not read yet"
    ]


async def test_what_is_saved_and_not_read_comes_on_its_day_and_on_no_other(
    database: Database, following: Following, delivering: Delivering, channels: Channels
) -> None:
    await store(database, LIST)
    await say(database, Verdict.SAVED, 1, 3)
    await say(database, Verdict.READ, 3)
    subscription = await remind(following, THURSDAY)
    await delivering.deliver(subscription, SLOT)
    assert channels.posted[DIRECT] == []

    subscription = await remind(following, WEDNESDAY)
    await delivering.deliver(subscription, utc(2024, 6, 12, 9))
    await delivering.deliver(subscription, utc(2024, 6, 12, 9))

    [text] = reminders(channels)
    assert "[Paper 1](https://arxiv.org/abs/2406.00001)" in text
    assert "Diffusion" not in text
    assert "`/papers saved`" in text


async def test_the_day_is_that_of_where_the_person_lives(
    database: Database, following: Following, delivering: Delivering, channels: Channels
) -> None:
    await store(database, LIST)
    await say(database, Verdict.SAVED, 1)
    await remind(following, THURSDAY)
    subscription = await following.hour(READER, zone=ZoneInfo("Pacific/Auckland"))
    await delivering.deliver(subscription, utc(2024, 6, 5, 21))  # Thursday, 09:00 there

    assert len(reminders(channels)) == 1


async def test_it_comes_after_the_papers_of_the_day_and_their_last_words_stay(
    database: Database, following: Following, delivering: Delivering, channels: Channels
) -> None:
    await store(database, LIST)
    await say(database, Verdict.SAVED, 1)
    await following.digest(READER, limit=1)
    subscription = await remind(following)

    await delivering.deliver(subscription, SLOT)

    titles = channels.titles(DIRECT)
    assert len(titles) == 3
    assert titles[-1] == "Saved, and not read yet"
    assert titles[1] == "Also on the list"


async def test_a_reminder_whose_answer_was_lost_stands_once(
    database: Database,
    following: Following,
    delivering: Delivering,
    channels: Channels,
    clock: Clock,
) -> None:
    await store(database, LIST)
    await say(database, Verdict.SAVED, 1)
    subscription = await remind(following)
    channels.then[DIRECT] += [Channels.STORED_BUT_LOST] * 20

    await delivering.deliver(subscription, SLOT)
    await say(database, Verdict.SAVED, 2)
    clock.advance(hours=1)  # Discord knows its nonce no longer
    channels.then[DIRECT].clear()
    await delivering.resume()

    assert len(reminders(channels)) == 1
    assert channels.searched == [DIRECT]


async def test_who_read_everything_meanwhile_is_told_so(
    database: Database, following: Following, delivering: Delivering, channels: Channels
) -> None:
    await store(database, LIST)
    await say(database, Verdict.SAVED, 1)
    subscription = await remind(following)
    channels.always[DIRECT] = NotSent("not now")
    await delivering.deliver(subscription, SLOT)
    await say(database, Verdict.READ, 1)
    channels.always.clear()
    await delivering.resume()

    [text] = reminders(channels)
    assert "You have read all that you saved." in text


async def test_the_newest_are_named_and_the_others_counted(
    database: Database, following: Following, delivering: Delivering, channels: Channels
) -> None:
    await store(database, a_digest(numbers=range(1, SHOWN + 4)))
    await say(database, Verdict.SAVED, *range(1, SHOWN + 4))
    await delivering.deliver(await remind(following), SLOT)

    [text] = reminders(channels)
    assert text.count("https://arxiv.org/abs/") == SHOWN
    assert "and 3 more" in text


async def test_a_reminder_alone_is_a_subscription_and_ends_it(
    database: Database, following: Following, door: Door
) -> None:
    subscription = await remind(following)
    assert subscription.scope is Scope.FOLLOWED
    assert door.asked == [READER]

    follow = await following.follow_words(READER, "robots", language="en")
    assert not follow.subscription.preferences.announce_quiet_days
    [kept] = await following.follows(READER)
    await following.unfollow(READER, kept.id)
    assert await following.subscription(READER) is not None

    assert await following.remind(READER, None, language="en") is None
    assert await following.subscription(READER) is None
    with pytest.raises(NotFound):
        await following.remind(READER, None, language="en")


async def test_a_digest_goes_on_without_its_reminder_and_the_reminder_without_the_digest(
    following: Following,
) -> None:
    await following.digest(READER)
    await remind(following)
    left = await following.end_digest(READER)
    assert left is not None
    assert left.preferences.remind_on == WEDNESDAY

    await following.digest(READER)
    left = await following.remind(READER, None, language="en")
    assert left is not None
    assert left.scope is Scope.LISTS
