"""What is stored of reactions is what Discord shows, whatever was lost, doubled or late."""

import asyncio
import itertools
import shutil
from collections import defaultdict, deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.deliveries import Sent
from bot.domain.interests import (
    DEFAULT_MEANINGS,
    Added,
    Cleared,
    Deleted,
    Event,
    Place,
    Pressed,
    Reaction,
    Removed,
    Seen,
    Verdict,
)
from bot.domain.papers import PaperId
from bot.services import tracking as module
from bot.services.measures import Measures
from bot.services.timing import DEFAULT_TIMING
from bot.services.tracking import ChannelRefuses, NotNow, Tracking
from bot.storage.database import Database, Stores, open_database
from bot.storage.errors import DatabaseBusy, PaperNotFound
from tests.builders import CHANNEL, GUILD
from tests.services.conftest import Clock
from tests.services.scrape import Scraped
from tests.storage.samples import SLOT, cards, links, paper, paper_id, planned, save, subscribe

HERE = Place(GUILD, CHANNEL)
QUICK = replace(
    DEFAULT_TIMING, first_retry=timedelta(milliseconds=1), last_retry=timedelta(milliseconds=2)
)
LIKED, TONED, SAVED = "👍", "👍🏽", "🔖"
FIRST, SECOND, THIRD, LINKS = 11_001, 11_002, 11_003, 11_004
"""Discord's ids of three cards, and of the message with links below them."""


class Channel:
    """A `Reactions` with what one channel shows; events of it go to whoever is `told`."""

    def __init__(self, *message_ids: int) -> None:
        self.shown: dict[int, set[Reaction]] = {message_id: set() for message_id in message_ids}
        self.told: Callable[[Event], None] = lambda _event: None
        self.guild: int | None = GUILD
        self.asked: list[Sequence[int]] = []
        self.errors: list[Exception | None] = []
        """What meets the next messages that are read; `None` is nothing."""
        self.meanwhile: Callable[[], None] = _nothing
        """Called again and again while reactions are being read."""

    def guild_of(self, channel_id: int) -> int | None:
        assert channel_id == CHANNEL
        return self.guild

    async def read(self, channel_id: int, message_ids: Sequence[int]) -> AsyncIterator[Seen]:
        assert channel_id == CHANNEL
        self.asked.append(message_ids)
        for message_id in message_ids:
            if self.errors and (error := self.errors.pop(0)) is not None:
                raise error
            seen: set[Reaction] = set()
            for emoji in (LIKED, TONED, SAVED):
                self.meanwhile()
                await asyncio.sleep(0)
                if message_id not in self.shown:
                    break
                seen |= {each for each in self.shown[message_id] if each.emoji == emoji}
            exists = message_id in self.shown
            self.meanwhile()
            yield Seen(message_id=message_id, reactions=frozenset(seen) if exists else None)

    def add(self, message_id: int, reaction: Reaction, *, by_bot: bool | None = False) -> None:
        if not by_bot:
            self.shown[message_id].add(reaction)
        self.told(
            Added(message_id=message_id, place=HERE, reaction=reaction, by_bot=by_bot, ours=True)
        )

    def remove(self, message_id: int, reaction: Reaction) -> None:
        self.shown[message_id].discard(reaction)
        self.told(Removed(message_id=message_id, place=HERE, reaction=reaction))

    def clear(self, message_id: int, emoji: str | None = None) -> None:
        self.shown[message_id] = {
            each for each in self.shown[message_id] if emoji is not None and each.emoji != emoji
        }
        self.told(Cleared(message_id=message_id, place=HERE, emoji=emoji))

    def delete(self, message_id: int) -> None:
        del self.shown[message_id]
        self.told(Deleted(message_id=message_id, place=HERE))


