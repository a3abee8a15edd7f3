"""The loopback Discord, used by discord.py over real sockets and, where discord.py is too polite
to show it, by bare requests."""

import asyncio
import io
import json
import signal
import sys
import zlib
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.loopback.discord_errors import Json
from tests.loopback.discord_faults import Broken, Cut, Denied, Held, Late, Page, RateLimited
from tests.loopback.discord_gateway import MESSAGE_CONTENT, Close, Op
from tests.loopback.discord_limits import Rate, Rates
from tests.loopback.discord_objects import ANNOUNCEMENT, CATEGORY, EPHEMERAL, VOICE
from tests.loopback.discord_permissions import EVERYONE, Permission
from tests.loopback.discord_server import LoopbackDiscord

POSTS = ("POST", "/channels/*/messages")
GUILDS_AND_MESSAGES = (1 << 0) | (1 << 9)


async def until(is_so: Callable[[], bool]) -> None:
    """Return once something is so at the other end of a socket, which tells us of nothing."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class Client(discord.AutoShardedClient):
    """A plain client that remembers what it was told."""

    def __init__(self, **options: Any) -> None:
        # Every guild comes right after READY here, so there is nothing to wait for.
        super().__init__(
            guild_ready_timeout=0.05,
            **{"intents": discord.Intents.default(), "max_messages": None} | options,
        )
        self.tree = app_commands.CommandTree(self)
        self.told: list[tuple[str, Any]] = []
        self.resumed = asyncio.Event()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once: the five seconds between shards are for the real Discord."""

    async def on_message(self, message: discord.Message) -> None:
        self.told.append(("message", message.content))

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        self.told.append(("reaction", (event.message_id, event.user_id, str(event.emoji))))

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        self.told.append(("unreaction", (event.message_id, event.user_id, str(event.emoji))))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self.told.append(("join", guild.name))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.told.append(("leave", guild.name))

    async def on_shard_resumed(self, shard_id: int) -> None:
        self.told.append(("resumed", shard_id))

    async def told_of(self, *expected: tuple[str, Any]) -> None:
        await until(lambda: all(event in self.told for event in expected))


