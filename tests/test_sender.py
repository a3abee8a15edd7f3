"""What Discord's answers mean for a message, in a table and over real sockets."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import discord
import pytest
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.domain.deliveries import NotSent, Outcome, Refused, Rejected, Sent, Unknown
from bot.pacing import Pacing
from bot.rendering.cards import paper_card
from bot.rendering.message import Rendered
from bot.sender import DiscordSender, outcome_of
from bot.services.clock import utc_now
from tests.builders import DAY, a_paper
from tests.loopback.discord_faults import Broken, Cut, Held, Page
from tests.loopback.discord_server import LoopbackDiscord

POSTS = ("POST", "/channels/*/messages")
HISTORY = ("GET", "/channels/*/messages")


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (403, 50001, Refused),  # Missing Access
        (403, 50013, Refused),  # Missing Permissions
        (404, 10003, Refused),  # Unknown Channel
        (400, 50083, Refused),  # This thread is archived
        (400, 160005, Refused),  # This thread is locked
        (400, 50035, Rejected),  # Invalid Form Body
        (400, 50006, Rejected),  # Cannot send an empty message
        (413, 40005, Rejected),  # Request entity too large
        (400, 50008, Refused),  # Cannot send messages in this channel
        (400, 20016, NotSent),  # Slow mode
        (403, 20016, NotSent),
        (403, 40333, NotSent),  # Discord's network
        (403, 0, NotSent),  # a firewall's page
        (404, 0, NotSent),  # a wrong address
        (408, 0, NotSent),
        (429, 20028, NotSent),  # The channel's write limit
        (429, 0, NotSent),
        (401, 0, NotSent),
        (500, 0, Unknown),
        (502, 0, Unknown),
        (503, 0, Unknown),
        (504, 0, Unknown),
    ],
)
def test_each_answer_has_one_meaning(status: int, code: int, meaning: type[Outcome]) -> None:
    outcome = outcome_of(status, code, "why")
    assert type(outcome) is meaning
    assert not isinstance(outcome, Sent)
    assert str(status) in outcome.why


@pytest.fixture
async def discord_server() -> AsyncGenerator[LoopbackDiscord]:
    async with LoopbackDiscord() as server:
        yield server


@pytest.fixture
def channel(discord_server: LoopbackDiscord) -> int:
    return discord_server.add_channel(discord_server.add_guild("lab"), "papers")


async def test_a_request_that_discord_py_repeated_in_vain_leaves_it_unknown(
    discord_server: LoopbackDiscord, channel: int, sender: DiscordSender
) -> None:
    """Stored and answered 502; what discord.py hears last is a refusal."""
    discord_server.inject(Broken(502, carried_out=True), *POSTS)
    discord_server.inject(Broken(403), *POSTS)
    patient = DiscordSender(sender._client)
    assert isinstance(await patient.send(channel, a_card(), nonce="a"), Unknown)
    assert len(discord_server.messages(channel)) == 1


@pytest.fixture
async def sender(
    discord_server: LoopbackDiscord, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[DiscordSender]:
    """Over a client that is logged in, and connected to no gateway."""
    monkeypatch.setattr(Route, "BASE", discord_server.url)
    trace = Pacing().trace()
    async with discord.Client(intents=discord.Intents.none(), http_trace=trace) as client:
        await client.login(discord_server.token)
        yield DiscordSender(client, timeout=timedelta(seconds=1))


def a_card(number: int = 1) -> Rendered:
    return paper_card(a_paper(number), day=DAY, rank=1, upvotes=3, language="en")


@asynccontextmanager
async def answering(
    discord_server: LoopbackDiscord, client: discord.Client, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[None]:
    """The client is connected, and shares a card with who asks for it in any way."""
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", URL(discord_server.gateway.url))
    tree = app_commands.CommandTree(client)

    async def share(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(**a_card().arguments())

    def a_select() -> discord.ui.View:
        view = discord.ui.View(timeout=None)
        select: discord.ui.Select[discord.ui.View] = discord.ui.Select(
            custom_id="paper", options=[discord.SelectOption(label="1")]
        )
        select.callback = share  # type: ignore[method-assign]
        return view.add_item(select)

    @tree.command(description="Its card at once, and once more")
    async def show(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(embed=a_card().embeds[0], view=a_select())
        await interaction.followup.send(embed=a_card().embeds[0])

    @tree.command(description="Its card after a while, and once more")
    async def think(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(embed=a_card().embeds[0])
        await interaction.followup.send(embed=a_card().embeds[0])

    await tree.sync()
    connection = asyncio.create_task(client.connect())
    try:
        yield
    finally:
        await client.close()
        await connection


async def test_a_message_that_is_stored_is_sent(
    discord_server: LoopbackDiscord, channel: int, sender: DiscordSender
) -> None:
    outcome = await sender.send(channel, a_card(), nonce="a")
    [posted] = discord_server.messages(channel)
    assert outcome == Sent(posted.id)


async def test_the_same_nonce_posts_once_while_discord_remembers_it(
    discord_server: LoopbackDiscord, channel: int, sender: DiscordSender
) -> None:
    outcomes = [await sender.send(channel, a_card(), nonce="a") for _ in range(2)]
    assert outcomes[0] == outcomes[1]
    assert len(discord_server.messages(channel)) == 1


@pytest.mark.parametrize("carried_out", [True, False])
async def test_an_answer_that_is_lost_leaves_it_unknown_and_the_history_tells(
    discord_server: LoopbackDiscord, channel: int, sender: DiscordSender, carried_out: bool
) -> None:
    began = utc_now()
    discord_server.inject(Cut(carried_out=carried_out), *POSTS)
    assert isinstance(await sender.send(channel, a_card(), nonce="a"), Unknown)
    found = await sender.find(channel, a_card(), after_id=None, since=began)
    stored = discord_server.messages(channel)
    assert len(stored) == carried_out
    assert found == Sent(stored[0].id) if carried_out else isinstance(found, NotSent)


async def test_the_history_is_searched_for_this_message_and_for_nobody_elses(
    discord_server: LoopbackDiscord, channel: int, sender: DiscordSender
) -> None:
    began = utc_now()
    guild = discord_server.world.channels[channel].guild_id
    assert guild is not None
    somebody = discord_server.add_member(guild, "somebody")
    discord_server.say(channel, somebody, "https://arxiv.org/abs/2406.00002")
    await sender.send(channel, a_card(1), nonce="a")
    assert isinstance(await sender.find(channel, a_card(2), after_id=None, since=began), NotSent)
    assert isinstance(await sender.find(channel, a_card(1), after_id=None, since=began), Sent)


async def test_the_same_card_as_an_answer_to_somebody_is_not_the_post(
    discord_server: LoopbackDiscord,
    channel: int,
    sender: DiscordSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Asked for and shared before and after it, at once, after a while, and from a select."""
    somebody = discord_server.add_user("somebody")
    async with answering(discord_server, sender._client, monkeypatch):

        async def share_it() -> None:
            for asked in ("show", "think"):
                await (await discord_server.slash(channel, somebody, asked)).followed_up()
            [shared, *_] = discord_server.messages(channel)
            await (await discord_server.choose(shared, somebody, "paper", "1")).message()

        began = utc_now()
        await share_it()
        assert isinstance(await sender.find(channel, a_card(), after_id=None, since=began), NotSent)
        posted = await sender.send(channel, a_card(), nonce="a")
        await share_it()
        found = await sender.find(channel, a_card(), after_id=None, since=began)
    links = [message.embeds[0]["url"] for message in discord_server.messages(channel)]
    assert links == [a_card().embeds[0].url] * 11
    assert isinstance(posted, Sent)
    assert found == posted