class Unreliable:
    """A database whose transactions fail while it is `busy`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.busy = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._database, name)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Stores]:
        if self.busy:
            raise DatabaseBusy("another program holds the database")
        async with self._database.transaction() as stores:
            yield stores


async def post(database: Database, *message_ids: int, links_id: int | None = None) -> None:
    """Cards of papers 1, 2, 3 … that were posted under these ids."""
    numbers = range(1, len(message_ids) + 1)
    await save(database, *map(paper, [*numbers, 99]))
    subscription = await subscribe(database, CHANNEL, guild_id=GUILD)
    wanted = cards(numbers, channel_id=CHANNEL)
    if links_id is not None:
        wanted.append(links([99]))
    delivery = await planned(database, subscription, wanted)
    ids = [*message_ids, *([links_id] if links_id is not None else [])]
    async with database.transaction() as stores:
        for message, message_id in zip(delivery.messages, ids, strict=True):
            await stores.deliveries.finish(message, Sent(message_id), owner="", now=SLOT)


async def stored(database: Database, *message_ids: int) -> dict[int, set[Reaction]]:
    async with database.reading() as stores:
        return {
            message_id: set(await stores.interests.reactions(message_id))
            for message_id in message_ids
        }


async def said(database: Database, reader_id: int) -> set[tuple[PaperId, Verdict]]:
    async with database.reading() as stores:
        interests = await stores.interests.of_reader(reader_id)
    return {(each.paper_id, each.verdict) for each in interests}


@pytest.fixture
def channel() -> Channel:
    return Channel(FIRST, SECOND, THIRD, LINKS)


@pytest.fixture
def measures() -> Measures:
    return Measures()


@pytest.fixture
async def tracking(
    database: Database, channel: Channel, clock: Clock, measures: Measures
) -> AsyncGenerator[Tracking]:
    await post(database, FIRST, SECOND, THIRD, links_id=LINKS)
    tracking = Tracking(
        database,
        channel,
        meanings=DEFAULT_MEANINGS,
        now=clock,
        timing=QUICK,
        measures=measures,
    )
    channel.told = tracking.note
    yield tracking
    await tracking.close()


# --- any sequence -------------------------------------------------------------------------

Act: TypeAlias = tuple[str, int, Reaction | str | None, str]

_reactions = st.builds(
    Reaction, st.integers(1, 2), st.sampled_from([LIKED, SAVED, TONED, "🤷"]), st.booleans()
)
_messages = st.sampled_from([FIRST, SECOND])
_fates = st.sampled_from(["heard", "heard", "heard twice", "late"])
_acts: st.SearchStrategy[Act] = st.one_of(
    st.tuples(st.just("toggle"), _messages, _reactions, _fates),
    st.tuples(st.just("toggle"), _messages, _reactions, _fates),
    st.tuples(st.just("clear"), _messages, st.none() | st.sampled_from([LIKED, SAVED]), _fates),
    st.tuples(st.just("delete"), _messages, st.none(), _fates),
    st.tuples(
        st.sampled_from(["lose", "lose", "fail", "work", "rest", "rest"]),
        _messages,
        st.none(),
        _fates,
    ),
)


class Gateway:
    """Events on their way: of each message in order, of different ones in any."""

    def __init__(self, hear: Callable[[Event], None]) -> None:
        self._hear = hear
        self._on_the_way: defaultdict[int, deque[Event]] = defaultdict(deque)

    def tell(self, event: Event) -> None:
        self._on_the_way[event.message_id].append(event)

    def arrive(self, message_id: int, *, twice: bool = False) -> None:
        """Everything of a message that is on its way."""
        waiting = self._on_the_way[message_id]
        while waiting:
            event = waiting.popleft()
            for _ in range(2 if twice else 1):
                self._hear(event)

    def lose(self) -> None:
        """Everything that is on its way."""
        self._on_the_way.clear()


class World:
    """A channel, the gateway, and us with a store that may fail."""

    def __init__(self, database: Database) -> None:
        self.database = Unreliable(database)
        self.channel = Channel(FIRST, SECOND)
        self.tracking = Tracking(
            self.database,  # type: ignore[arg-type]
            self.channel,
            meanings=DEFAULT_MEANINGS,
            now=Clock(),
            timing=QUICK,
        )
        self.gateway = Gateway(self.tracking.note)
        self.channel.told = self.gateway.tell

    def play(self, act: Act) -> None:
        what, message_id, detail, fate = act
        reactions = self.channel.shown.get(message_id)
        match what, detail:
            case "lose", _:
                self.gateway.lose()
                self.tracking.lost(lambda _guild_id: True)
            case "fail" | "work", _:
                self.database.busy = what == "fail"
            case "toggle", Reaction() as reaction if reactions is not None:
                (self.channel.remove if reaction in reactions else self.channel.add)(
                    message_id, reaction
                )
            case "clear", None | str() as emoji if reactions is not None:
                self.channel.clear(message_id, emoji)
            case "delete", _ if reactions is not None:
                self.channel.delete(message_id)
        if fate != "late":
            self.gateway.arrive(message_id, twice=fate == "heard twice")

    def go_on(self, acts: Iterator[Act]) -> None:
        """Play one more act, with a store that works again."""
        self.database.busy = False
        for act in itertools.islice(acts, 1):
            self.play(act)

    async def live(self, acts: Iterable[Act], during: Iterable[Act]) -> None:
        """Play `acts`, and while reactions are being read, `during`."""
        within = iter(during)
        self.channel.meanwhile = lambda: self.go_on(within)
        for act in acts:
            self.play(act)
            if act[0] == "rest" and not self.database.busy:
                await self.tracking.caught_up()
        self.database.busy = False
        await self.tracking.caught_up()
        self.gateway.lose()
        self.tracking.lost(lambda _guild_id: True)
        await self.tracking.caught_up()
        for message_id in (FIRST, SECOND):
            self.gateway.arrive(message_id)
        await self.tracking.caught_up()


@pytest.fixture(scope="session")
def posted_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two cards in a channel."""
    file = tmp_path_factory.mktemp("posted") / "papers.db"

    async def make() -> None:
        async with open_database(f"sqlite+aiosqlite:///{file}") as database:
            await post(database, FIRST, SECOND)

    asyncio.run(make())
    return file


