"""Each gap of the simulated Discord, shown closed against a tiny bot."""

from collections.abc import AsyncGenerator

import aiohttp
import discord
import pytest
import simcord
from discord import app_commands
from simcord.http import router

from tests import simcord_shim
from tests.loopback.discord_errors import ApiError
from tests.loopback.discord_faults import Broken, Cut
from tests.simcord_shim import StricterDiscord, stricter


class TinyBot(discord.Client):
    """Says which language it is spoken to in; answers `long` with more than Discord takes."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        @self.tree.command(description="The language I am spoken to in")
        async def language(interaction: discord.Interaction) -> None:
            await interaction.response.send_message(str(interaction.locale))

        @self.tree.command(description="More than Discord takes")
        async def long(interaction: discord.Interaction, deferred: bool, edited: bool) -> None:
            if deferred:
                await interaction.response.defer()
            elif edited:
                await interaction.response.send_message("short")
            try:
                if edited:
                    await interaction.edit_original_response(content="x" * 2001)
                elif deferred:
                    await interaction.followup.send("x" * 2001)
                else:
                    await interaction.response.send_message("x" * 2001)
            except discord.HTTPException as error:
                say = interaction.followup.send if deferred or edited else None
                await (say or interaction.response.send_message)(f"refused: {error.code}")

        await self.tree.sync()


@pytest.fixture
async def env() -> AsyncGenerator[simcord.Env]:
    env = simcord.Env(TinyBot())
    await env.start()
    yield env
    env.raise_errors()
    await env.shutdown()


@pytest.fixture
async def strict(env: simcord.Env) -> AsyncGenerator[StricterDiscord]:
    with stricter(env) as strict:
        yield strict


@pytest.fixture
def handle(env: simcord.Env) -> simcord.ChannelHandle:
    return env.create_guild("lab").create_text_channel("papers")


@pytest.fixture
async def channel(
    env: simcord.Env, strict: StricterDiscord, handle: simcord.ChannelHandle
) -> discord.PartialMessageable:
    await env.settle()
    return env.bot.get_partial_messageable(handle.id)


async def test_the_same_nonce_in_the_same_channel_is_the_same_message(
    channel: discord.PartialMessageable, handle: simcord.ChannelHandle
) -> None:
    first = await channel.send("one", nonce="n1")
    second = await channel.send("two", nonce="n1")
    other = await channel.send("three", nonce="n2")
    assert second.id == first.id != other.id
    assert second.content == "one"
    assert [message.content for message in handle.history()] == ["one", "three"]


async def test_the_same_nonce_in_another_channel_is_another_message(
    env: simcord.Env, channel: discord.PartialMessageable
) -> None:
    elsewhere = env.guild.create_text_channel("elsewhere")
    first = await channel.send("one", nonce="n1")
    second = await env.bot.get_partial_messageable(elsewhere.id).send("one", nonce="n1")
    assert second.id != first.id


async def test_messages_without_a_nonce_are_never_taken_for_the_same(
    channel: discord.PartialMessageable, handle: simcord.ChannelHandle
) -> None:
    await channel.send("one")
    await channel.send("one")
    assert len(handle.history()) == 2


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (Broken(503), discord.DiscordServerError),
        (Cut(), aiohttp.ServerDisconnectedError),
        (ApiError(403, 50013), discord.Forbidden),
        (ApiError(404, 10003), discord.NotFound),
    ],
)
async def test_a_message_can_be_lost_or_refused_before_it_is_stored(
    strict: StricterDiscord,
    channel: discord.PartialMessageable,
    handle: simcord.ChannelHandle,
    fault: simcord_shim.Fault,
    raised: type[Exception],
) -> None:
    strict.fail_send(fault, nth=2)
    await channel.send("one")
    with pytest.raises(raised):
        await channel.send("two", nonce="n2")
    await channel.send("three")
    assert [message.content for message in handle.history()] == ["one", "three"]


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (Broken(502, carried_out=True), discord.DiscordServerError),
        (Cut(carried_out=True), aiohttp.ServerDisconnectedError),
    ],
)
async def test_a_message_can_be_stored_and_its_answer_lost(
    strict: StricterDiscord,
    channel: discord.PartialMessageable,
    handle: simcord.ChannelHandle,
    fault: simcord_shim.Fault,
    raised: type[Exception],
) -> None:
    strict.fail_send(fault)
    with pytest.raises(raised):
        await channel.send("one", nonce="n1")
    again = await channel.send("one", nonce="n1")
    assert [message.id for message in handle.history()] == [again.id]


@pytest.mark.parametrize(
    "embed",
    [
        discord.Embed(title="x", url="not an address"),
        discord.Embed(title="x").set_thumbnail(url="/avatars/relative.svg"),
        discord.Embed(title="x").add_field(name="", value="y"),
        discord.Embed(title="x").add_field(name="y", value=""),
        discord.Embed(title="x" * 257),
    ],
)
async def test_an_embed_that_discord_refuses_is_refused(
    channel: discord.PartialMessageable, handle: simcord.ChannelHandle, embed: discord.Embed
) -> None:
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send(embed=embed)
    assert (refused.value.status, refused.value.code) == (400, 50035)
    assert handle.history() == []


async def test_six_thousand_characters_are_the_limit_of_all_embeds_of_a_message(
    channel: discord.PartialMessageable,
) -> None:
    embeds = [discord.Embed(description="x" * 3000) for _ in range(2)]
    await channel.send(embeds=embeds)
    embeds[0].title = "x"
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send(embeds=embeds)
    assert "6000" in refused.value.text


async def test_an_edit_that_discord_refuses_is_refused(
    env: simcord.Env, channel: discord.PartialMessageable, handle: simcord.ChannelHandle
) -> None:
    message = await channel.send("one")
    with pytest.raises(discord.HTTPException) as refused:
        await message.edit(embed=discord.Embed(title="x" * 257))
    assert refused.value.code == 50035
    await message.edit(content="two")
    assert [message.content for message in handle.history()] == ["two"]


async def test_embeds_need_the_permission_to_embed_links(
    env: simcord.Env, strict: StricterDiscord, handle: simcord.ChannelHandle
) -> None:
    me = env.guild.me
    assert me is not None
    quiet = env.guild.create_text_channel(
        "quiet", overwrites={me: discord.PermissionOverwrite(embed_links=False)}
    )
    channel = env.bot.get_partial_messageable(quiet.id)
    await channel.send("text")
    with pytest.raises(discord.Forbidden) as refused:
        await channel.send(embed=discord.Embed(title="x"))
    assert refused.value.code == 50013
    assert [message.content for message in quiet.history()] == ["text"]


async def test_embeds_reach_direct_messages(env: simcord.Env, strict: StricterDiscord) -> None:
    reader = env.create_user("reader")
    user = await env.bot.fetch_user(reader.id)
    await user.send(embed=discord.Embed(title="x"))
    [message] = reader.dm_channel.history()
    assert message.embeds[0].title == "x"


async def test_a_user_speaks_their_language(
    env: simcord.Env, strict: StricterDiscord, handle: simcord.ChannelHandle
) -> None:
    reader = env.guild.add_member(env.create_user("reader"))
    await reader.slash(handle, "language")
    strict.locale = discord.Locale.korean
    await reader.slash(handle, "language")
    assert [message.content for message in handle.history()] == ["en-US", "ko"]


@pytest.mark.parametrize("deferred", [False, True])
@pytest.mark.parametrize("edited", [False, True])
async def test_an_answer_that_discord_refuses_is_refused(
    env: simcord.Env,
    strict: StricterDiscord,
    handle: simcord.ChannelHandle,
    deferred: bool,
    edited: bool,
) -> None:
    reader = env.guild.add_member(env.create_user("reader"))
    await reader.slash(handle, "long", deferred=deferred, edited=edited)
    assert "refused: 50035" in [message.content for message in handle.history()]


def test_another_simulated_discord_stays_as_it_is(strict: StricterDiscord) -> None:
    other = simcord.Env(TinyBot())
    path = f"/channels/{other.create_guild().create_text_channel('papers').id}/messages"
    body = {"content": "one", "nonce": "n1", "enforce_nonce": True}
    first, second = (router.dispatch(other.backend, "POST", path, json=body) for _ in range(2))
    assert first["id"] != second["id"]


async def test_the_gaps_open_again_afterwards(
    env: simcord.Env, handle: simcord.ChannelHandle
) -> None:
    with stricter(env):
        pass
    await env.settle()
    channel = env.bot.get_partial_messageable(handle.id)
    first, second = [await channel.send("one", nonce="n1") for _ in range(2)]
    assert first.id != second.id


def test_another_version_of_simcord_has_to_be_looked_at_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simcord, "__version__", "9.9.9")
    with pytest.raises(RuntimeError, match=r"9\.9\.9"):
        StricterDiscord(simcord.Env(TinyBot()))