async def test_no_answer_in_time_is_unknown(
    discord_server: LoopbackDiscord, channel: int, sender: DiscordSender
) -> None:
    discord_server.inject(Held(), *POSTS)
    assert isinstance(await sender.send(channel, a_card(), nonce="a"), Unknown)
    discord_server.inject(Held(), *HISTORY)
    assert isinstance(await sender.find(channel, a_card(), after_id=None, since=utc_now()), Unknown)


async def test_a_discord_that_is_broken_is_unknown(
    discord_server: LoopbackDiscord, channel: int, sender: DiscordSender
) -> None:
    discord_server.inject(Broken(503), *POSTS)
    assert isinstance(await sender.send(channel, a_card(), nonce="a"), Unknown)
    discord_server.inject(Broken(503), *HISTORY)
    assert isinstance(await sender.find(channel, a_card(), after_id=None, since=utc_now()), Unknown)


async def test_a_history_that_was_refused_for_now_is_not_one_without_the_message(
    discord_server: LoopbackDiscord, channel: int, sender: DiscordSender
) -> None:
    await sender.send(channel, a_card(), nonce="a")
    discord_server.inject(Broken(401), *HISTORY)
    assert isinstance(await sender.find(channel, a_card(), after_id=None, since=utc_now()), Unknown)