_copies: Iterator[int] = itertools.count()


@settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=st.lists(_acts, max_size=30), during=st.lists(_acts, max_size=20))
def test_whatever_happens_the_store_ends_equal_to_what_discord_shows(
    acts: list[Act], during: list[Act], posted_file: Path, tmp_path: Path
) -> None:
    file = shutil.copy(posted_file, tmp_path / f"{next(_copies)}.db")

    async def live() -> tuple[dict[int, set[Reaction]], dict[int, set[Reaction]]]:
        async with open_database(f"sqlite+aiosqlite:///{file}") as database:
            world = World(database)
            await world.live(acts, during)
            await world.tracking.close()
            return await stored(database, FIRST, SECOND), world.channel.shown

    found, shown = asyncio.run(live())

    for message_id, reactions in found.items():
        assert reactions == {
            each for each in shown.get(message_id, ()) if DEFAULT_MEANINGS.of(each.emoji)
        }


# --- one thing after the other ------------------------------------------------------------


async def test_a_reaction_is_noted_once_however_often_it_is_told(
    tracking: Tracking, database: Database, channel: Channel, measures: Measures
) -> None:
    channel.add(FIRST, Reaction(1, LIKED))
    channel.add(FIRST, Reaction(1, LIKED))
    channel.add(SECOND, Reaction(1, SAVED))
    await tracking.caught_up()

    assert await said(database, 1) == {
        (paper_id(1), Verdict.LIKED),
        (paper_id(2), Verdict.SAVED),
    }
    scraped = Scraped(measures.text())
    assert scraped["reactions_total", "added"] == 3
    assert scraped["reactions_failed_total"] == 0


async def test_a_verdict_stands_while_one_reaction_says_it(
    tracking: Tracking, database: Database, channel: Channel
) -> None:
    channel.add(FIRST, Reaction(1, LIKED))
    channel.add(FIRST, Reaction(1, LIKED, burst=True))
    channel.add(FIRST, Reaction(1, "🔥"))

    channel.remove(FIRST, Reaction(1, LIKED))
    channel.remove(FIRST, Reaction(1, "🔥"))
    await tracking.caught_up()
    assert await said(database, 1) == {(paper_id(1), Verdict.LIKED)}

    channel.remove(FIRST, Reaction(1, LIKED, burst=True))
    await tracking.caught_up()
    assert await said(database, 1) == set()


async def test_bots_other_peoples_messages_and_links_do_not_count(
    tracking: Tracking, database: Database, channel: Channel
) -> None:
    channel.add(FIRST, Reaction(7, LIKED), by_bot=True)
    channel.add(LINKS, Reaction(1, LIKED))
    channel.shown[555] = set()
    channel.add(555, Reaction(1, LIKED))
    tracking.note(
        Added(message_id=FIRST, place=HERE, reaction=Reaction(2, LIKED), by_bot=False, ours=False)
    )
    await tracking.caught_up()

    async with database.reading() as stores:
        counts = await stores.interests.counts(HERE, [paper_id(1), paper_id(99)])
    assert counts == {paper_id(1): {}, paper_id(99): {}}
    assert channel.asked == [], "nothing to read"