@contextmanager
def pointing_at(discord_server: LoopbackDiscord) -> Iterator[None]:
    """Move discord.py's two addresses, and back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Route, "BASE", discord_server.url)
        patch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(discord_server.gateway.url))
        yield


@asynccontextmanager
async def online(
    discord_server: LoopbackDiscord, client: Client | None = None
) -> AsyncGenerator[Client]:
    """A client that is logged in, connected and ready; closed in the end."""
    with pointing_at(discord_server):
        async with client or Client() as client:
            await client.login(discord_server.token)
            connection = asyncio.create_task(client.connect())
            ready = asyncio.create_task(client.wait_until_ready())
            await asyncio.wait({connection, ready}, return_when=asyncio.FIRST_COMPLETED)
            if connection.done():
                ready.cancel()
                connection.result()
            yield client
        await connection


@pytest.fixture
async def discord_server() -> AsyncGenerator[LoopbackDiscord]:
    async with LoopbackDiscord() as running:
        yield running


@pytest.fixture
async def unlimited() -> AsyncGenerator[LoopbackDiscord]:
    async with LoopbackDiscord(rates=Rates.off()) as running:
        yield running


@pytest.fixture
def channel_id(discord_server: LoopbackDiscord) -> int:
    return discord_server.add_channel(discord_server.add_guild("lab"), "papers")


@asynccontextmanager
async def bare(discord_server: LoopbackDiscord) -> AsyncGenerator[aiohttp.ClientSession]:
    """A session with the bot's token and no manners."""
    headers = {"Authorization": f"Bot {discord_server.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield session


@asynccontextmanager
async def posting(
    discord_server: LoopbackDiscord, channel_id: int, body: Json
) -> AsyncGenerator[aiohttp.ClientResponse]:
    url = f"{discord_server.url}/channels/{channel_id}/messages"
    async with bare(discord_server) as session, session.post(url, json=body) as response:
        yield response


async def unanswered(discord_server: LoopbackDiscord, channel_id: int) -> None:
    """Post, and expect no answer."""
    async with posting(discord_server, channel_id, {"content": "x"}):
        pytest.fail("there was an answer")


def text_channel(client: discord.Client, channel_id: int) -> discord.TextChannel:
    channel = client.get_channel(channel_id)
    assert isinstance(channel, discord.TextChannel)
    return channel


def contents(discord_server: LoopbackDiscord, channel_id: int) -> list[str]:
    return [message.content for message in discord_server.messages(channel_id)]


class TestLoggingIn:
    async def test_a_client_becomes_ready_and_knows_its_servers(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        async with online(discord_server) as client:
            assert client.user is not None
            assert client.user.name == "daily-papers"
            assert [guild.name for guild in client.guilds] == ["lab"]
            assert text_channel(client, channel_id).name == "papers"
            me = text_channel(client, channel_id).guild.me
            assert text_channel(client, channel_id).permissions_for(me).embed_links
            assert (await client.application_info()).id == client.application_id
            assert discord_server.gateway.shards == {0}
        assert Route.BASE == "https://discord.com/api/v10"

    async def test_a_wrong_token_is_refused_by_both_doors(
        self, discord_server: LoopbackDiscord
    ) -> None:
        with pointing_at(discord_server):
            async with Client() as client:
                with pytest.raises(discord.LoginFailure):
                    await client.login("wrong")
        assert discord_server.tally.by_status == {401: 1}
        assert discord_server.tally.invalid == 1

        async with gateway(discord_server) as talk:
            await talk.send(Op.IDENTIFY, {"token": "wrong", "intents": 1, "properties": {}})
            assert await talk.closed() == Close.AUTHENTICATION_FAILED

    async def test_a_server_that_takes_the_bot_in_later_is_joined_and_one_that_ends_it_is_left(
        self, discord_server: LoopbackDiscord
    ) -> None:
        async with online(discord_server) as client:
            guild_id = discord_server.add_guild("new lab")
            await client.told_of(("join", "new lab"))
            channel_id = discord_server.add_channel(guild_id, "papers")
            discord_server.expel_bot(guild_id)
            await client.told_of(("leave", "new lab"))

            with pytest.raises(discord.NotFound):
                await client.fetch_guild(guild_id)
            with pytest.raises(discord.Forbidden) as refused:
                await client.get_partial_messageable(channel_id).send("hello?")
            assert refused.value.code == 50001

            client.told.clear()
            discord_server.invite_bot(guild_id)
            await client.told_of(("join", "new lab"))
            assert (await client.fetch_guild(guild_id)).name == "new lab"

    async def test_ids_are_the_same_in_every_run(self) -> None:
        async with LoopbackDiscord() as first, LoopbackDiscord() as second:
            assert first.add_guild("a") == second.add_guild("a")
            assert first.add_user("ann") == second.add_user("ann")


class TestPosting:
    async def test_a_message_is_stored_answered_and_announced(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        before = datetime.now(UTC) - timedelta(seconds=1)
        async with online(discord_server) as client:
            embed = discord.Embed(title="A paper", url="https://arxiv.org/abs/2406.01574")
            embed.set_footer(text="1st of 2024-06-04")
            view = discord.ui.View()
            view.add_item(discord.ui.Button(label="arXiv", url="https://arxiv.org"))
            sent = await text_channel(client, channel_id).send("Hello", embed=embed, view=view)
            await client.told_of(("message", "Hello"))

        (stored,) = discord_server.messages(channel_id)
        assert stored.id == sent.id
        assert before < stored.sent_at <= datetime.now(UTC)
        assert stored.author.is_bot
        assert stored.embeds[0]["title"] == "A paper"
        assert stored.components[0]["components"][0]["url"] == "https://arxiv.org"
        assert sent.embeds[0].footer.text == "1st of 2024-06-04"

    async def test_files_come_as_a_form(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        async with online(discord_server) as client:
            file = discord.File(io.BytesIO(b"@article{}"), "paper.bib")
            sent = await text_channel(client, channel_id).send("cite", file=file)
        assert sent.attachments[0].filename == "paper.bib"
        assert discord_server.messages(channel_id)[0].attachments[0]["size"] == 10

    async def test_history_is_read_in_pages_from_either_end(
        self, unlimited: LoopbackDiscord
    ) -> None:
        channel_id = unlimited.add_channel(unlimited.add_guild("lab"), "papers")
        user_id = unlimited.add_member(next(iter(unlimited.world.guilds)), "ann")
        said = [
            unlimited.say(channel_id, user_id, f"<@{unlimited.world.bot.id}> {n}")
            for n in range(130)
        ]
        async with online(unlimited) as client:
            channel = text_channel(client, channel_id)
            newest = [message async for message in channel.history(limit=None)]
            oldest = [message async for message in channel.history(limit=None, after=said[9])]
            middle = [m async for m in channel.history(limit=5, around=discord.Object(said[60].id))]
            one = await channel.fetch_message(said[7].id)
        assert [message.id for message in newest] == [message.id for message in said[::-1]]
        assert [message.id for message in oldest] == [message.id for message in said[10:]]
        assert sorted(message.id for message in middle) == [m.id for m in said[58:63]]
        assert one.content.endswith(" 7")

    @pytest.mark.parametrize(
        "query", ["limit=101", "limit=0", "limit=x", "before=1&after=1"], ids=lambda query: query
    )
    async def test_a_page_is_asked_for_in_one_way_and_of_100_at_most(
        self, discord_server: LoopbackDiscord, channel_id: int, query: str
    ) -> None:
        url = f"{discord_server.url}/channels/{channel_id}/messages?{query}"
        async with bare(discord_server) as session, session.get(url) as response:
            assert response.status == 400
            assert (await response.json())["code"] == 50035

    async def test_messages_are_edited_and_deleted_by_their_author_alone(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        user_id = discord_server.add_member(next(iter(discord_server.world.guilds)), "ann")
        others = discord_server.say(channel_id, user_id, "mine")
        async with online(discord_server) as client:
            channel = text_channel(client, channel_id)
            message = await channel.send("first", nonce="n")
            edited = await message.edit(content="second")
            assert edited.edited_at is not None
            with pytest.raises(discord.Forbidden) as refused:
                await channel.get_partial_message(others.id).edit(content="yours")
            assert refused.value.code == 50005
            with pytest.raises(discord.Forbidden):
                await channel.get_partial_message(others.id).delete()
            assert contents(discord_server, channel_id) == ["mine", "second"]
            await message.delete()
            with pytest.raises(discord.NotFound) as gone:
                await channel.fetch_message(message.id)
            assert gone.value.code == 10008
        assert contents(discord_server, channel_id) == ["mine"]

    async def test_direct_messages_reach_a_person_unless_they_shut_them(
        self, discord_server: LoopbackDiscord
    ) -> None:
        user_id = discord_server.add_user("ann")
        async with online(discord_server) as client:
            user = await client.fetch_user(user_id)
            await user.send("psst")
            await client.told_of(("message", "psst"))
            discord_server.shut_direct_messages(user_id)
            with pytest.raises(discord.Forbidden) as refused:
                await user.send("hello?")
            assert refused.value.code == 50007
        assert [m.content for m in discord_server.direct_messages(user_id)] == ["psst"]

    async def test_words_of_others_are_hidden_without_the_intent(self) -> None:
        for intents, seen in ((0, ""), (MESSAGE_CONTENT, "secret")):
            async with LoopbackDiscord(privileged_intents=intents) as discord_server:
                guild_id = discord_server.add_guild("lab")
                channel_id = discord_server.add_channel(guild_id, "papers")
                user_id = discord_server.add_member(guild_id, "ann")
                wanted = discord.Intents.default()
                wanted.message_content = bool(intents)
                async with online(discord_server, Client(intents=wanted)) as client:
                    said = discord_server.say(channel_id, user_id, "secret")
                    await client.told_of(("message", seen))
                    fetched = await text_channel(client, channel_id).fetch_message(said.id)
                    assert fetched.content == seen

    async def test_a_post_pings_only_whom_it_is_allowed_to(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        guild_id = next(iter(discord_server.world.guilds))
        user_id = discord_server.add_member(guild_id, "ann")
        open_role = discord_server.add_role(guild_id, "readers", mentionable=True)
        closed_role = discord_server.add_role(guild_id, "staff")
        words = f"@everyone <@{user_id}> <@&{open_role}> <@&{closed_role}>"
        async with online(discord_server) as client:
            channel = text_channel(client, channel_id)
            await channel.send(words)
            await channel.send(words, allowed_mentions=discord.AllowedMentions.none())
            one = discord.AllowedMentions(
                everyone=False, users=False, roles=[discord.Object(open_role)]
            )
            await channel.send(words, allowed_mentions=one)
        loud, silent, chosen = discord_server.messages(channel_id)
        assert [user.id for user in loud.mentions] == [user_id]
        assert (loud.mention_roles, loud.mention_everyone) == ([open_role], False)
        assert (silent.mentions, silent.mention_roles) == ([], [])
        assert (chosen.mentions, chosen.mention_roles) == ([], [open_role])

    async def test_everyone_is_pinged_by_a_bot_that_may(self) -> None:
        may = EVERYONE | Permission.MENTION_EVERYONE
        async with LoopbackDiscord(bot_permissions=may) as discord_server:
            guild_id = discord_server.add_guild("lab")
            channel_id = discord_server.add_channel(guild_id, "papers")
            async with posting(discord_server, channel_id, {"content": "@here!"}) as response:
                assert (await response.json())["mention_everyone"] is True


class TestNonces:
    async def test_the_same_nonce_returns_the_first_message(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        other_id = discord_server.add_channel(next(iter(discord_server.world.guilds)), "other")
        async with online(discord_server) as client:
            first = await text_channel(client, channel_id).send("once", nonce="a")
            again = await text_channel(client, channel_id).send("twice", nonce="a")
            other = await text_channel(client, other_id).send("elsewhere", nonce="a")
        assert again.id == first.id
        assert again.content == "once"
        assert other.id != first.id
        assert contents(discord_server, channel_id) == ["once"]

    async def test_it_is_not_compared_unless_that_is_asked_for(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        for body in ({"content": "1", "nonce": 7}, {"content": "2", "nonce": 7}):
            async with posting(discord_server, channel_id, body) as response:
                assert (await response.json())["nonce"] == 7
        assert contents(discord_server, channel_id) == ["1", "2"]

    async def test_it_is_forgotten_after_some_minutes(self) -> None:
        clock = [datetime(2024, 6, 4, 9, tzinfo=UTC)]
        async with LoopbackDiscord(
            now=lambda: clock[0], nonce_remembered=timedelta(minutes=5), rates=Rates.off()
        ) as discord_server:
            channel_id = discord_server.add_channel(discord_server.add_guild("lab"), "papers")
            body = {"content": "x", "nonce": "a", "enforce_nonce": True}
            ids = []
            for minutes in (0, 5, 1):
                clock[0] += timedelta(minutes=minutes)
                async with posting(discord_server, channel_id, body) as response:
                    ids.append((await response.json())["id"])
            assert ids[0] == ids[1] != ids[2]
            discord_server.forget_nonces()
            async with posting(discord_server, channel_id, body) as response:
                assert (await response.json())["id"] not in ids
            assert discord_server.messages(channel_id)[0].sent_at == datetime(
                2024, 6, 4, 9, tzinfo=UTC
            )

    async def test_it_has_25_characters_at_most(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        body = {"content": "x", "nonce": "n" * 26}
        async with posting(discord_server, channel_id, body) as response:
            assert (await response.json())["errors"]["nonce"]["_errors"]


def _button(**fields: Any) -> Json:
    return {"type": 2, "style": 5, "label": "arXiv", "url": "https://arxiv.org"} | fields


def _row(*children: Json) -> Json:
    return {"components": [{"type": 1, "components": list(children)}]}


def _embed(**fields: Any) -> Json:
    return {"embeds": [{"title": "A paper"} | fields]}


OPTIONS = [{"label": "x" * 100, "value": f"{n:0100}", "description": "x" * 100} for n in range(25)]


def _select(**fields: Any) -> Json:
    return {"type": 3, "custom_id": "s", "options": OPTIONS[:1]} | fields


LONGEST = {
    "content": "x" * 2000,
    "embeds": [
        {
            "title": "x" * 256,
            "description": "x" * 1000,
            "url": "https://arxiv.org/abs/2406.01574",
            "color": 0xFFFFFF,
            "timestamp": "2024-06-04T09:00:00+00:00",
            "author": {"name": "x" * 256, "url": "http://example.org:80/?q=1#f"},
            "footer": {"text": "x" * 1000, "icon_url": "attachment://icon.png"},
            "image": {"url": "attachment://image.png"},
            "thumbnail": {"url": "https://example.org/a.png"},
            "fields": [{"name": "x" * 256, "value": "x" * 1024, "inline": True}],
        },
        {"description": f"  {'x' * (6000 - 2 * 256 - 2000 - 256 - 1024)}  "},
    ],
    "components": [
        {
            "type": 1,
            "components": [
                _button(label="x" * 80, url="https://e.org/" + "x" * 498),
                _button(style=1, url=None, custom_id="x" * 100),
                _button(style=6, url=None, label=None, sku_id="1"),
            ],
        },
        {"type": 1, "components": [{"type": 3, "custom_id": "s", "options": OPTIONS}]},
        {"type": 1, "components": [{"type": 5, "custom_id": "u"}]},
        *[{"type": 1, "components": [_button()] * 5}] * 2,
    ],
}

REFUSED = {
    "content.BASE_TYPE_MAX_LENGTH": {"content": "x" * 2001},
    "embeds.BASE_TYPE_MAX_LENGTH": {"embeds": [{"title": "x"}] * 11},
    "embeds.0.title.BASE_TYPE_MAX_LENGTH": _embed(title="x" * 257),
    "embeds.0.description.BASE_TYPE_MAX_LENGTH": _embed(description="x" * 4097),
    "embeds.0.footer.text.BASE_TYPE_MAX_LENGTH": _embed(footer={"text": "x" * 2049}),
    "embeds.0.footer.text.BASE_TYPE_REQUIRED": _embed(footer={"icon_url": "https://e.org"}),
    "embeds.0.author.name.BASE_TYPE_MAX_LENGTH": _embed(author={"name": "x" * 257}),
    "embeds.0.author.name.BASE_TYPE_REQUIRED": _embed(author={"url": "https://e.org"}),
    "embeds.0.fields.BASE_TYPE_MAX_LENGTH": _embed(fields=[{"name": "n", "value": "v"}] * 26),
    "embeds.0.fields.0.name.BASE_TYPE_REQUIRED": _embed(fields=[{"name": " ", "value": "v"}]),
    "embeds.0.fields.0.value.BASE_TYPE_REQUIRED": _embed(fields=[{"name": "n", "value": ""}]),
    "embeds.0.fields.0.name.BASE_TYPE_MAX_LENGTH": _embed(
        fields=[{"name": "n" * 257, "value": "v"}]
    ),
    "embeds.0.fields.0.value.BASE_TYPE_MAX_LENGTH": _embed(
        fields=[{"name": "n", "value": "v" * 1025}]
    ),
    "embeds.MAX_EMBED_SIZE_EXCEEDED": {"embeds": [{"description": "x" * 3001}] * 2},
    "embeds.0.color.NUMBER_TYPE_MAX": _embed(color=0x1000000),
    "embeds.0.timestamp.DATE_TIME_TYPE_PARSE": _embed(timestamp="today"),
    "embeds.0.url.URL_TYPE_INVALID_SCHEME": _embed(url="ftp://example.org"),
    "embeds.0.url.URL_TYPE_INVALID_URL": _embed(url="https://[example"),
    "embeds.0.url.STRING_TYPE_CONVERT": _embed(url=1),
    "embeds.0.url.BASE_TYPE_MAX_LENGTH": _embed(url="https://e.org/" + "x" * 2048),
    "embeds.0.author.url.URL_TYPE_INVALID_SCHEME": _embed(author={"name": "n", "url": ""}),
    "embeds.0.image.url.URL_TYPE_INVALID_URL": _embed(image={"url": "https://e.org/a b.png"}),
    "embeds.0.image.url.BASE_TYPE_REQUIRED": _embed(image={}) | {"embeds": [{"image": {"x": 1}}]},
    "embeds.0.thumbnail.url.URL_TYPE_INVALID_SCHEME": _embed(
        thumbnail={"url": "/avatars/1f2e.svg"}
    ),
    "embeds.0.thumbnail.url.URL_TYPE_INVALID_URL": _embed(thumbnail={"url": "https://localhost"}),
    "allowed_mentions.MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE": {
        "content": "x",
        "allowed_mentions": {"parse": ["roles"], "roles": ["1"]},
    },
    "components.BASE_TYPE_MAX_LENGTH": {"components": [{"type": 1, "components": [_button()]}] * 6},
    "components.0.type.BASE_TYPE_CHOICES": {"components": [_button()]},
    "components.0.components.BASE_TYPE_BAD_LENGTH": _row(*[_button()] * 6),
    "components.0.components.COMPONENT_LAYOUT_WIDTH_EXCEEDED": _row(
        _button(), {"type": 5, "custom_id": "u"}
    ),
    "components.0.components.0.label.BASE_TYPE_MAX_LENGTH": _row(_button(label="x" * 81)),
    "components.0.components.0.label.BASE_TYPE_REQUIRED": _row(_button(label="")),
    "components.0.components.0.url.BASE_TYPE_REQUIRED": _row(_button(url=None)),
    "components.0.components.0.url.BASE_TYPE_MAX_LENGTH": _row(
        _button(url="https://e.org/" + "x" * 499)
    ),
    "components.0.components.0.url.URL_TYPE_INVALID_SCHEME": _row(_button(url="mailto:a@b.c")),
    "components.0.components.0.custom_id.BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE": _row(
        _button(custom_id="a")
    ),
    "components.0.components.0.style.BASE_TYPE_CHOICES": _row(_button(style=7, custom_id="a")),
    "components.0.components.0.custom_id.BASE_TYPE_REQUIRED": _row(_button(style=1)),
    "components.0.components.0.custom_id.BASE_TYPE_MAX_LENGTH": _row(
        _button(style=1, custom_id="x" * 101)
    ),
    "components.0.components.1.custom_id.COMPONENT_CUSTOM_ID_DUPLICATED": _row(
        _button(style=1, custom_id="a"), _button(style=2, custom_id="a")
    ),
    "components.0.components.0.options.BASE_TYPE_BAD_LENGTH": _row(
        {"type": 3, "custom_id": "s", "options": [*OPTIONS, OPTIONS[0] | {"value": "26"}]}
    ),
    "components.0.components.0.options.0.label.BASE_TYPE_REQUIRED": _row(
        _select(options=[{"value": "a"}])
    ),
    "components.0.components.0.options.0.label.BASE_TYPE_MAX_LENGTH": _row(
        _select(options=[{"label": "x" * 101, "value": "a"}])
    ),
    "components.0.components.0.options.0.value.BASE_TYPE_MAX_LENGTH": _row(
        _select(options=[{"label": "x", "value": "a" * 101}])
    ),
    "components.0.components.0.options.0.description.BASE_TYPE_MAX_LENGTH": _row(
        _select(options=[{"label": "x", "value": "a", "description": "x" * 101}])
    ),
    "components.0.components.0.options.1.value.SELECT_COMPONENT_OPTION_VALUE_DUPLICATED": _row(
        _select(options=[{"label": "x", "value": "a"}] * 2)
    ),
    "components.0.components.0.placeholder.BASE_TYPE_MAX_LENGTH": _row(
        _select(placeholder="x" * 151)
    ),
    "components.0.components.0.min_values.NUMBER_TYPE_MAX": _row(_select(min_values=26)),
    "components.0.components.0.max_values.NUMBER_TYPE_MIN": _row(_select(max_values=0)),
    "components.0.components.0.type.BASE_TYPE_CHOICES": _row({"type": 4, "custom_id": "t"}),
    "content.MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2": {
        "content": "x",
        "flags": 1 << 15,
    },
}


class TestValidation:
    @pytest.mark.parametrize(("told", "body"), REFUSED.items(), ids=REFUSED)
    async def test_what_discord_does_not_take_is_refused_where_it_is_wrong(
        self, discord_server: LoopbackDiscord, channel_id: int, told: str, body: Json
    ) -> None:
        async with posting(discord_server, channel_id, body) as response:
            answer = await response.json()
        assert (response.status, answer["code"]) == (400, 50035)
        *path, code = told.split(".")
        errors = answer["errors"]
        for step in path:
            errors = errors[step]
        assert code in [error["code"] for error in errors["_errors"]]
        assert discord_server.messages(channel_id) == []

    async def test_everything_at_its_longest_is_taken(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        async with posting(discord_server, channel_id, LONGEST) as response:
            assert response.status == 200, await response.text()

    @pytest.mark.parametrize("body", [{}, {"content": " \n"}, {"embeds": [{"color": 1}]}], ids=str)
    async def test_an_empty_message_is_refused(
        self, discord_server: LoopbackDiscord, channel_id: int, body: Json
    ) -> None:
        async with posting(discord_server, channel_id, body) as response:
            assert (response.status, (await response.json())["code"]) == (400, 50006)

    async def test_a_message_of_new_components_alone_is_taken(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        body = {"flags": 1 << 15, "components": [{"type": 10, "content": "text"}]}
        async with posting(discord_server, channel_id, body) as response:
            assert response.status == 200

    async def test_a_body_of_the_wrong_kind_is_refused(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        url = f"{discord_server.url}/channels/{channel_id}/messages"
        async with bare(discord_server) as session:
            headers = {"Content-Type": "application/json"}
            async with session.post(url, data=b"{", headers=headers) as response:
                assert (response.status, (await response.json())["code"]) == (400, 50109)
            async with session.post(url, data=b"hello") as response:
                assert (response.status, (await response.json())["code"]) == (400, 50035)
            async with session.post(url, json=["hello"]) as response:
                assert (response.status, (await response.json())["code"]) == (400, 50035)
            url = f"{discord_server.url}/users/@me/channels"
            for body, code in (({}, 50035), ({"recipient_id": "1"}, 10013)):
                async with session.post(url, json=body) as response:
                    assert (await response.json())["code"] == code

    async def test_a_category_takes_no_messages(self, discord_server: LoopbackDiscord) -> None:
        guild_id = discord_server.add_guild("lab")
        category_id = discord_server.add_channel(guild_id, "research", CATEGORY)
        async with posting(discord_server, category_id, {"content": "x"}) as response:
            assert (response.status, (await response.json())["code"]) == (400, 50008)

    async def test_every_answer_in_json_says_so_without_a_charset(
        self, discord_server: LoopbackDiscord
    ) -> None:
        async with bare(discord_server) as session:
            for path, status in (("/users/@me", 200), ("/channels/1", 404), ("/nothing", 404)):
                async with session.get(discord_server.url + path) as response:
                    assert response.status == status
                    assert response.headers["content-type"] == "application/json"
        assert discord_server.tally.by_status == {200: 1, 404: 2}
        assert discord_server.tally.invalid == 0


class TestPermissions:
    @pytest.mark.parametrize("code", [50013, 50001])
    async def test_a_forbidden_channel_refuses_until_it_is_allowed_again(
        self, discord_server: LoopbackDiscord, channel_id: int, code: int
    ) -> None:
        async with online(discord_server) as client:
            channel = client.get_partial_messageable(channel_id)
            discord_server.forbid(channel_id, code)
            with pytest.raises(discord.Forbidden) as refused:
                await channel.send("x")
            assert refused.value.code == code
            discord_server.allow(channel_id)
            await channel.send("y")
        assert contents(discord_server, channel_id) == ["y"]
        assert discord_server.tally.invalid == 1

    async def test_each_permission_is_needed_for_what_it_names(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        async with online(discord_server) as client:
            channel = client.get_partial_messageable(channel_id)
            message = await channel.send("x")

            discord_server.deny(channel_id, Permission.EMBED_LINKS)
            with pytest.raises(discord.Forbidden):
                await channel.send(embed=discord.Embed(title="x"))
            discord_server.deny(channel_id, Permission.ATTACH_FILES)
            with pytest.raises(discord.Forbidden):
                await channel.send(file=discord.File(io.BytesIO(b"x"), "x"))
            discord_server.deny(channel_id, Permission.ADD_REACTIONS)
            with pytest.raises(discord.Forbidden):
                await message.add_reaction("👍")
            discord_server.deny(channel_id, Permission.READ_MESSAGE_HISTORY)
            assert [m async for m in channel.history()] == []
            with pytest.raises(discord.Forbidden):
                await channel.fetch_message(message.id)
            discord_server.deny(channel_id, Permission.VIEW_CHANNEL)
            with pytest.raises(discord.Forbidden):
                await client.fetch_channel(channel_id)

    async def test_the_client_hears_of_a_change(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        async with online(discord_server) as client:
            channel = text_channel(client, channel_id)
            changed = asyncio.create_task(client.wait_for("guild_channel_update", timeout=10))
            await asyncio.sleep(0)
            discord_server.forbid(channel_id)
            await changed
            mine = channel.permissions_for(channel.guild.me)
            assert mine.view_channel
            assert not mine.send_messages

    async def test_a_channel_that_is_removed_is_unknown_until_it_is_restored(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        async with online(discord_server) as client:
            channel = client.get_partial_messageable(channel_id)
            await channel.send("before")
            restore = discord_server.remove_channel(channel_id)
            with pytest.raises(discord.NotFound) as unknown:
                await channel.send("x")
            assert unknown.value.code == 10003
            restore()
            await channel.send("after")
        assert contents(discord_server, channel_id) == ["before", "after"]

    async def test_direct_messages_cannot_be_removed(self, discord_server: LoopbackDiscord) -> None:
        user_id = discord_server.add_user("ann")
        channel = discord_server.world.direct_channel(discord_server.world.users[user_id])
        with pytest.raises(ValueError, match="not deleted"):
            discord_server.remove_channel(channel.id)

    async def test_an_administrator_may_do_all_and_a_stranger_nothing(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        world = discord_server.world
        guild_id = next(iter(world.guilds))
        admin = discord_server.add_member(guild_id, "ann", Permission.ADMINISTRATOR)
        stranger = discord_server.add_user("bob")
        channel = world.channels[channel_id]
        assert world.permissions(channel, admin) & Permission.MANAGE_MESSAGES
        assert world.permissions(channel, stranger) == 0

    async def test_every_kind_of_channel_is_understood(
        self, discord_server: LoopbackDiscord
    ) -> None:
        guild_id = discord_server.add_guild("lab")
        news = discord_server.add_channel(guild_id, "news", ANNOUNCEMENT)
        voice = discord_server.add_channel(guild_id, "talk", VOICE)
        async with online(discord_server) as client:
            assert text_channel(client, news).is_news()
            assert isinstance(client.get_channel(voice), discord.VoiceChannel)
            fetched = await (await client.fetch_guild(guild_id)).fetch_channels()
            assert {channel.id for channel in fetched} == {news, voice}


class TestReactions:
    async def test_they_come_and_go_and_are_counted(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        user_id = discord_server.add_member(next(iter(discord_server.world.guilds)), "ann")
        async with online(discord_server) as client:
            assert client.user is not None
            message = await text_channel(client, channel_id).send("x")
            await message.add_reaction("👍")
            await message.add_reaction("👍")
            discord_server.react(channel_id, message.id, user_id, "👍")
            await client.told_of(("reaction", (message.id, user_id, "👍")))

            fetched = await message.channel.fetch_message(message.id)
            assert [(r.emoji, r.count, r.me) for r in fetched.reactions] == [("👍", 2, True)]
            users = {user.id async for user in fetched.reactions[0].users()}
            assert users == {client.user.id, user_id}

            await message.remove_reaction("👍", client.user)
            discord_server.unreact(channel_id, message.id, user_id, "👍")
            await client.told_of(("unreaction", (message.id, user_id, "👍")))
            with pytest.raises(discord.NotFound):
                await message.remove_reaction("👍", client.user)
            with pytest.raises(discord.HTTPException):
                await message.add_reaction("thumbs")
        assert discord_server.messages(channel_id)[0].reactions == {}

    async def test_those_of_others_are_removed_by_who_manages_messages(self) -> None:
        may = EVERYONE | Permission.MANAGE_MESSAGES
        rates = Rates.off()
        async with LoopbackDiscord(bot_permissions=may, rates=rates) as discord_server:
            guild_id = discord_server.add_guild("lab")
            channel_id = discord_server.add_channel(guild_id, "papers")
            user_id = discord_server.add_member(guild_id, "ann")
            async with online(discord_server) as client:
                message = await text_channel(client, channel_id).send("x")
                for emoji in ("👍", "🔥"):
                    discord_server.react(channel_id, message.id, user_id, emoji)
                await message.remove_reaction("👍", discord.Object(user_id))
                assert list(discord_server.messages(channel_id)[0].reactions) == ["🔥"]
                await message.clear_reactions()
            assert discord_server.messages(channel_id)[0].reactions == {}


class TestRateLimits:
    async def test_a_client_that_reads_the_headers_waits_and_is_never_refused(self) -> None:
        rates = Rates(messages=Rate(2, 0.2))
        async with LoopbackDiscord(rates=rates) as discord_server:
            channel_id = discord_server.add_channel(discord_server.add_guild("lab"), "papers")
            async with online(discord_server) as client:
                channel = text_channel(client, channel_id)
                await asyncio.gather(*(channel.send(str(n)) for n in range(6)))
            assert sorted(contents(discord_server, channel_id)) == list("012345")
            assert discord_server.tally.by_status[429] == 0

    async def test_a_channel_takes_five_messages_in_its_window(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        other_id = discord_server.add_channel(next(iter(discord_server.world.guilds)), "other")
        for left in (4, 3, 2, 1, 0):
            async with posting(discord_server, channel_id, {"content": "x"}) as response:
                assert response.status == 200
                assert response.headers["X-RateLimit-Limit"] == "5"
                assert response.headers["X-RateLimit-Remaining"] == str(left)
        async with posting(discord_server, channel_id, {"content": "x"}) as response:
            headers, body = response.headers, await response.json()
        assert response.status == 429
        assert body["global"] is False
        assert 0 < body["retry_after"] <= 5
        assert int(headers["Retry-After"]) >= body["retry_after"]
        assert headers["X-RateLimit-Scope"] == "user"
        assert headers["X-RateLimit-Remaining"] == "0"
        assert float(headers["X-RateLimit-Reset-After"]) == pytest.approx(
            body["retry_after"], abs=0.01
        )
        assert "Via" in headers
        async with posting(discord_server, other_id, {"content": "x"}) as response:
            assert response.status == 200
            assert response.headers["X-RateLimit-Bucket"] == headers["X-RateLimit-Bucket"]
        assert discord_server.tally.invalid == 1

    async def test_all_routes_together_have_a_limit_that_interactions_do_not_share(self) -> None:
        rates = Rates(overall=Rate(2, 600.0), messages=None)
        async with (
            LoopbackDiscord(rates=rates) as discord_server,
            bare(discord_server) as session,
        ):
            for _ in range(2):
                async with session.get(f"{discord_server.url}/users/@me") as response:
                    assert response.status == 200
            async with session.get(f"{discord_server.url}/users/@me") as response:
                assert response.status == 429
                assert response.headers["X-RateLimit-Global"] == "true"
                assert response.headers["X-RateLimit-Scope"] == "global"
                assert (await response.json())["global"] is True
            url = f"{discord_server.url}/interactions/1/token/callback"
            async with session.post(url, json={"type": 4}) as response:
                assert response.status == 404

    async def test_a_limit_of_a_shared_resource_is_not_held_against_the_bot(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        discord_server.inject(RateLimited(shared=True), *POSTS)
        async with posting(discord_server, channel_id, {"content": "x"}) as response:
            assert response.status == 429
            assert response.headers["X-RateLimit-Scope"] == "shared"
        assert discord_server.tally.invalid == 0

    @pytest.mark.parametrize("overall", [False, True])
    async def test_a_refusal_out_of_the_blue_is_waited_out(
        self, discord_server: LoopbackDiscord, channel_id: int, *, overall: bool
    ) -> None:
        async with online(discord_server) as client:
            fault = discord_server.inject(RateLimited(0.01, overall=overall), *POSTS, times=2)
            await text_channel(client, channel_id).send("x")
        assert fault.hits == 2
        assert contents(discord_server, channel_id) == ["x"]
        route = "POST /channels/{channel_id}/messages"
        assert discord_server.tally.by_route[route] == 3


class TestFaults:
    @pytest.mark.parametrize("carried_out", [False, True])
    async def test_an_answer_can_be_lost_before_and_after_the_message_was_stored(
        self, discord_server: LoopbackDiscord, channel_id: int, *, carried_out: bool
    ) -> None:
        async with online(discord_server) as client:
            channel = text_channel(client, channel_id)
            fault = discord_server.inject(Cut(carried_out), *POSTS)
            with pytest.raises((OSError, aiohttp.ClientError)):
                await channel.send("x", nonce="a")
            await fault.met()
            assert contents(discord_server, channel_id) == ["x"] * carried_out
            await channel.send("x", nonce="a")
        assert contents(discord_server, channel_id) == ["x"]

    @pytest.mark.parametrize("carried_out", [False, True])
    async def test_a_503_is_told_to_the_caller(
        self, discord_server: LoopbackDiscord, channel_id: int, *, carried_out: bool
    ) -> None:
        async with online(discord_server) as client:
            discord_server.inject(Broken(503, carried_out), *POSTS)
            with pytest.raises(discord.DiscordServerError):
                await text_channel(client, channel_id).send("x")
        assert contents(discord_server, channel_id) == ["x"] * carried_out

    @pytest.mark.parametrize("status", [500, 502, 504])
    async def test_other_faults_of_the_server_carry_their_status(
        self, discord_server: LoopbackDiscord, channel_id: int, status: int
    ) -> None:
        discord_server.inject(Broken(status), *POSTS)
        async with posting(discord_server, channel_id, {"content": "x"}) as response:
            assert response.status == status

    @pytest.mark.parametrize("carried_out", [False, True])
    async def test_a_request_is_held_until_it_is_released(
        self, discord_server: LoopbackDiscord, channel_id: int, *, carried_out: bool
    ) -> None:
        fault = discord_server.inject(Held(carried_out), *POSTS)

        waiting = asyncio.create_task(unanswered(discord_server, channel_id))
        await fault.met()
        assert contents(discord_server, channel_id) == ["x"] * carried_out
        assert not waiting.done()
        fault.release()
        with pytest.raises(aiohttp.ClientError):
            await waiting

    @pytest.mark.parametrize("carried_out", [False, True])
    async def test_a_held_request_may_be_answered_in_the_end(
        self, discord_server: LoopbackDiscord, channel_id: int, *, carried_out: bool
    ) -> None:
        fault = discord_server.inject(Held(carried_out, answered=True), *POSTS)

        async with online(discord_server) as client:
            waiting = asyncio.create_task(text_channel(client, channel_id).send("x"))
            await fault.met()
            assert contents(discord_server, channel_id) == ["x"] * carried_out
            assert not waiting.done()
            fault.release()
            assert (await waiting).content == "x"
        assert contents(discord_server, channel_id) == ["x"]

    @pytest.mark.parametrize("carried_out", [False, True])
    async def test_a_page_stands_in_discords_place(
        self, discord_server: LoopbackDiscord, channel_id: int, *, carried_out: bool
    ) -> None:
        discord_server.inject(Page(429, carried_out, retry_after=7), *POSTS)
        async with posting(discord_server, channel_id, {"content": "x"}) as response:
            assert (response.status, response.content_type) == (429, "text/html")
            assert response.headers["Retry-After"] == "7"
            assert "Via" not in response.headers
        assert contents(discord_server, channel_id) == ["x"] * carried_out

    async def test_a_refusal_needs_no_reason(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        async with online(discord_server) as client:
            discord_server.inject(Denied(403, 50013), *POSTS)
            with pytest.raises(discord.Forbidden) as refused:
                await text_channel(client, channel_id).send("x")
            await text_channel(client, channel_id).send("y")
        assert refused.value.code == 50013
        assert discord_server.tally.invalid == 1
        assert contents(discord_server, channel_id) == ["y"]

    async def test_a_late_request_is_carried_out_though_nobody_waits_for_it_any_more(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        fault = discord_server.inject(Late(0.1), *POSTS)

        waiting = asyncio.create_task(unanswered(discord_server, channel_id))
        await fault.met()
        waiting.cancel()
        assert contents(discord_server, channel_id) == []
        assert [m.content for m in await discord_server.posted(channel_id)] == ["x"]

    async def test_faults_meet_what_they_name_and_as_often_as_they_say(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        always = discord_server.inject(Broken(500), "GET", "/channels/*", times=None)
        once = discord_server.inject(Broken(502), "GET", f"/channels/{channel_id}")

        async def status() -> int:
            url = f"{discord_server.url}/channels/{channel_id}"
            async with bare(discord_server) as session, session.get(url) as response:
                return response.status

        assert [await status(), await status()] == [500, 500]
        async with posting(discord_server, channel_id, {"content": "x"}) as response:
            assert response.status == 200
        always.withdraw()
        assert [await status(), await status()] == [502, 200]
        assert (always.hits, once.hits) == (2, 1)

    async def test_a_server_that_ends_lets_held_requests_go(self) -> None:
        async with LoopbackDiscord() as discord_server:
            channel_id = discord_server.add_channel(discord_server.add_guild("lab"), "papers")
            fault = discord_server.inject(Held(), *POSTS)
            waiting = asyncio.create_task(unanswered(discord_server, channel_id))
            await fault.met()
        with pytest.raises(aiohttp.ClientError):
            await waiting

    async def test_a_client_that_dies_in_the_middle_of_a_request_posts_nothing(
        self, discord_server: LoopbackDiscord, channel_id: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        port = yarl.URL(discord_server.url).port
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            f"POST /api/v10/channels/{channel_id}/messages HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bot {discord_server.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: 17\r\n\r\n"
        )
        writer.write(head.encode() + b'{"content"')
        await writer.drain()
        writer.transport.abort()
        async with posting(discord_server, channel_id, {"content": "next"}) as response:
            assert response.status == 200
        assert contents(discord_server, channel_id) == ["next"]
        assert caplog.records == []

    async def test_latency_delays_answers(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        discord_server.delay_answers(0.05)
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        async with posting(discord_server, channel_id, {"content": "x"}) as response:
            assert response.status == 200
        assert loop.time() - began_at >= 0.05


class TestSharding:
    async def test_each_shard_gets_its_own_servers_by_discords_formula(
        self, discord_server: LoopbackDiscord
    ) -> None:
        guild_ids = [discord_server.add_guild(f"lab {n}") for n in range(6)]
        assert {(guild_id >> 22) % 2 for guild_id in guild_ids} == {0, 1}
        client = Client(shard_count=2)
        async with online(discord_server, client):
            assert discord_server.gateway.identified == [(0, 2), (1, 2)]
            assert {guild.id for guild in client.guilds} == set(guild_ids)
            assert {g.shard_id for g in client.guilds} == {0, 1}
            for guild_id in guild_ids:
                channel_id = discord_server.add_channel(guild_id, "papers")
                user_id = discord_server.add_member(guild_id, "ann")
                discord_server.say(channel_id, user_id, "hi")
            await until(lambda: len(client.told) == len(guild_ids))

    async def test_a_process_may_run_some_shards(self, discord_server: LoopbackDiscord) -> None:
        guild_ids = [discord_server.add_guild(f"lab {n}") for n in range(4)]
        async with online(discord_server, Client(shard_count=2, shard_ids=[1])) as client:
            assert discord_server.gateway.shards == {1}
            mine = [guild_id for guild_id in guild_ids if (guild_id >> 22) % 2 == 1]
            assert sorted(guild.id for guild in client.guilds) == sorted(mine)

    async def test_discord_recommends_a_number_of_shards(self) -> None:
        async with LoopbackDiscord(shards=3) as discord_server, online(discord_server) as client:
            assert client.shard_count == 3
            await discord_server.gateway.connected(0, 1, 2)


class TestSessions:
    @pytest.mark.parametrize("how", ["close", "cut", "reconnect", "resumable"])
    async def test_a_session_survives_and_what_was_missed_is_told(
        self, discord_server: LoopbackDiscord, channel_id: int, how: str
    ) -> None:
        guild_id = next(iter(discord_server.world.guilds))
        user_id = discord_server.add_member(guild_id, "ann")
        message = discord_server.say(channel_id, user_id, "x")
        async with online(discord_server) as client:
            gateway = discord_server.gateway
            if how == "close":
                await gateway.close(4000)
            elif how == "cut":
                gateway.cut(0)
            elif how == "reconnect":
                gateway.ask_to_reconnect()
            else:
                gateway.invalidate(resumable=True)
            discord_server.react(channel_id, message.id, user_id, "👍")
            await client.told_of(("resumed", 0), ("reaction", (message.id, user_id, "👍")))
            assert gateway.resumed == [0]
            assert len(gateway.identified) == 1

    async def test_a_session_that_is_forgotten_begins_anew(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        async with online(discord_server) as client:
            discord_server.gateway.invalidate()
            await until(lambda: len(discord_server.gateway.identified) == 2)
            assert discord_server.gateway.resumed == []
            assert client.get_channel(channel_id) is not None

    async def test_who_closes_with_1000_cannot_resume(
        self, discord_server: LoopbackDiscord
    ) -> None:
        async with gateway(discord_server) as talk:
            session_id = await talk.identify()
            await talk.socket.close(code=1000)
        await discord_server.gateway.disconnected()
        async with gateway(discord_server) as talk:
            await talk.resume(session_id, 1)
            assert await talk.receive() == (Op.INVALID_SESSION, False)

    async def test_a_session_is_told_only_what_it_missed(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        async with gateway(discord_server) as talk:
            session_id = await talk.identify()
            await talk.socket.close(code=4900)
        await discord_server.gateway.disconnected()
        user_id = discord_server.add_user("ann")
        discord_server.say(channel_id, user_id, "x")
        async with gateway(discord_server) as talk:
            await talk.resume(session_id, 2)
            assert await talk.events(2) == ["MESSAGE_CREATE", "RESUMED"]
            await talk.socket.close(code=4900)
        await discord_server.gateway.disconnected()
        async with gateway(discord_server) as talk:
            await talk.resume(session_id, 99)
            assert await talk.closed() == Close.INVALID_SEQ
        discord_server.gateway.forget_sessions()
        async with gateway(discord_server) as talk:
            await talk.resume(session_id, 4)
            assert await talk.receive() == (Op.INVALID_SESSION, False)

    async def test_a_session_has_one_connection(self, discord_server: LoopbackDiscord) -> None:
        async with gateway(discord_server) as first, gateway(discord_server) as second:
            session_id = await first.identify()
            await second.resume(session_id, 1)
            assert await second.events(1) == ["RESUMED"]
            with pytest.raises(AssertionError):
                await first.receive()

    async def test_a_handshake_can_be_refused(self, discord_server: LoopbackDiscord) -> None:
        discord_server.gateway.refuse(1, status=502)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with gateway(discord_server):
                pytest.fail("it was opened")
        assert refused.value.status == 502
        async with gateway(discord_server) as talk:
            await talk.identify()

    async def test_a_connection_without_heartbeats_ends(self) -> None:
        async with (
            LoopbackDiscord(heartbeat=0.05) as discord_server,
            gateway(discord_server) as talk,
        ):
            assert await talk.closed() == Close.SESSION_TIMED_OUT

    async def test_heartbeats_are_acknowledged(self, discord_server: LoopbackDiscord) -> None:
        async with gateway(discord_server) as talk:
            await talk.send(Op.HEARTBEAT, None)
            assert await talk.receive() == (Op.HEARTBEAT_ACK, None)

    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ("{", Close.DECODE_ERROR),
            ("[]", Close.DECODE_ERROR),
            ('{"op": 99}', Close.UNKNOWN_OPCODE),
            ('{"op": 3, "d": {}}', Close.NOT_AUTHENTICATED),
            ('{"op": 2, "d": 1}', Close.DECODE_ERROR),
        ],
    )
    async def test_what_is_no_payload_closes_the_connection(
        self, discord_server: LoopbackDiscord, said: str, code: int
    ) -> None:
        async with gateway(discord_server) as talk:
            await talk.socket.send_str(said)
            assert await talk.closed() == code

    @pytest.mark.parametrize(
        ("identify", "code"),
        [
            ({"shard": [2, 2]}, Close.INVALID_SHARD),
            ({"intents": 1 << 40}, Close.INVALID_INTENTS),
            ({"intents": MESSAGE_CONTENT}, Close.DISALLOWED_INTENTS),
        ],
    )
    async def test_what_cannot_be_identified_closes_the_connection(
        self, discord_server: LoopbackDiscord, identify: Json, code: int
    ) -> None:
        async with gateway(discord_server) as talk:
            await talk.send(Op.IDENTIFY, {"token": discord_server.token, "intents": 1} | identify)
            assert await talk.closed() == code

    async def test_identifying_twice_or_saying_nonsense_closes_the_connection(
        self, discord_server: LoopbackDiscord
    ) -> None:
        async with gateway(discord_server) as talk:
            await talk.identify()
            await talk.send(Op.PRESENCE_UPDATE, {"status": "online"})
            await talk.send(Op.IDENTIFY, {"token": discord_server.token, "intents": 1})
            assert await talk.closed() == Close.ALREADY_AUTHENTICATED
        async with gateway(discord_server) as talk:
            await talk.identify()
            await talk.send(Op.HELLO, {})
            assert await talk.closed() == Close.UNKNOWN_OPCODE

    async def test_who_talks_too_much_is_disconnected(
        self, discord_server: LoopbackDiscord
    ) -> None:
        async with gateway(discord_server) as talk:
            for _ in range(121):
                await talk.send(Op.HEARTBEAT, None)
            assert await talk.closed() == Close.RATE_LIMITED

    async def test_an_old_version_is_refused(self, discord_server: LoopbackDiscord) -> None:
        async with gateway(discord_server, version=6) as talk:
            assert await talk.closed() == Close.INVALID_VERSION

    async def test_members_are_found_by_name_and_id(self, discord_server: LoopbackDiscord) -> None:
        guild_id = discord_server.add_guild("lab")
        ann = discord_server.add_member(guild_id, "ann")
        async with online(discord_server) as client:
            guild = client.get_guild(guild_id)
            assert guild is not None
            assert [member.id for member in await guild.query_members("an")] == [ann]
            found = await guild.query_members(user_ids=[ann, 1])
            assert [member.id for member in found] == [ann]


class TestInteractions:
    def client(self) -> Client:
        client = Client()

        @client.tree.command(description="Bring the day's papers here")
        @app_commands.choices(language=[app_commands.Choice(name="Korean", value="ko")])
        async def subscribe(
            interaction: discord.Interaction,
            channel: discord.TextChannel,
            limit: app_commands.Range[int, 1, 100] = 25,
            role: discord.Role | None = None,
            reader: discord.Member | None = None,
            language: str = "en",
            timezone: str = "UTC",
        ) -> None:
            await interaction.response.defer(ephemeral=True)
            names = [channel.name, str(limit), language, timezone, str(interaction.locale)]
            names += [thing.name for thing in (role, reader) if thing is not None]
            names.append(f"manager={interaction.permissions.manage_channels}")
            await interaction.edit_original_response(content=" ".join(names))
            await interaction.followup.send("done")

        @subscribe.autocomplete("timezone")
        async def zones(
            interaction: discord.Interaction, typed: str
        ) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=f"{typed}!", value="Asia/Seoul")]

        group = app_commands.Group(name="subscription", description="Subscriptions")

        @group.command(name="list", description="List them")
        async def listing(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("none <@1>")
            original = await interaction.original_response()
            await original.edit(content="none at all")
            await interaction.followup.send("that is all")

        @group.command(name="ask", description="Ask")
        async def ask(interaction: discord.Interaction) -> None:
            view = discord.ui.View()
            button: discord.ui.Button[discord.ui.View] = discord.ui.Button(
                label="Yes", custom_id="yes"
            )

            async def clicked(click: discord.Interaction) -> None:
                await click.response.edit_message(content="yes it is", view=None)

            button.callback = clicked  # type: ignore[method-assign,assignment]
            view.add_item(button)
            await interaction.response.send_message("Sure?", view=view)

        @group.command(name="vanish", description="Answer and take it back")
        async def vanish(interaction: discord.Interaction) -> None:
            await interaction.response.defer()
            second = await interaction.followup.send("first", wait=True)
            third = await interaction.followup.send("second", wait=True)
            assert second.id != third.id
            await third.delete()
            await interaction.delete_original_response()

        client.tree.add_command(group)
        return client

    async def test_a_command_is_registered_run_and_answered_in_private(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        guild_id = next(iter(discord_server.world.guilds))
        user_id = discord_server.add_member(
            guild_id, "ann", Permission.MANAGE_CHANNELS, locale="ko"
        )
        role_id = discord_server.add_role(guild_id, "readers")
        async with online(discord_server, self.client()) as client:
            await client.tree.sync()
            first_ids = [command["id"] for command in discord_server.commands]
            await client.tree.sync()
            assert [command["id"] for command in discord_server.commands] == first_ids
            assert {c.name for c in await client.tree.fetch_commands()} == {
                "subscribe",
                "subscription",
            }
            options = {"channel": channel_id, "limit": 3, "role": role_id, "reader": user_id}
            interaction = await discord_server.slash(
                channel_id, user_id, "subscribe", options | {"language": "ko"}
            )
            answer = await interaction.message()
            (followup,) = await interaction.followed_up()
        assert answer.content == "papers 3 ko UTC ko readers ann manager=True"
        assert answer.flags & EPHEMERAL
        assert followup.content == "done"
        assert (await interaction.answered())["type"] == 5
        assert contents(discord_server, channel_id) == ["done"]

    async def test_a_subcommand_is_answered_in_the_channel(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        user_id = discord_server.add_user("ann")
        async with online(discord_server, self.client()) as client:
            await client.tree.sync()
            interaction = await discord_server.slash(channel_id, user_id, "subscription list")
            await interaction.followed_up()
        assert contents(discord_server, channel_id) == ["none at all", "that is all"]

    async def test_choices_are_offered_to_who_types(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        user_id = discord_server.add_user("ann")
        async with online(discord_server, self.client()) as client:
            await client.tree.sync()
            typing = await discord_server.autocomplete(
                channel_id, user_id, "subscribe", "timezone", {"timezone": "seoul"}
            )
            assert await typing.choices() == [{"name": "seoul!", "value": "Asia/Seoul"}]

    async def test_a_button_changes_its_message(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        user_id = discord_server.add_user("ann")
        async with online(discord_server, self.client()) as client:
            await client.tree.sync()
            asked = await discord_server.slash(channel_id, user_id, "subscription ask")
            message = await asked.message()
            with pytest.raises(LookupError):
                await discord_server.click(message, user_id, "no")
            forged = await discord_server.forge(message, user_id, "no")
            assert forged.answer is None
            click = await discord_server.click(message, user_id, "yes")
            assert (await click.answered())["type"] == 7
        assert (message.content, message.components) == ("yes it is", [])
        assert message.edited_at is not None

    async def test_answers_can_be_taken_back(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        user_id = discord_server.add_user("ann")
        async with online(discord_server, self.client()) as client:
            await client.tree.sync()
            interaction = await discord_server.slash(channel_id, user_id, "subscription vanish")
            await interaction.followed_up()
            await until(lambda: interaction.original is None)
        assert contents(discord_server, channel_id) == []
        assert interaction.followups == []

    @pytest.mark.parametrize(
        ("command", "options", "error"),
        [
            ("nothing", {}, LookupError),
            ("subscription", {}, LookupError),
            ("subscription nothing", {}, LookupError),
            ("subscribe channel", {}, LookupError),
            ("subscribe", {}, ValueError),
            ("subscribe", {"channel": 1, "colour": 1}, LookupError),
            ("subscribe", {"channel": 1, "limit": 0}, ValueError),
            ("subscribe", {"channel": 1, "limit": 101}, ValueError),
            ("subscribe", {"channel": 1, "language": "xx"}, ValueError),
        ],
    )
    async def test_nobody_sends_what_discords_own_client_would_not(
        self,
        discord_server: LoopbackDiscord,
        channel_id: int,
        command: str,
        options: Json,
        error: type[Exception],
    ) -> None:
        user_id = discord_server.add_user("ann")
        async with online(discord_server, self.client()) as client:
            await client.tree.sync()
            with pytest.raises(error):
                await discord_server.slash(channel_id, user_id, command, options)

    async def test_commands_are_checked_and_can_belong_to_one_server(
        self, discord_server: LoopbackDiscord
    ) -> None:
        guild_id = discord_server.add_guild("lab")
        base = f"{discord_server.url}/applications/{discord_server.world.application_id}"
        options = [{"name": f"o{n}", "type": 3, "description": "x"} for n in range(26)]
        async with bare(discord_server) as session:
            bad = [{"name": "Bad Name", "description": "", "options": options}]
            async with session.put(f"{base}/commands", json=bad) as response:
                errors = (await response.json())["errors"]["0"]
            assert set(errors) == {"name", "description", "options"}
            good = [{"name": "good", "description": "x"}, {"name": "Menu", "type": 2}]
            url = f"{base}/guilds/{guild_id}/commands"
            async with session.put(url, json=good) as response:
                assert [c["guild_id"] for c in await response.json()] == [str(guild_id)] * 2
            async with session.get(url) as response:
                assert [c["name"] for c in await response.json()] == ["good", "Menu"]
            url = f"{discord_server.url}/applications/1/commands"
            async with session.put(url, json=good) as response:
                assert response.status == 403
        assert discord_server.commands == []

    async def test_an_interaction_is_answered_once_and_in_time(self) -> None:
        clock = [datetime(2024, 6, 4, 9, tzinfo=UTC)]
        async with (
            LoopbackDiscord(now=lambda: clock[0]) as discord_server,
            bare(discord_server) as session,
            gateway(discord_server) as talk,
        ):
            await talk.identify()
            application_id = discord_server.world.application_id
            user_id = discord_server.add_user("ann")
            dm = discord_server.world.direct_channel(discord_server.world.users[user_id])
            base = f"{discord_server.url}/applications/{application_id}/commands"
            async with session.put(base, json=[{"name": "hi", "description": "x"}]) as response:
                assert response.status == 200

            async def begin() -> tuple[str, str]:
                begun = await discord_server.slash(dm.id, user_id, "hi")
                return (
                    f"{discord_server.url}/interactions/{begun.id}/{begun.token}/callback",
                    f"{discord_server.url}/webhooks/{application_id}/{begun.token}",
                )

            async def post(url: str, body: Json) -> tuple[int, int | None]:
                async with session.post(url, json=body) as response:
                    answer = await response.json() if response.status != 204 else {}
                    return response.status, answer.get("code")

            callback, followup = await begin()
            assert await post(followup, {"content": "too early"}) == (404, 10015)
            assert await post(callback, {"type": 8}) == (400, 50035)
            assert await post(callback, {"type": 4, "data": {}}) == (400, 50006)
            assert await post(callback, {"type": 4, "data": {"content": "hi"}}) == (204, None)
            assert await post(callback, {"type": 4, "data": {"content": "hi"}}) == (400, 40060)
            assert await post(followup, {"content": "more"}) == (200, None)
            clock[0] += timedelta(minutes=16)
            assert await post(followup, {"content": "too late"}) == (401, 50027)

            callback, _ = await begin()
            clock[0] += timedelta(seconds=4)
            assert await post(callback, {"type": 4, "data": {"content": "hi"}}) == (404, 10062)


class Pages(discord.ui.View):
    """Buttons and a select under a message, and a modal."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Next", custom_id="next")
    async def turn(self, interaction: discord.Interaction, _button: Any) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="page 2")

    @discord.ui.button(label="Last", custom_id="last", disabled=True)
    async def last(self, _interaction: discord.Interaction, _button: Any) -> None:
        raise AssertionError("nobody can click this")

    @discord.ui.button(label="Jump", custom_id="jump")
    async def jump(self, interaction: discord.Interaction, _button: Any) -> None:
        await interaction.response.send_modal(Jump())

    @discord.ui.select(
        custom_id="pick",
        options=[discord.SelectOption(label=n, value=n) for n in ("a", "b", "c")],
        max_values=2,
    )
    async def pick(self, interaction: discord.Interaction, select: Any) -> None:
        await interaction.response.send_message(" ".join(select.values), ephemeral=True)
        await interaction.followup.send("and more")


class Jump(discord.ui.Modal, title="Jump"):
    page: discord.ui.Label[Any] = discord.ui.Label(
        text="Page", component=discord.ui.TextInput(custom_id="page", max_length=2)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.page.component, discord.ui.TextInput)
        said = f"page {self.page.component.value}"
        if interaction.message is not None:
            await interaction.response.edit_message(content=said)
        else:
            await interaction.response.send_message(said)


class TestComponents:
    def client(self) -> Client:
        client = Client()

        @client.tree.command(description="A list, shared or not")
        async def pages(interaction: discord.Interaction, share: bool = True) -> None:
            await interaction.response.defer(ephemeral=not share)
            await interaction.followup.send("page 1", view=Pages())

        @client.tree.command(description="Ask at once")
        async def jump(interaction: discord.Interaction) -> None:
            await interaction.response.send_modal(Jump())

        @client.tree.context_menu(name="Find papers")
        async def find(interaction: discord.Interaction, message: discord.Message) -> None:
            await interaction.response.send_message(f"in {message.content!r}", ephemeral=True)

        return client

    @pytest.mark.parametrize("share", [True, False])
    async def test_a_message_is_turned_where_it_stands(
        self, discord_server: LoopbackDiscord, channel_id: int, share: bool
    ) -> None:
        """By somebody else too, if it is shared; one for somebody alone stands in no channel."""
        ann, bob = discord_server.add_user("ann"), discord_server.add_user("bob")
        async with online(discord_server, self.client()) as client:
            await client.tree.sync()
            asked = await discord_server.slash(channel_id, ann, "pages", {"share": share})
            message = await asked.message()
            turned = await discord_server.click(message, bob if share else ann, "next")
            assert await turned.changed() is message
        assert (await turned.answered())["type"] == 6
        assert message.content == "page 2"
        assert discord_server.messages(channel_id) == [message] * share
        assert len(message.components) == 2

    async def test_options_are_chosen_and_answered_in_private(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        user_id = discord_server.add_user("ann")
        async with online(discord_server, self.client()) as client:
            await client.tree.sync()
            message = await (await discord_server.slash(channel_id, user_id, "pages")).message()
            chosen = await discord_server.choose(message, user_id, "pick", "a", "c")
            answer = await chosen.message()
            [more] = await chosen.followed_up()
        assert answer.content == "a c"
        assert answer.flags & EPHEMERAL
        assert answer.interaction is not None
        assert answer.interaction["interacted_message_id"] == str(message.id)
        assert more.interaction is not None
        assert more.interaction["original_response_message_id"] == str(answer.id)

    async def test_a_modal_is_filled_in_and_changes_the_message(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        user_id = discord_server.add_user("ann")
        async with online(discord_server, self.client()) as client:
            await client.tree.sync()
            message = await (await discord_server.slash(channel_id, user_id, "pages")).message()
            opened = await discord_server.click(message, user_id, "jump")
            assert (await opened.modal())["title"] == "Jump"
            for texts, error in (
                ({"page": ""}, ValueError),
                ({"page": "123"}, ValueError),
                ({"leaf": "1"}, LookupError),
            ):
                with pytest.raises(error):
                    await discord_server.submit(opened, texts)
            submitted = await discord_server.submit(opened, {"page": "7"})
            await submitted.changed()
        assert message.content == "page 7"

    async def test_a_modal_of_a_command_has_no_message_to_change(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        user_id = discord_server.add_user("ann")
        async with online(discord_server, self.client()) as client:
            await client.tree.sync()
            asked = await discord_server.slash(channel_id, user_id, "jump")
            await asked.modal()
            answer = await (await discord_server.submit(asked, {"page": "7"})).message()
            with pytest.raises(ValueError, match="no modal"):
                await (await discord_server.slash(channel_id, user_id, "pages")).modal()
        assert answer.content == "page 7"
        assert answer.interaction is not None
        assert answer.interaction["triggering_interaction_metadata"]["id"] == str(asked.id)

    async def test_nobody_uses_what_is_disabled_or_not_there(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        user_id = discord_server.add_user("ann")
        async with online(discord_server, self.client()) as client:
            await client.tree.sync()
            message = await (await discord_server.slash(channel_id, user_id, "pages")).message()
            with pytest.raises(ValueError, match="disabled"):
                await discord_server.click(message, user_id, "last")
            for wrong in ("pick", "nothing"):
                with pytest.raises(LookupError):
                    await discord_server.click(message, user_id, wrong)
            with pytest.raises(LookupError):
                await discord_server.choose(message, user_id, "next", "a")
            for values in ((), ("d",), ("a", "b", "c")):
                with pytest.raises(ValueError, match="pick"):
                    await discord_server.choose(message, user_id, "pick", *values)

    async def test_a_message_that_is_gone_cannot_be_turned(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        user_id = discord_server.add_user("ann")
        client = self.client()
        failed = asyncio.get_running_loop().create_future()

        async def on_error(
            _view: Any, _interaction: discord.Interaction, error: Exception, _item: Any
        ) -> None:
            failed.set_result(error)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Pages, "on_error", on_error)
            async with online(discord_server, client):
                await client.tree.sync()
                asked = await discord_server.slash(channel_id, user_id, "pages")
                message = await asked.message()
                discord_server.world.delete(message)
                await discord_server.click(message, user_id, "next")
                error = await failed
        assert isinstance(error, discord.NotFound)
        assert error.code == 10008

    async def test_a_command_in_the_menu_of_a_message_reads_that_message(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        """Without the intent to read any."""
        user_id = discord_server.add_user("ann")
        said = discord_server.say(channel_id, user_id, "see 2406.00001")
        async with online(discord_server, self.client()) as client:
            await client.tree.sync()
            found = await discord_server.menu(said, user_id, "Find papers")
            answer = await found.message()
            with pytest.raises(LookupError):
                await discord_server.menu(said, user_id, "pages")
        assert answer.content == "in 'see 2406.00001'"
        assert answer.type == 23
        assert answer.interaction is not None
        assert answer.interaction["target_message_id"] == str(said.id)

    async def test_an_answer_says_in_the_history_that_it_is_one(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        user_id = discord_server.add_user("ann")
        async with online(discord_server, self.client()) as client:
            await client.tree.sync()
            await (await discord_server.slash(channel_id, user_id, "pages")).message()
            await text_channel(client, channel_id).send("a post")
            post, answer = [m async for m in text_channel(client, channel_id).history()]
        assert (post.webhook_id, post.interaction_metadata) == (None, None)
        assert answer.author == post.author
        assert answer.webhook_id == client.application_id
        assert answer.interaction_metadata is not None
        assert answer.interaction_metadata.user.id == user_id

    @pytest.mark.parametrize(
        ("told", "modal"),
        {
            "title.BASE_TYPE_REQUIRED": {"title": ""},
            "title.BASE_TYPE_MAX_LENGTH": {"title": "x" * 46},
            "custom_id.BASE_TYPE_MAX_LENGTH": {"custom_id": "x" * 101},
            "components.BASE_TYPE_BAD_LENGTH": {"components": []},
            "components.0.type.BASE_TYPE_CHOICES": {"components": [{"type": 2}]},
            "components.0.label.BASE_TYPE_MAX_LENGTH": {
                "components": [{"type": 18, "label": "x" * 46}]
            },
            "components.0.label.BASE_TYPE_REQUIRED": {"components": [{"type": 18}]},
            "components.0.component.max_length.NUMBER_TYPE_MAX": {"max_length": 4001},
            "components.0.component.style.BASE_TYPE_CHOICES": {"style": 3},
            "components.0.component.placeholder.BASE_TYPE_MAX_LENGTH": {"placeholder": "x" * 101},
            "components.0.component.type.BASE_TYPE_CHOICES": {"type": 2},
        }.items(),
    )
    async def test_a_modal_that_is_none_is_refused_where_it_is_wrong(
        self, discord_server: LoopbackDiscord, channel_id: int, told: str, modal: Json
    ) -> None:
        field: Json = {"type": 4, "style": 1, "custom_id": "page"}
        if ".component." in told:
            field |= modal
            modal = {}
        label = {"type": 18, "label": "Page", "component": field}
        user_id = discord_server.add_user("ann")
        async with (
            online(discord_server, self.client()) as client,
            bare(discord_server) as session,
        ):
            await client.tree.sync()
            message = await (await discord_server.slash(channel_id, user_id, "pages")).message()
            begun = await discord_server.forge(message, user_id, "unknown")
            url = f"{discord_server.url}/interactions/{begun.id}/{begun.token}/callback"
            data = {"title": "Jump", "custom_id": "jump", "components": [label]} | modal
            async with session.post(url, json={"type": 9, "data": data}) as response:
                answer = await response.json()
        assert (response.status, answer["code"]) == (400, 50035)
        assert begun.answer is None
        *path, code = told.split(".")
        errors = answer["errors"]["data"]
        for step in path:
            errors = errors[step]
        assert code in [error["code"] for error in errors["_errors"]]

    async def test_what_modals_and_messages_are_answered_with_is_limited(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        user_id = discord_server.add_user("ann")
        async with (
            online(discord_server, self.client()) as client,
            bare(discord_server) as session,
        ):
            await client.tree.sync()
            asked = await discord_server.slash(channel_id, user_id, "jump")
            await asked.modal()
            submitted = await discord_server.submit(asked, {"page": "7"}, custom_id="other")
            url = f"{discord_server.url}/interactions/{submitted.id}/{submitted.token}/callback"
            for kind in (6, 7, 8, 9):
                async with session.post(url, json={"type": kind, "data": {}}) as response:
                    errors = (await response.json())["errors"]
                    assert set(errors) == {"type"}


def _command(**fields: Any) -> Json:
    return {"name": "papers", "description": "x"} | fields


def _string(**fields: Any) -> Json:
    return _command(options=[{"type": 3, "name": "query", "description": "x"} | fields])


BAD_COMMANDS = {
    "0.name.APPLICATION_COMMAND_INVALID_NAME": [_command(name="Papers")],
    "0.description.BASE_TYPE_BAD_LENGTH": [_command(description="x" * 101)],
    "0.name_localizations.ko.APPLICATION_COMMAND_INVALID_NAME": [
        _command(name_localizations={"ko": "논문 찾기"})
    ],
    "0.name_localizations.kr.BASE_TYPE_CHOICES": [_command(name_localizations={"kr": "논문"})],
    "0.description_localizations.ko.BASE_TYPE_BAD_LENGTH": [
        _command(description_localizations={"ko": ""})
    ],
    "0.options.0.name.APPLICATION_COMMAND_INVALID_NAME": [_string(name="a b")],
    "0.options.0.name_localizations.ko.APPLICATION_COMMAND_INVALID_NAME": [
        _string(name_localizations={"ko": "가" * 33})
    ],
    "0.options.0.description.BASE_TYPE_BAD_LENGTH": [_string(description="")],
    "0.options.0.choices.BASE_TYPE_MAX_LENGTH": [
        _string(choices=[{"name": str(n), "value": str(n)} for n in range(26)])
    ],
    "0.options.0.choices.0.name.BASE_TYPE_BAD_LENGTH": [
        _string(choices=[{"name": "x" * 101, "value": "x"}])
    ],
    "0.options.0.choices.0.value.BASE_TYPE_BAD_LENGTH": [
        _string(choices=[{"name": "x", "value": "x" * 101}])
    ],
    "0.options.0.choices.0.name_localizations.ko.BASE_TYPE_BAD_LENGTH": [
        _string(choices=[{"name": "x", "value": "x", "name_localizations": {"ko": ""}}])
    ],
    "0.options.0.autocomplete.APPLICATION_COMMAND_OPTION_CHOICES_AND_AUTOCOMPLETE": [
        _string(choices=[{"name": "x", "value": "x"}], autocomplete=True)
    ],
    "0.options.1.APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID": [
        _command(
            options=[
                {"type": 3, "name": "a", "description": "x"},
                {"type": 3, "name": "b", "description": "x", "required": True},
            ]
        )
    ],
    "0.options.APPLICATION_COMMAND_OPTIONS_NAME_NOT_UNIQUE": [
        _command(
            options=[
                {"type": 3, "name": n, "description": "x", "name_localizations": {"ko": "가"}}
                for n in ("a", "b")
            ]
        )
    ],
    "0.options.0.options.0.description.BASE_TYPE_BAD_LENGTH": [
        _command(
            options=[
                {"type": 1, "name": "day", "description": "x"}
                | {"options": [{"type": 3, "name": "a", "description": ""}]}
            ]
        )
    ],
    "1.name.APPLICATION_COMMANDS_DUPLICATE_NAME": [_command(), _command()],
    "0.APPLICATION_COMMAND_TOO_LARGE": [
        _command(
            options=[
                {"type": 3, "name": f"o{n}", "description": "x"}
                | {"choices": [{"name": f"{i:060}", "value": f"{i:0100}"} for i in range(25)]}
                for n in range(2)
            ]
        )
    ],
    "0.name.BASE_TYPE_BAD_LENGTH": [{"type": 3, "name": "x" * 33}],
    "0.description.APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION": [
        {"type": 3, "name": "Find papers", "description": "x"}
    ],
}


class TestCommands:
    @pytest.mark.parametrize(("told", "commands"), BAD_COMMANDS.items(), ids=BAD_COMMANDS)
    async def test_what_is_no_command_is_refused_where_it_is_wrong(
        self, discord_server: LoopbackDiscord, told: str, commands: list[Json]
    ) -> None:
        base = f"{discord_server.url}/applications/{discord_server.world.application_id}"
        async with (
            bare(discord_server) as session,
            session.put(f"{base}/commands", json=commands) as response,
        ):
            errors = (await response.json())["errors"]
        assert response.status == 400
        *path, code = told.split(".")
        for step in path:
            errors = errors[step]
        assert code in [error["code"] for error in errors["_errors"]]
        assert discord_server.commands == []

    async def test_names_in_other_languages_are_taken(
        self, discord_server: LoopbackDiscord
    ) -> None:
        base = f"{discord_server.url}/applications/{discord_server.world.application_id}"
        spoken = {"name_localizations": {"ko": "논문"}, "description_localizations": {"ko": "논문"}}
        commands = [
            _command(**spoken),
            _command(name="about"),
            {"type": 3, "name": "Find papers", "name_localizations": {"ko": "논문 찾기"}},
            {"type": 2, "name": "Find papers"},
        ]
        async with bare(discord_server) as session:
            for _ in range(2):
                async with session.put(f"{base}/commands", json=commands) as response:
                    assert response.status == 200
        assert len({command["id"] for command in discord_server.commands}) == 4
        assert discord_server.commands[0]["name_localizations"] == {"ko": "논문"}

    async def test_a_command_is_offered_only_where_it_belongs(
        self, discord_server: LoopbackDiscord, channel_id: int
    ) -> None:
        client = Client()

        async def hello(interaction: discord.Interaction) -> None:
            assert interaction.context.guild == (interaction.guild is not None)
            await interaction.response.send_message("hello")

        _, servers, directs = (
            client.tree.command(name=name, description="x")(hello)
            for name in ("anywhere", "servers", "directs")
        )
        app_commands.guild_only(servers)
        app_commands.allowed_contexts(dms=True)(directs)
        user_id = discord_server.add_user("ann")
        direct = discord_server.world.direct_channel(discord_server.world.users[user_id]).id
        async with online(discord_server, client):
            await client.tree.sync()
            for channel, name in (
                (channel_id, "anywhere"),
                (direct, "anywhere"),
                (channel_id, "servers"),
                (direct, "directs"),
            ):
                said = await (await discord_server.slash(channel, user_id, name)).message()
                assert said.content == "hello"
            for channel, name in ((direct, "servers"), (channel_id, "directs")):
                with pytest.raises(ValueError, match="not offered here"):
                    await discord_server.slash(channel, user_id, name)


class TestItsOwnProcess:
    async def test_it_says_what_it_serves_and_stops_on_a_signal(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.loopback.discord_server", "--guilds", "2", "--channels", "3"),
            "--unlimited",
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout is not None
        world = json.loads(await process.stdout.readline())
        assert [len(channels) for channels in world["guilds"].values()] == [3, 3]
        headers = {"Authorization": f"Bot {world['token']}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{world['url']}/users/@me") as response,
        ):
            assert (await response.json())["username"] == "daily-papers"
            assert "X-RateLimit-Limit" not in response.headers
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


# --- a gateway client without manners ---------------------------------------------------------


class Talk:
    """One connection to the gateway, payload by payload."""

    def __init__(
        self, discord_server: LoopbackDiscord, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        self.socket = socket
        self._token = discord_server.token
        self._inflate = zlib.decompressobj()

    async def send(self, op: Op, data: Any) -> None:
        await self.socket.send_json({"op": op, "d": data})

    async def identify(self) -> str:
        """Identify; the session's id."""
        await self.send(Op.IDENTIFY, {"token": self._token, "intents": GUILDS_AND_MESSAGES})
        _, ready = await self.receive()
        return str(ready["session_id"])

    async def resume(self, session_id: str, sequence: int) -> None:
        data = {"token": self._token, "session_id": session_id, "seq": sequence}
        await self.send(Op.RESUME, data)

    async def receive(self) -> tuple[Op, Any]:
        payload = await self._payload()
        return Op(payload["op"]), payload.get("d")

    async def events(self, count: int) -> list[str]:
        return [str((await self._payload())["t"]) for _ in range(count)]

    async def closed(self) -> int | None:
        """Read to the end: the code that ends it."""
        async for _ in self.socket:
            pass
        return self.socket.close_code

    async def _payload(self) -> Json:
        frame = await self.socket.receive(timeout=10)
        assert frame.type is aiohttp.WSMsgType.BINARY, frame
        payload: Json = json.loads(self._inflate.decompress(frame.data))
        return payload


@asynccontextmanager
async def gateway(discord_server: LoopbackDiscord, *, version: int = 10) -> AsyncGenerator[Talk]:
    url = f"{discord_server.gateway.url}?v={version}&encoding=json&compress=zlib-stream"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        talk = Talk(discord_server, socket)
        if version == 10:
            assert (await talk.receive())[0] is Op.HELLO
        yield talk