async def test_a_channel_that_is_gone_or_shut_refuses(
    discord_server: LoopbackDiscord, channel: int, sender: DiscordSender
) -> None:
    discord_server.forbid(channel)
    assert isinstance(await sender.send(channel, a_card(), nonce="a"), Refused)
    discord_server.remove_channel(channel)
    assert isinstance(await sender.send(channel, a_card(), nonce="a"), Refused)


async def test_what_never_reached_discord_was_surely_not_sent(
    channel: int, sender: DiscordSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Route, "BASE", "http://127.0.0.1:9/api/v10")
    assert isinstance(await sender.send(channel, a_card(), nonce="a"), NotSent)


async def test_nobody_is_mentioned_but_the_chosen_role(
    discord_server: LoopbackDiscord, channel: int, sender: DiscordSender
) -> None:
    guild = discord_server.world.channels[channel].guild_id
    assert guild is not None
    chosen, other = (discord_server.add_role(guild, n, mentionable=True) for n in ("a", "b"))
    loud = f"@everyone @here <@&{other}> <@&{chosen}>"
    await sender.send(channel, Rendered(content=loud, role_id=chosen), nonce="a")
    await sender.send(channel, Rendered(content=loud), nonce="b")
    first, second = discord_server.messages(channel)
    assert first.mention_roles == [chosen]
    assert second.mention_roles == []
    assert not first.mention_everyone


async def test_the_history_is_searched_below_the_last_known_message_and_no_further(
    discord_server: LoopbackDiscord, channel: int, sender: DiscordSender
) -> None:
    """A card of the same paper that is older than what is known to stand is not this one."""
    old = await sender.send(channel, a_card(1), nonce="a")
    known = await sender.send(channel, a_card(2), nonce="b")
    assert isinstance(old, Sent)
    assert isinstance(known, Sent)
    after = utc_now() + timedelta(days=1)  # by a clock that ran ahead
    for message in (a_card(1), a_card(2)):
        found = await sender.find(channel, message, after_id=known.message_id, since=after)
        assert isinstance(found, NotSent)
    lost = await sender.send(channel, a_card(3), nonce="c")
    found = await sender.find(channel, a_card(3), after_id=known.message_id, since=after)
    assert found == lost


async def test_a_history_too_long_to_be_read_is_no_proof_but_by_the_clock(
    discord_server: LoopbackDiscord,
    channel: int,
    sender: DiscordSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.sender.HISTORY_LOOKED_AT", 150)
    guild = discord_server.world.channels[channel].guild_id
    assert guild is not None
    somebody = discord_server.add_member(guild, "somebody")
    await sender.send(channel, a_card(1), nonce="a")
    for n in range(150):
        discord_server.say(channel, somebody, f"word {n}")
    found = await sender.find(channel, a_card(1), after_id=None, since=utc_now())
    assert isinstance(found, Rejected)
    assert "150 messages" in found.why
    long_after = utc_now() + timedelta(hours=1)
    found = await sender.find(channel, a_card(2), after_id=None, since=long_after)
    assert isinstance(found, NotSent)


async def test_a_token_that_discord_takes_no_longer_is_tried_once(
    discord_server: LoopbackDiscord, channel: int, sender: DiscordSender
) -> None:
    locked_out: list[bool] = []
    sender = DiscordSender(sender._client, on_locked_out=lambda: locked_out.append(True))
    discord_server.inject(Broken(401), *POSTS, times=None)
    for _ in range(5):
        assert isinstance(await sender.send(channel, a_card(), nonce="a"), NotSent)
    found = await sender.find(channel, a_card(), after_id=None, since=utc_now())
    assert isinstance(found, Unknown)
    assert locked_out == [True]
    assert discord_server.tally.by_status[401] == 1


async def test_the_shield_before_discord_is_not_asked_again_before_it_says(
    discord_server: LoopbackDiscord,
    channel: int,
    sender: DiscordSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cloudflare's 429, which has no `Via`, blocks the whole address."""
    discord_server.inject(Page(429, retry_after=120), *POSTS)
    for _ in range(5):
        assert isinstance(await sender.send(channel, a_card(), nonce="a"), NotSent)
    assert discord_server.tally.by_status[429] == 1
    now = time.monotonic()
    monkeypatch.setattr("bot.sender.time.monotonic", lambda: now + 121)
    assert isinstance(await sender.send(channel, a_card(), nonce="a"), Sent)