async def test_of_somebody_who_may_be_a_bot_discord_is_asked(
    tracking: Tracking, database: Database, channel: Channel
) -> None:
    channel.add(FIRST, Reaction(1, LIKED), by_bot=None)
    channel.told(
        Added(message_id=FIRST, place=HERE, reaction=Reaction(7, LIKED), by_bot=None, ours=True)
    )
    await tracking.caught_up()

    assert await stored(database, FIRST) == {FIRST: {Reaction(1, LIKED)}}


async def test_who_reacts_before_the_post_is_recorded_is_noted_when_it_is(
    tracking: Tracking, database: Database, channel: Channel
) -> None:
    early = 12_000
    channel.shown[early] = set()
    channel.add(early, Reaction(1, LIKED))
    await tracking.caught_up()
    assert await said(database, 1) == set()

    async with database.transaction() as stores:
        subscription = await stores.subscriptions.of_channel(CHANNEL)
    assert subscription is not None
    await save(database, paper(4))
    next_day = await planned(database, subscription, cards([4]), slot_at=SLOT + timedelta(days=1))
    async with database.transaction() as stores:
        await stores.deliveries.finish(next_day.messages[0], Sent(early), owner="", now=SLOT)
    tracking.posted(early, HERE)
    await tracking.caught_up()

    assert await said(database, 1) == {(paper_id(4), Verdict.LIKED)}


async def test_a_post_that_was_found_later_is_read_whatever_was_told(
    tracking: Tracking, database: Database, channel: Channel
) -> None:
    channel.shown[SECOND].add(Reaction(1, SAVED))

    tracking.posted(FIRST, HERE)
    tracking.posted(SECOND, HERE, anew=True)
    await tracking.caught_up()

    assert channel.asked == [[SECOND]]
    assert await said(database, 1) == {(paper_id(2), Verdict.SAVED)}


async def test_a_deleted_message_takes_nobodys_saved_papers_away(
    tracking: Tracking, database: Database, channel: Channel
) -> None:
    channel.add(FIRST, Reaction(1, SAVED))
    channel.delete(FIRST)
    await tracking.caught_up()
    assert await stored(database, FIRST) == {FIRST: set()}
    assert await said(database, 1) == {(paper_id(1), Verdict.SAVED)}

    taken_back = await tracking.press(1, paper_id(1), Verdict.SAVED, place=HERE)
    assert taken_back is Pressed.TAKEN_BACK, "there is no reaction left to take away"


# --- reading again ------------------------------------------------------------------------


async def test_after_a_gap_the_cards_are_made_equal_to_what_is_shown(
    tracking: Tracking, database: Database, channel: Channel, measures: Measures
) -> None:
    channel.add(FIRST, Reaction(1, LIKED))
    channel.add(THIRD, Reaction(2, SAVED))
    await tracking.caught_up()
    channel.told = lambda _lost: None
    channel.remove(FIRST, Reaction(1, LIKED))
    channel.add(FIRST, Reaction(2, LIKED))
    channel.add(SECOND, Reaction(3, SAVED))
    channel.delete(THIRD)

    tracking.lost(lambda guild_id: guild_id == GUILD)
    await tracking.caught_up()

    assert await stored(database, FIRST, SECOND, THIRD) == {
        FIRST: {Reaction(2, LIKED)},
        SECOND: {Reaction(3, SAVED)},
        THIRD: set(),
    }
    assert await said(database, 2) == {
        (paper_id(1), Verdict.LIKED),
        (paper_id(3), Verdict.SAVED),
    }
    assert channel.asked == [[THIRD, SECOND, FIRST]], "newest first, and not the links"
    scraped = Scraped(measures.text())
    assert scraped["cards_read_again_total", "mended"] == 2
    assert scraped["cards_read_again_total", "gone"] == 1


async def test_a_gap_elsewhere_is_no_reason_to_read(tracking: Tracking, channel: Channel) -> None:
    tracking.lost(lambda guild_id: guild_id != GUILD)
    await tracking.caught_up()

    assert channel.asked == []


async def test_posts_of_weeks_ago_are_not_read_again(
    tracking: Tracking, channel: Channel, clock: Clock
) -> None:
    clock.advance(days=8)

    tracking.lost(lambda _guild_id: True)
    await tracking.caught_up()

    assert channel.asked == []


