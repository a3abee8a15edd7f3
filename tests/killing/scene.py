"""What a round of killing needs: a Discord that misbehaves at random, a store, processes."""

import asyncio
import random
import shutil
import signal
import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from bot.domain.follows import FollowKind
from bot.domain.interests import Place, Verdict
from bot.domain.papers import PaperId
from bot.domain.subscriptions import NO_GUILD, DailyTime, Preferences, Scope
from bot.storage.backup import back_up
from bot.storage.database import open_database
from tests.builders import a_digest
from tests.killing.findings import Edition, Followed, Report, compare, posts
from tests.killing.process import TIMING, BotProcess, log_of
from tests.loopback.discord_faults import Broken, Cut, Fault, Late, RateLimited, Rule
from tests.loopback.discord_interactions import Interaction
from tests.loopback.discord_objects import Message
from tests.loopback.discord_permissions import Permission
from tests.loopback.discord_server import LoopbackDiscord

SERVERS: Final = 3
CHANNELS: Final = 4
"""In each server."""
PEOPLE: Final = 6

GOES_ON_WITHIN: Final = 30.0
"""Seconds in which something more must happen; a claim holds for two."""
SERVED_WITHIN: Final = 90.0
ENDS_WITHIN: Final = 30.0
"""Seconds from SIGTERM to the end."""

ANSWER: Final = 0.02
"""Seconds in which Discord answers."""

POSTS: Final = ("POST", "/channels/*/messages")
"""The request that posts a message."""
_LOOKS: Final = ("GET", "/channels/*/messages")

_EARLY: Final = 0.2
"""How often a process is not left the time to send anything."""
_LONG: Final = 0.4
"""How often nobody runs for longer than Discord remembers nonces."""
_FAULTS_PER_SECOND: Final = (0.1, 5, 15)
"""Of at most fifty requests: hardly any, some, many."""
_LATEST: Final = 2 * TIMING.request_timeout.total_seconds()
"""Seconds by which a request may be late: the bot waits for half of them."""
_ASKED_PER_SECOND: Final = 20
"""Questions, in all channels together; nobody asks often enough to be told to wait."""
_REACTIONS_PER_SECOND: Final = 40
_PRESSES_PER_SECOND: Final = 5
_ARMED: Final = 3
"""Faults that wait for a request at one time."""


def _for_person(scope: Scope, edition: Edition, followed: int) -> Edition:
    """What comes to a person who follows the paper of this number: that first, or that alone."""
    if scope is Scope.FOLLOWED:
        return Followed([followed], reminds=True)
    others = (number for number in edition.numbers if number != followed)
    return Edition([followed, *others], reminds=True)


class Stuck(Exception):
    """The bot did not get on, or ended, where it should not."""


