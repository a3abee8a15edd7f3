"""A loopback Discord: its REST API and its gateway on 127.0.0.1, over real sockets.

    async with LoopbackDiscord() as discord_server:
        channel_id = discord_server.add_channel(discord_server.add_guild("lab"), "papers")
        ...  # let a bot log in with `discord_server.url` and `discord_server.token`
        assert discord_server.messages(channel_id)

What it answers is written from Discord's documentation, never from what a bot of ours expects.
As its own process, with a world of a given size, which it describes in one line of JSON:

    python -m tests.loopback.discord_server --port 8080 --guilds 10 --channels 3
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Final, Self

import orjson
from aiohttp import web

from tests.loopback.discord_errors import Json
from tests.loopback.discord_faults import Fault, Faults, Rule
from tests.loopback.discord_gateway import MESSAGE_CONTENT, Gateway
from tests.loopback.discord_interactions import Interaction, Interactions
from tests.loopback.discord_limits import RateLimits, Rates, Tally
from tests.loopback.discord_objects import TEXT, Event, Message
from tests.loopback.discord_permissions import EVERYONE, Overwrite, Permission
from tests.loopback.discord_rest import API, Rest
from tests.loopback.discord_world import NONCE_REMEMBERED, World

TOKEN: Final = "bG9vcGJhY2s.loopback.token"
HEARTBEAT: Final = 41.25
"""Seconds between heartbeats, as Discord asks for."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class LoopbackDiscord:
    """A Discord with one bot in it; ids of what tests add are the same in every run.

    `rates` are the limits, `now` the clock of messages and nonces, `shards` what
    `GET /gateway/bot` recommends, `bot_permissions` what the bot's role grants in every server,
    `privileged_intents` those the bot may ask for (none), `heartbeat` the interval in seconds.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        token: str = TOKEN,
        rates: Rates | None = None,
        now: Callable[[], datetime] = _utc_now,
        nonce_remembered: timedelta = NONCE_REMEMBERED,
        shards: int = 1,
        bot_permissions: int = EVERYONE,
        privileged_intents: int = 0,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self.token = token
        self.world = World(
            now=now, nonce_remembered=nonce_remembered, bot_permissions=bot_permissions
        )
        self.gateway = Gateway(
            self.world, token=token, privileged=privileged_intents, heartbeat=heartbeat
        )
        self.limits = RateLimits(rates or Rates())
        self._interactions = Interactions(self.world)
        self._faults = Faults()
        self._rest = Rest(
            self.world,
            self.gateway,
            self._interactions,
            self.limits,
            self._faults,
            token=token,
            shards=shards,
            reads_content=bool(privileged_intents & MESSAGE_CONTENT),
        )
        self._port = port
        self._runner: web.AppRunner | None = None
        self._happened = asyncio.Event()
        self.world.listeners.append(self._wake)

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(
            self._rest.application(), access_log=None, shutdown_timeout=0.5
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.gateway.url = f"ws://127.0.0.1:{self._port}/gateway"
        self.gateway.resume_url = f"{self.gateway.url}/resume"
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._faults.end()
        self.gateway.end()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The base of the REST API, which a client puts before every route."""
        return f"http://127.0.0.1:{self._port}{API}"

    # --- the world ------------------------------------------------------------------------

    def add_guild(self, name: str) -> int:
        """A server with the bot in it. Connected shards learn of it as of one just joined."""
        return self.world.add_guild(name).id

    def add_channel(self, guild_id: int, name: str, kind: int = TEXT) -> int:
        """A channel of a server."""
        return self.world.add_channel(self.world.guilds[guild_id], name, kind).id

    def add_user(self, name: str, *, locale: str = "en-US") -> int:
        """A person, in no server yet."""
        return self.world.add_user(name, locale=locale).id

    def add_member(
        self, guild_id: int, name: str, permissions: int = 0, *, locale: str = "en-US"
    ) -> int:
        """A new person in a server; `permissions` beyond everyone's come by a role of their own."""
        guild = self.world.guilds[guild_id]
        user = self.world.add_user(name, locale=locale)
        role_ids = []
        if permissions:
            role_ids.append(self.world.add_role(guild, f"{name}'s role", permissions).id)
        self.world.add_member(guild, user, role_ids)
        return user.id

    def add_role(self, guild_id: int, name: str, *, mentionable: bool = False) -> int:
        """A role of a server."""
        guild = self.world.guilds[guild_id]
        return self.world.add_role(guild, name, mentionable=mentionable).id

    @property
    def commands(self) -> list[Json]:
        """The global commands that the bot registered."""
        return self.world.commands

    def messages(self, channel_id: int) -> list[Message]:
        """What stands in a channel, oldest first."""
        return list(self.world.channels[channel_id].messages.values())

    async def posted(self, channel_id: int, count: int = 1, *, within: float = 30) -> list[Message]:
        """What stands in a channel, once there are `count` messages."""
        async with asyncio.timeout(within):
            while len(messages := self.messages(channel_id)) < count:
                await self._happened.wait()
        return messages

    def direct_messages(self, user_id: int) -> list[Message]:
        """What stands between the bot and a person, oldest first."""
        return self.messages(self.world.direct_channel(self.world.users[user_id]).id)

    def _wake(self, _event: Event) -> None:
        self._happened.set()
        self._happened = asyncio.Event()

    # --- permissions ----------------------------------------------------------------------

    def forbid(self, channel_id: int, code: int = 50013) -> None:
        """Refuse the bot: 50013 lets it see the channel and not send, 50001 hides it."""
        denied = {50013: Permission.SEND_MESSAGES, 50001: Permission.VIEW_CHANNEL}[code]
        self.deny(channel_id, denied)

    def deny(self, channel_id: int, permissions: int) -> None:
        """Deny the bot some permissions in a channel, and no others."""
        bot_id = self.world.bot.id
        overwrite = Overwrite(bot_id, kind=1, deny=int(permissions))
        self.world.overwrite(self.world.channels[channel_id], bot_id, overwrite)

    def allow(self, channel_id: int) -> None:
        """Lift what was denied the bot in a channel."""
        self.world.overwrite(self.world.channels[channel_id], self.world.bot.id, None)

    def remove_channel(self, channel_id: int) -> Callable[[], None]:
        """Delete a channel (10003 from now on); what is returned restores it, messages and all."""
        return self.world.remove_channel(self.world.channels[channel_id])

    def expel_bot(self, guild_id: int) -> None:
        """A server throws the bot out: it cannot reach its channels any more."""
        self.world.expel_bot(self.world.guilds[guild_id])

    def invite_bot(self, guild_id: int) -> None:
        """A server takes the bot in again."""
        self.world.invite_bot(self.world.guilds[guild_id])

    def shut_direct_messages(self, user_id: int, *, shut: bool = True) -> None:
        """Messages to this person are refused with 50007."""
        self.world.users[user_id].takes_messages = not shut

    # --- what people do -------------------------------------------------------------------

    def say(self, channel_id: int, user_id: int, content: str) -> Message:
        """Somebody writes in a channel."""
        world = self.world
        message = world.compose(
            world.channels[channel_id], world.users[user_id], {"content": content}
        )
        world.put(message)
        return message

    def react(self, channel_id: int, message_id: int, user_id: int, emoji: str) -> None:
        """Somebody reacts to a message."""
        channel = self.world.channels[channel_id]
        message = self.world.message(channel, message_id)
        self.world.react(channel, message, self.world.users[user_id], emoji)

    def unreact(self, channel_id: int, message_id: int, user_id: int, emoji: str) -> None:
        """Somebody takes a reaction back."""
        channel = self.world.channels[channel_id]
        message = self.world.message(channel, message_id)
        self.world.unreact(channel, message, self.world.users[user_id], emoji)

    def clear_reactions(self, channel_id: int, message_id: int, emoji: str | None = None) -> None:
        """A moderator takes all reactions of a message away, or all of one emoji."""
        channel = self.world.channels[channel_id]
        message = self.world.message(channel, message_id)
        if emoji is None:
            self.world.clear_reactions(channel, message)
        else:
            self.world.clear_emoji(channel, message, emoji)

    def delete(self, channel_id: int, *message_ids: int) -> None:
        """A moderator deletes a message, or several at once."""
        channel = self.world.channels[channel_id]
        messages = [self.world.message(channel, message_id) for message_id in message_ids]
        if len(messages) == 1:
            self.world.delete(messages[0])
        else:
            self.world.delete_many(channel, messages)

    async def slash(
        self,
        channel_id: int,
        user_id: int,
        command: str,
        options: Mapping[str, Any] | None = None,
        *,
        forged: bool = False,
    ) -> Interaction:
        """Somebody runs a command, subcommands after a space: `await …slash(c, u, "help")`.

        Waits until the shard that gets it is connected; `LookupError` and `ValueError` for what
        Discord's own client would not let them send. A `forged` one may come from where the
        command is not offered.
        """
        await self._reachable(channel_id)
        world = self.world
        return self._interactions.slash(
            world.channels[channel_id], world.users[user_id], command, options or {}, forged=forged
        )

    async def menu(self, message: Message, user_id: int, command: str) -> Interaction:
        """Somebody chooses a command in the menu of a message."""
        await self._reachable(message.channel_id)
        world = self.world
        return self._interactions.menu(
            world.channels[message.channel_id], world.users[user_id], command, message
        )

    async def autocomplete(
        self,
        channel_id: int,
        user_id: int,
        command: str,
        focused: str,
        options: Mapping[str, Any],
    ) -> Interaction:
        """Somebody types the option `focused` of a command, and asks for `choices()`."""
        await self._reachable(channel_id)
        world = self.world
        return self._interactions.slash(
            world.channels[channel_id], world.users[user_id], command, options, focused=focused
        )

    async def click(self, message: Message, user_id: int, custom_id: str) -> Interaction:
        """Somebody clicks a button of a message."""
        await self._reachable(message.channel_id)
        world = self.world
        return self._interactions.click(
            world.channels[message.channel_id], message, world.users[user_id], custom_id
        )

    async def choose(
        self, message: Message, user_id: int, custom_id: str, *values: str
    ) -> Interaction:
        """Somebody chooses options of a select of a message."""
        await self._reachable(message.channel_id)
        world = self.world
        return self._interactions.choose(
            world.channels[message.channel_id], message, world.users[user_id], custom_id, values
        )

    async def forge(
        self, message: Message, user_id: int, custom_id: str, values: Sequence[str] | None = None
    ) -> Interaction:
        """Somebody sends the click of a button that the message does not have, or with `values`
        the choice from a select."""
        await self._reachable(message.channel_id)
        world = self.world
        return self._interactions.forge(
            world.channels[message.channel_id], message, world.users[user_id], custom_id, values
        )

    async def submit(
        self, opener: Interaction, texts: Mapping[str, str], *, custom_id: str | None = None
    ) -> Interaction:
        """Who was shown a modal fills it in, by the custom ids of its inputs; with a `custom_id`
        of their own as a forged client would."""
        await opener.modal()
        await self._reachable(opener.channel.id)
        return self._interactions.submit(opener, texts, custom_id=custom_id)

    async def _reachable(self, channel_id: int) -> None:
        guild_id = self.world.channels[channel_id].guild_id
        await self.gateway.serving(guild_id)

    # --- what goes wrong ------------------------------------------------------------------

    @property
    def tally(self) -> Tally:
        """What was answered so far."""
        return self._rest.tally

    def inject(self, fault: Fault, method: str, path: str, *, times: int | None = 1) -> Rule:
        """Let a fault meet the next requests of a kind, such as `"POST", "/channels/*/messages"`.

        `times` of them, or every one with `None`. The rule that is returned tells and ends it.
        """
        return self._faults.add(Rule(fault, method=method, path=path, times=times))

    def delay_answers(self, seconds: float) -> None:
        """Let every answer of the REST API take this much longer."""
        self._rest.latency = seconds

    def forget_nonces(self) -> None:
        """As if the few minutes in which Discord remembers a nonce were over."""
        self.world.forget_nonces()


async def serve(arguments: Iterable[str]) -> None:
    """Serve until SIGTERM or SIGINT; the first line of output describes the world."""
    parser = argparse.ArgumentParser(prog="python -m tests.loopback.discord_server")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--guilds", type=int, default=1)
    parser.add_argument("--channels", type=int, default=1, help="in each server")
    parser.add_argument("--unlimited", action="store_true", help="no rate limits")
    wanted = parser.parse_args(list(arguments))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, stop.set)
    rates = Rates.off() if wanted.unlimited else Rates()
    async with LoopbackDiscord(port=wanted.port, rates=rates) as discord_server:
        guilds = {}
        for number in range(wanted.guilds):
            guild_id = discord_server.add_guild(f"server {number}")
            guilds[str(guild_id)] = [
                str(discord_server.add_channel(guild_id, f"channel-{n}"))
                for n in range(wanted.channels)
            ]
        world = {"url": discord_server.url, "token": discord_server.token, "guilds": guilds}
        sys.stdout.write(orjson.dumps(world).decode() + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1:]))