async def test_a_channel_without_a_subscription_is_read_where_its_server_is_known(
    tracking: Tracking, database: Database, channel: Channel
) -> None:
    async with database.transaction() as stores:
        subscription = await stores.subscriptions.of_channel(CHANNEL)
        assert subscription is not None
        await stores.subscriptions.remove(subscription.id)
    channel.shown[FIRST].add(Reaction(1, LIKED))

    tracking.lost(lambda guild_id: guild_id == GUILD)
    await tracking.caught_up()
    assert await stored(database, FIRST) == {FIRST: {Reaction(1, LIKED)}}

    channel.guild = None
    tracking.lost(lambda _guild_id: True)
    await tracking.caught_up()
    assert len(channel.asked) == 1


def _nothing() -> None:
    pass


async def test_what_happens_while_a_card_is_read_wins_over_what_was_read(
    tracking: Tracking, database: Database, channel: Channel
) -> None:
    channel.add(FIRST, Reaction(1, LIKED))
    channel.add(SECOND, Reaction(1, LIKED))
    channel.add(SECOND, Reaction(2, SAVED))
    await tracking.caught_up()
    for message_id in (FIRST, SECOND):  # lost: there is something to mend
        channel.shown[message_id].add(Reaction(3, LIKED))
    later: Iterator[Callable[[], None]] = iter(
        [
            *[_nothing] * 4,  # the third card, which is read first
            _nothing,
            # After that emoji was read, and before the next.
            partial(channel.remove, SECOND, Reaction(1, LIKED)),
            partial(channel.add, FIRST, Reaction(2, LIKED)),
            partial(channel.clear, SECOND, SAVED),
            *[_nothing] * 3,
            partial(channel.clear, FIRST),
        ]
    )
    channel.meanwhile = lambda: next(later, _nothing)()

    tracking.lost(lambda _guild_id: True)
    await tracking.caught_up()

    assert next(later, None) is None
    assert await stored(database, FIRST, SECOND) == {
        FIRST: set(),
        SECOND: {Reaction(3, LIKED)},
    }


async def test_what_came_before_a_gap_is_not_applied_over_what_is_read_after_it(
    tracking: Tracking, database: Database, channel: Channel
) -> None:
    async with database.transaction():  # the event has to wait
        channel.add(FIRST, Reaction(1, LIKED))
        channel.shown[FIRST].clear()  # and this one never comes
        tracking.lost(lambda _guild_id: True)
        for _ in range(50):  # time enough for a reading that does not wait for it
            assert await stored(database, FIRST) == {FIRST: set()}
    await tracking.caught_up()

    assert await stored(database, FIRST) == {FIRST: set()}


async def test_a_channel_that_refuses_is_asked_once(
    tracking: Tracking, channel: Channel, measures: Measures
) -> None:
    channel.errors = [None, ChannelRefuses("no such channel")]

    tracking.lost(lambda _guild_id: True)
    await tracking.caught_up()

    assert len(channel.asked) == 1
    assert Scraped(measures.text())["cards_read_again_total", "refused"] == 2


async def test_what_fails_for_now_is_read_until_it_succeeds(
    tracking: Tracking,
    database: Database,
    channel: Channel,
    caplog: pytest.LogCaptureFixture,
) -> None:
    channel.shown[FIRST].add(Reaction(1, LIKED))
    channel.errors = [None, NotNow("no answer"), RuntimeError("a defect")]

    tracking.lost(lambda _guild_id: True)
    await tracking.caught_up()

    assert await stored(database, FIRST) == {FIRST: {Reaction(1, LIKED)}}
    assert "reactions cannot be read again yet: no answer" in caplog.text
    assert "reactions could not be read again" in caplog.text