class Scene:
    """One round's world: a Discord, a store, and the processes of the bot.

    `random` draws everything that is left to chance, but for the faults.
    """

    def __init__(self, server: LoopbackDiscord, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.server = server
        self.channels: list[int] = []
        self.people: dict[int, int] = {}
        """Those of the channels that are direct messages, each with its person."""
        self.editions: list[Edition] = []
        self.kills = 0
        self.starts = 0
        self.problems: list[str] = []
        self.shift = timedelta(0)
        """How far the clocks of processes that are started from now on are ahead."""
        self._folder = folder
        self._store = folder / "papers.db"
        self._environment: dict[str, str] = {}
        self._processes: list[BotProcess] = []
        self._identified = 0
        self._weather = random.Random(f"the faults of {seed}")
        self._people = random.Random(f"the questions of {seed}")
        self._rules: list[Rule] = []
        self._instead: dict[int, list[Edition]] = {}
        self._promised: set[int] = set()
        """People who saw their press counted."""

    # --- what is there at the start -------------------------------------------------------

    async def build(self, slot_at: datetime, days: Sequence[Edition], **settings: str) -> None:
        """Twelve channels that are owed the papers of the slot at this minute, and a store with
        the lists of that day and those that follow."""
        slot_at = slot_at.replace(second=0, microsecond=0)
        for number in range(SERVERS):
            guild_id = self.server.add_guild(f"server {number}")
            self.channels += [
                self.server.add_channel(guild_id, f"papers-{n}") for n in range(CHANNELS)
            ]
        self._environment = {
            "DISCORD_TOKEN": self.server.token,
            "DISCORD_API_URL": self.server.url,
            "SOURCES": "markdown:digests",
            **settings,
        }
        (self._folder / "digests").mkdir(parents=True)
        preferences = Preferences(
            daily=DailyTime(at=slot_at.time(), zone=ZoneInfo("UTC")), announce_quiet_days=False
        )
        async with (
            open_database(self._database_url) as database,
            database.transaction() as stores,
        ):
            for age, edition in enumerate(days):
                digest = a_digest(slot_at.date() + timedelta(days=age), edition.numbers)
                await stores.lists.save(digest, source="huggingface", read_at=slot_at, closed=False)
            for channel_id in self.channels:
                await stores.subscriptions.add(
                    guild_id=self.server.world.channels[channel_id].guild_id or 0,
                    channel_id=channel_id,
                    preferences=preferences,
                    created_at=slot_at - timedelta(days=2),
                )

    async def add_people(self, slot_at: datetime, edition: Edition) -> None:
        """Direct messages to people: half have the papers of the day, that which they follow
        first; the others get the one that they follow, and nothing else. It is the day on which
        all are reminded of what they saved."""
        *_, followed = edition.numbers
        daily = DailyTime(at=slot_at.replace(second=0, microsecond=0).time(), zone=ZoneInfo("UTC"))
        async with (
            open_database(self._database_url) as database,
            database.transaction() as stores,
        ):
            for number in range(PEOPLE):
                person = self.server.add_user(f"person {number}")
                channel_id = self.server.world.direct_channel(self.server.world.users[person]).id
                self.people[channel_id] = person
                scope = Scope.FOLLOWED if number % 2 else Scope.LISTS
                self._instead[channel_id] = [_for_person(scope, edition, followed)]
                await stores.follows.add(
                    reader_id=person,
                    kind=FollowKind.WORDS,
                    said=f'"Paper {followed}"',
                    at=slot_at - timedelta(days=2),
                )
                await stores.subscriptions.add(
                    guild_id=NO_GUILD,
                    channel_id=channel_id,
                    preferences=Preferences(
                        daily=daily, announce_quiet_days=False, remind_on=slot_at.weekday()
                    ),
                    created_at=slot_at - timedelta(days=2),
                    reader_id=person,
                    scope=scope,
                )
                await stores.interests.press(
                    person,
                    PaperId(f"2406.{followed:05}"),
                    Verdict.SAVED,
                    place=Place(NO_GUILD, channel_id),
                    at=slot_at - timedelta(days=1),
                )
        self.channels += self.people

    @property
    def _database_url(self) -> str:
        return f"sqlite+aiosqlite:///{self._store}"

    # --- processes ------------------------------------------------------------------------

    def start(self) -> BotProcess:
        """One more process of the bot on the store."""
        self._identified = len(self.server.gateway.identified)
        environment = {**self._environment, "DATABASE_URL": self._database_url}
        process = BotProcess.start(environment, self._folder, shift=self.shift)
        self._processes.append(process)
        self.starts += 1
        return process

    async def kill(self, *processes: BotProcess) -> None:
        """`kill -9`: now, in the middle of whatever they are doing."""
        for process in processes:
            self.kills += 1
            process.send(signal.SIGKILL)
        for process in processes:
            await self._ended(process, -signal.SIGKILL)

    async def terminate(self, process: BotProcess) -> None:
        """SIGTERM, after which a process ends by itself and well."""
        self.kills += 1
        await self._dismiss(process)

    async def finish(self) -> None:
        """Let a last process do what is left to do, and end it."""
        process = self.start()
        await self.online()
        await self.served()
        await self._dismiss(process)

    async def cut_power(self, process: BotProcess) -> None:
        """Stop a process as soon as it writes to the store, and go on with a copy of that: what
        a power cut leaves on the disk, the page under way torn.

        Shared memory (`-shm`) is no matter of the disk: it is not copied.
        """
        wal = self._store.with_name(f"{self._store.name}-wal")
        before = wal.stat().st_mtime_ns
        with suppress(TimeoutError):  # nothing is left to write: as good a moment
            async with asyncio.timeout(1):
                while wal.stat().st_mtime_ns == before:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0)
        process.send(signal.SIGSTOP)
        await asyncio.sleep(0.05)  # until every thread of it has stopped
        copy = self._folder / f"after power cut {self.kills + 1}" / self._store.name
        copy.parent.mkdir()
        shutil.copyfile(self._store, copy)
        shutil.copyfile(wal, copy.with_name(wal.name))
        with copy.with_name(wal.name).open("ab") as torn:
            torn.write(self.random.randbytes(self.random.randrange(4096)))
        await self.kill(process)
        self._store = copy

    async def back_up(self) -> Path:
        """A copy of the store, made by the program while the bot goes on."""
        copy = self._folder / f"backup {self.kills + 1}" / self._store.name
        copy.parent.mkdir()
        await asyncio.to_thread(
            back_up, self._database_url, copy, at=datetime.now(UTC) + self.shift
        )
        return copy

    def put_back(self, copy: Path) -> None:
        """Go on from a copy."""
        self._store = copy

    async def _dismiss(self, process: BotProcess) -> None:
        process.send(signal.SIGTERM)
        await self._ended(process, 0)

    async def _ended(self, process: BotProcess, expected: int) -> None:
        code = await process.ended(within=ENDS_WITHIN)
        if code is None:
            raise Stuck(f"a process goes on {ENDS_WITHIN:.0f} s after its signal")
        self._processes.remove(process)
        if not self._processes and self.random.random() < _LONG:
            await asyncio.sleep(_LATEST)  # what was under way has arrived long before
            self.server.forget_nonces()
        if code != expected:
            self.problems.append(f"a process ended with {code} instead of {expected}")

    async def end(self) -> None:
        """Leave no process behind."""
        for process in self._processes:
            with suppress(ProcessLookupError):  # it may have ended by itself
                process.send(signal.SIGKILL)
            await process.ended(within=ENDS_WITHIN)

    # --- waiting --------------------------------------------------------------------------

    async def a_moment(self) -> None:
        """Until a random moment of the delivery; soon, if everything is there already."""
        if self.random.random() < _EARLY:
            await asyncio.sleep(self.random.uniform(0, 0.5))
            return
        await self.more(self.random.randint(1, self._owed // 2 + 1))
        await asyncio.sleep(self.random.uniform(0, 2 * ANSWER))  # and between two messages

    async def more(self, messages: int) -> None:
        """Until so many more papers stand in the channels, or all that are owed."""
        enough = max(self._owed - messages, 0)
        await self.until(lambda: self._owed <= enough)

    async def online(self) -> None:
        """Until the process that was started last is connected."""
        await self.until(lambda: len(self.server.gateway.identified) > self._identified)

    async def served(self) -> None:
        """Until every channel has all its papers, and the store knows that it is done."""
        await self.until(lambda: self._owed == 0, within=SERVED_WITHIN)
        await self.until(lambda: not self._left_open(), within=SERVED_WITHIN)

    async def planned(self, deliveries: int) -> None:
        """Until so many deliveries are written down in the store."""
        await self.until(lambda: self._count("deliveries") >= deliveries)

    async def until(self, is_so: Callable[[], bool], *, within: float = GOES_ON_WITHIN) -> None:
        """Until something is so; `Stuck` if that takes too long or a process ends meanwhile."""
        try:
            async with asyncio.timeout(within):
                while not is_so():
                    if not all(process.runs for process in self._processes):
                        raise Stuck("a process ended by itself")
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise Stuck(f"waited {within:.0f} s in vain, {self._owed} papers owed") from None

    @property
    def _owed(self) -> int:
        """How many papers are yet to come, in all channels together."""
        return sum(
            len(
                {title for edition in self._wanted(channel) for title in edition.titles}
                - set(self._titles(channel))
            )
            for channel in self.channels
        )

    def _wanted(self, channel_id: int) -> Sequence[Edition]:
        """What should come to a channel."""
        return self._instead.get(channel_id, self.editions)

    def _titles(self, channel_id: int) -> list[str]:
        return [message.embeds[0]["title"] for message in self._posts(channel_id)]

    def _posts(self, channel_id: int) -> list[Message]:
        return posts(self.server.messages(channel_id))

    def _cards(self, channel_id: int) -> list[Message]:
        """The posts that are one paper's: reactions to others say nothing."""
        return [card for card in self._posts(channel_id) if "/abs/" in card.embeds[0]["url"]]

    def _left_open(self) -> int:
        return self._count("deliveries where state in ('waiting', 'open')")

    def _count(self, what: str) -> int:
        [(count,)] = self._rows(f"select count(*) from {what}")  # noqa: S608 - a constant
        return int(count)

    def _rows(self, query: str) -> list[tuple[int, ...]]:
        """From the store, as another program that only reads sees it."""
        uri = f"file:{self._store}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
            return connection.execute(query).fetchall()

    # --- permissions ----------------------------------------------------------------------

    def shut_some(self) -> None:
        """Some channels take what the bot needs."""
        for channel_id in self.random.sample(self.channels, len(self.channels) // 3):
            lost = self.random.choice([Permission.SEND_MESSAGES, Permission.VIEW_CHANNEL])
            self.server.deny(channel_id, lost)

    def open_all(self) -> None:
        """Every channel gives it back."""
        for channel_id in self.channels:
            self.server.allow(channel_id)

    # --- people who can be written to, or not ---------------------------------------------

    def shut_some_people(self) -> None:
        """Some people take no direct messages."""
        for person in self.random.sample([*self.people.values()], len(self.people) // 2):
            self.server.shut_direct_messages(person)

    async def let_people_come_back(self) -> None:
        """Everybody takes them again, and runs a command, under which those are told whose
        messages had been refused."""
        await self.until(lambda: bool(self.server.commands))
        for channel_id, person in self.people.items():
            self.server.shut_direct_messages(person, shut=False)
            command = await self.server.slash(channel_id, person, "follow list")
            await command.message(within=GOES_ON_WITHIN)
        suspended = "subscriptions where state = 'suspended'"
        await self.until(lambda: not self._count(suspended))

    # --- questions ------------------------------------------------------------------------

    @asynccontextmanager
    async def sharing(self) -> AsyncGenerator[None]:
        """Meanwhile people ask for the cards of the very papers that are posted, for all to see.

        That none of them gets one is a problem: nothing would have been tried.
        """
        asked: list[Interaction] = []
        asking = asyncio.create_task(self._share(asked))
        try:
            yield
        finally:
            asking.cancel()
        cards = sum(one.original is not None and bool(one.original.embeds) for one in asked)
        if not cards:
            self.problems.append(f"{len(asked)} people asked for a card, and nobody got one")

    async def _share(self, asked: list[Interaction]) -> None:
        """Ask whenever somebody is there to answer, until cancelled."""
        await self.until(lambda: bool(self.server.commands))
        while True:
            await asyncio.sleep(self._people.expovariate(_ASKED_PER_SECOND))
            channel_id = self._people.choice(self.channels)
            paper = f"2406.{self._people.choice(self.editions[0].numbers):05d}"
            user_id = self.server.add_user(f"reader {len(asked)}")
            options = {"paper": paper, "share": True}
            asked.append(await self.server.slash(channel_id, user_id, "papers show", options))

    # --- reactions ------------------------------------------------------------------------

    @asynccontextmanager
    async def reacting(self) -> AsyncGenerator[None]:
        """Meanwhile people react to cards and take it back, moderators clear reactions, and
        others press Save, whether or not anybody is there to hear of it.

        That nobody's press is answered is a problem: nothing would have been tried.
        """
        pressed: list[Interaction] = []
        acting = [
            asyncio.create_task(self._react()),
            asyncio.create_task(self._press(pressed)),
        ]
        try:
            yield
        finally:
            for task in acting:
                task.cancel()
        self._promised = {one.user.id for one in pressed if one.changed_original}
        if not self._promised:
            self.problems.append(f"{len(pressed)} people pressed Save, and no card shows it")

    async def mirrored(self) -> None:
        """Until the store has of reactions exactly what Discord shows."""
        await self.until(lambda: self._stored_reactions() == self._shown_reactions())
        saved = {
            id_ for (id_,) in self._rows("select reader_id from interests where message_id = 0")
        }
        if lost := self._promised - saved:
            self.problems.append(f"{len(lost)} people saw their press counted, and it is lost")

    async def _react(self) -> None:
        readers = [self.server.add_user(f"reacting reader {number}") for number in range(4)]
        while True:
            await asyncio.sleep(self._people.expovariate(_REACTIONS_PER_SECOND))
            channel_id = self._people.choice([*self.channels[::3], *self.people])
            if not (cards := self._cards(channel_id)):
                continue
            card = self._people.choice(cards)
            reader_id, emoji = self._people.choice(readers), self._people.choice("👍🔖🤷")
            reader_id = self.people.get(channel_id, reader_id)
            may_clear = channel_id not in self.people
            if may_clear and self._people.random() < 0.1 and emoji in card.reactions:
                everything = self._people.random() < 0.5
                self.server.clear_reactions(channel_id, card.id, None if everything else emoji)
            elif reader_id in card.reactions.get(emoji, ()):
                self.server.unreact(channel_id, card.id, reader_id, emoji)
            else:
                self.server.react(channel_id, card.id, reader_id, emoji)

    async def _press(self, pressed: list[Interaction]) -> None:
        while True:
            await asyncio.sleep(self._people.expovariate(_PRESSES_PER_SECOND))
            channel_id = self._people.choice(self.channels)
            if channel_id in self.people:
                continue  # nobody else can press there
            cards = self._cards(channel_id)
            if not cards or not self.server.gateway.shards:
                continue
            card = self._people.choice(cards)
            user_id = self.server.add_user(f"pressing reader {len(pressed)}")
            paper = card.embeds[0]["url"].rpartition("/")[2]
            pressed.append(await self.server.click(card, user_id, f"saved:{paper}"))

    def _shown_reactions(self) -> set[tuple[int, int, str]]:
        """Those that say something: message, reader and emoji."""
        return {
            (card.id, reader_id, emoji)
            for channel_id in self.channels
            for card in self._cards(channel_id)
            for emoji, readers in card.reactions.items()
            for reader_id in readers
            if emoji != "🤷"
        }

    def _stored_reactions(self) -> set[tuple[int, int, str]]:
        rows = self._rows("select message_id, reader_id, emoji from interests where message_id > 0")
        return {(message_id, reader_id, str(emoji)) for message_id, reader_id, emoji in rows}

    # --- what goes wrong ------------------------------------------------------------------

    async def spoil(self) -> None:
        """Let faults meet the bot's messages and its looks at the history, until cancelled."""
        per_second = self._weather.choice(_FAULTS_PER_SECOND)
        while True:
            await asyncio.sleep(self._weather.expovariate(per_second))
            if sum(not rule.hits for rule in self._rules) < _ARMED:
                request = self._weather.choice([POSTS, POSTS, _LOOKS])
                self._rules.append(self.server.inject(self._fault(), *request))

    def _fault(self) -> Fault:
        carried_out = self._weather.random() < 0.5
        late = _LATEST * self._weather.random()
        faults: list[Fault] = [
            RateLimited(),
            RateLimited(overall=True),
            Broken(self._weather.choice([500, 502, 503, 504]), carried_out=carried_out),
            Cut(carried_out=carried_out),
            Late(late),
        ]
        return self._weather.choice(faults)

    # --- what came of it ------------------------------------------------------------------

    def report(self, mode: str, seed: int) -> Report:
        """Compare what stands in the channels with what should, and with the store."""
        differences = {
            channel_id: compare(self._wanted(channel_id), self._posts(channel_id))
            for channel_id in self.channels
        }
        for channel_id, difference in differences.items():
            if difference:
                titles = ", ".join(self._titles(channel_id))
                self.problems.append(f"channel {channel_id}: {difference}: {titles}")
        for channel_id, editions in self._instead.items():
            for edition in editions:
                if isinstance(edition, Followed) and not any(
                    map(edition.brought_by, self._posts(channel_id))
                ):
                    self.problems.append(f"channel {channel_id}: not what its person follows")
        recorded = {
            id_
            for (id_,) in self._rows("select message_id from messages where message_id is not null")
        }
        stands = {m.id for channel_id in self.channels for m in self._posts(channel_id)}
        if recorded != stands:
            self.problems.append(
                f"the store knows {len(recorded - stands)} messages that Discord has not, "
                f"and not {len(stands - recorded)} that it has"
            )
        if unfinished := self._left_open():
            self.problems.append(f"{unfinished} deliveries are left open")
        tracebacks = log_of(self._folder).count("Traceback")
        if tracebacks:
            self.problems.append(f"{tracebacks} tracebacks in the log")
        return Report(
            mode=mode,
            seed=seed,
            kills=self.kills,
            restarts=self.starts - 1,
            faults=sum(rule.hits for rule in self._rules),
            lost=sum(difference.lost for difference in differences.values()),
            doubled=sum(difference.doubled for difference in differences.values()),
            disordered=sum(difference.disordered for difference in differences.values()),
            problems=tuple(self.problems),
        )