async def test_a_long_channel_is_read_page_by_page(
    tracking: Tracking,
    database: Database,
    channel: Channel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    channel.shown[FIRST].add(Reaction(1, LIKED))

    tracking.lost(lambda _guild_id: True)
    await tracking.caught_up()

    assert channel.asked == [[THIRD, SECOND], [FIRST]]
    assert await stored(database, FIRST) == {FIRST: {Reaction(1, LIKED)}}


# --- a store that fails -------------------------------------------------------------------


async def test_what_could_not_be_stored_is_read_again(
    database: Database, channel: Channel, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await post(database, FIRST, SECOND, THIRD)
    unreliable, measures = Unreliable(database), Measures()
    tracking = Tracking(
        unreliable,  # type: ignore[arg-type]
        channel,
        meanings=DEFAULT_MEANINGS,
        now=clock,
        timing=QUICK,
        measures=measures,
    )
    channel.told = tracking.note
    unreliable.busy = True
    channel.meanwhile = lambda: setattr(unreliable, "busy", False)

    channel.add(FIRST, Reaction(1, LIKED))
    channel.add(SECOND, Reaction(2, SAVED))
    await tracking.caught_up()

    assert await stored(database, FIRST, SECOND) == {
        FIRST: {Reaction(1, LIKED)},
        SECOND: {Reaction(2, SAVED)},
    }
    assert Scraped(measures.text())["reactions_failed_total"] == 2
    assert "their messages will be read again: another program" in caplog.text


async def test_too_much_at_once_is_read_again_instead(
    tracking: Tracking, database: Database, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_QUEUED", 1)
    monkeypatch.setattr(module, "MOST_DOUBTED", 1)

    channel.add(FIRST, Reaction(1, LIKED))
    channel.add(SECOND, Reaction(1, LIKED))
    channel.add(THIRD, Reaction(1, LIKED))
    await tracking.caught_up()

    assert await stored(database, FIRST, SECOND, THIRD) == {
        FIRST: {Reaction(1, LIKED)},
        SECOND: {Reaction(1, LIKED)},
        THIRD: {Reaction(1, LIKED)},
    }
    assert channel.asked == [[THIRD, SECOND, FIRST]], "everything recent"


async def test_what_is_noted_is_stored_before_the_end_and_nothing_after_it(
    tracking: Tracking, database: Database, channel: Channel
) -> None:
    channel.add(FIRST, Reaction(1, LIKED))
    tracking.lost(lambda _guild_id: True)
    await tracking.close()

    channel.add(SECOND, Reaction(1, LIKED))
    tracking.posted(SECOND, HERE, anew=True)
    await tracking.caught_up()

    assert await stored(database, FIRST, SECOND) == {FIRST: {Reaction(1, LIKED)}, SECOND: set()}


# --- buttons ------------------------------------------------------------------------------


async def test_a_press_gives_a_verdict_and_another_takes_it_back(
    tracking: Tracking, database: Database, clock: Clock, measures: Measures
) -> None:
    assert await tracking.press(1, paper_id(1), Verdict.SAVED, place=HERE) is Pressed.GIVEN
    clock.advance(minutes=1)
    await tracking.press(2, paper_id(1), Verdict.SAVED, place=HERE)
    assert await tracking.counts(paper_id(1), HERE) == {Verdict.SAVED: 2}

    assert await tracking.press(1, paper_id(1), Verdict.SAVED, place=HERE) is Pressed.TAKEN_BACK

    assert await tracking.counts(paper_id(1), HERE) == {Verdict.SAVED: 1}
    assert await said(database, 1) == set()
    scraped = Scraped(measures.text())
    assert scraped["presses_total", "given"] == 2
    assert scraped["presses_total", "taken-back"] == 1


async def test_a_press_that_comes_twice_counts_once(tracking: Tracking, database: Database) -> None:
    await tracking.press(1, paper_id(1), Verdict.LIKED, place=HERE)
    again = await tracking.press(1, paper_id(1), Verdict.LIKED, place=HERE)
    other = await tracking.press(1, paper_id(1), Verdict.SAVED, place=HERE)

    assert (again, other) == (Pressed.GIVEN, Pressed.GIVEN)
    assert await said(database, 1) == {
        (paper_id(1), Verdict.LIKED),
        (paper_id(1), Verdict.SAVED),
    }


async def test_what_a_reaction_says_is_not_taken_back_by_a_button(
    tracking: Tracking, database: Database, channel: Channel
) -> None:
    channel.add(FIRST, Reaction(1, LIKED))
    await tracking.caught_up()

    elsewhere = Place(GUILD + 1, CHANNEL + 1)
    assert await tracking.press(1, paper_id(1), Verdict.LIKED, place=elsewhere) is Pressed.STANDS
    assert await said(database, 1) == {(paper_id(1), Verdict.LIKED)}
    assert await tracking.counts(paper_id(1), HERE) == {Verdict.LIKED: 1}
    assert await tracking.counts(paper_id(1), elsewhere) == {}


async def test_a_paper_that_is_not_held_is_not_saved(tracking: Tracking) -> None:
    with pytest.raises(PaperNotFound):
        await tracking.press(1, PaperId("2406.77777"), Verdict.SAVED, place=HERE)
