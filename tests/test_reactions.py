"""Reactions asked of a loopback Discord over real sockets."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import discord
import pytest
from discord.http import Route

from bot.domain.interests import DEFAULT_MEANINGS, Meanings, Reaction, Seen, Verdict
from bot.pacing import Pacing
from bot.reactions import DiscordReactions, emoji_key
from bot.rendering.cards import paper_card
from bot.services.tracking import ChannelRefuses, NotNow
from tests.builders import DAY, a_paper, a_summary
from tests.loopback.discord_faults import Broken, Cut, Held, Page
from tests.loopback.discord_permissions import Permission
from tests.loopback.discord_server import LoopbackDiscord

HISTORY = ("GET", "/channels/*/messages")
PEOPLE = ("GET", "/channels/*/messages/*/reactions/*")
PUTS = ("PUT", "/channels/*/messages/*/reactions/*/@me")


@pytest.fixture
async def discord_server() -> AsyncGenerator[LoopbackDiscord]:
    async with LoopbackDiscord() as server:
        yield server


@pytest.fixture
def guild(discord_server: LoopbackDiscord) -> int:
    return discord_server.add_guild("lab")


@pytest.fixture
def channel(discord_server: LoopbackDiscord, guild: int) -> int:
    return discord_server.add_channel(guild, "papers")


class Turns:
    """Counts the turns that were waited for."""

    def __init__(self) -> None:
        self.taken = 0

    async def __call__(self) -> None:
        self.taken += 1


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
async def client(
    discord_server: LoopbackDiscord, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[discord.Client]:
    """Logged in, and connected to no gateway."""
    monkeypatch.setattr(Route, "BASE", discord_server.url)
    trace = Pacing().trace()
    async with discord.Client(intents=discord.Intents.none(), http_trace=trace) as client:
        await client.login(discord_server.token)
        yield client


@pytest.fixture
def reactions(client: discord.Client, turns: Turns) -> DiscordReactions:
    return DiscordReactions(
        client, meanings=DEFAULT_MEANINGS, turn=turns, timeout=timedelta(seconds=1)
    )


async def post(discord_server: LoopbackDiscord, channel: int, count: int = 1) -> list[int]:
    """Messages of the bot's, oldest first."""
    world = discord_server.world
    found = []
    for number in range(count):
        message = world.compose(world.channels[channel], world.bot, {"content": f"number {number}"})
        world.put(message)
        found.append(message.id)
    return found


async def read(reactions: DiscordReactions, channel: int, *message_ids: int) -> list[Seen]:
    return [seen async for seen in reactions.read(channel, message_ids)]


def people(discord_server: LoopbackDiscord, guild: int, count: int) -> list[int]:
    return [discord_server.add_member(guild, f"reader {number}") for number in range(count)]


async def test_one_page_tells_of_many_messages(
    discord_server: LoopbackDiscord,
    reactions: DiscordReactions,
    turns: Turns,
    guild: int,
    channel: int,
) -> None:
    first, second, third = await post(discord_server, channel, 3)
    ann, ben = people(discord_server, guild, 2)
    discord_server.react(channel, first, ann, "👍")
    discord_server.react(channel, first, ben, "🔖")
    discord_server.react(channel, first, ben, "🤷")

    seen = await read(reactions, channel, third, second, first)

    assert seen == [
        Seen(message_id=third, reactions=frozenset()),
        Seen(message_id=second, reactions=frozenset()),
        Seen(message_id=first, reactions=frozenset({Reaction(ann, "👍"), Reaction(ben, "🔖")})),
    ]
    assert turns.taken == 3, "the history, and who stands behind two emoji with a meaning"


async def test_bots_are_nobody_and_our_own_reaction_is_not_even_asked_for(
    discord_server: LoopbackDiscord,
    reactions: DiscordReactions,
    turns: Turns,
    channel: int,
) -> None:
    world = discord_server.world
    first, second = await post(discord_server, channel, 2)
    robot = world.add_user("robot", is_bot=True)
    discord_server.react(channel, first, robot.id, "👍")
    discord_server.react(channel, second, world.bot.id, "👍")

    assert [seen.reactions for seen in await read(reactions, channel, second, first)] == [
        frozenset(),
        frozenset(),
    ]
    assert turns.taken == 2


async def test_however_many_reacted_all_are_found(
    discord_server: LoopbackDiscord, reactions: DiscordReactions, guild: int, channel: int
) -> None:
    [message] = await post(discord_server, channel)
    readers = people(discord_server, guild, 205)
    for reader in readers:
        discord_server.react(channel, message, reader, "🔥")

    [seen] = await read(reactions, channel, message)

    assert seen.reactions == frozenset(Reaction(reader, "🔥") for reader in readers)


async def test_an_emoji_of_the_server_is_known_by_its_id(
    discord_server: LoopbackDiscord, client: discord.Client, turns: Turns, guild: int, channel: int
) -> None:
    [message] = await post(discord_server, channel)
    [ann] = people(discord_server, guild, 1)
    discord_server.react(channel, message, ann, "party:123456789012345678")
    reactions = DiscordReactions(
        client, meanings=Meanings.parse("liked=old_name:123456789012345678"), turn=turns
    )

    [seen] = await read(reactions, channel, message)

    assert seen.reactions == frozenset({Reaction(ann, "123456789012345678")})
    assert emoji_key(discord.PartialEmoji(name="x", id=7)) == "7"
    assert emoji_key(discord.PartialEmoji(name="👍")) == "👍"


async def test_super_reactions_are_asked_for_apart(
    discord_server: LoopbackDiscord,
    reactions: DiscordReactions,
    client: discord.Client,
    channel: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The loopback Discord knows none: its answers are made to tell of one."""
    [message] = await post(discord_server, channel)
    shown = {
        "id": str(message),
        "reactions": [
            {
                "emoji": {"id": None, "name": "👍"},
                "count": 2,
                "count_details": {"normal": 1, "burst": 1},
                "me": False,
                "me_burst": False,
            }
        ],
    }

    async def history(*_: Any, **__: Any) -> Any:
        return [shown]

    async def who(*_: Any, type: int, **__: Any) -> Any:
        return [{"id": "1" if type == 0 else "2"}]

    monkeypatch.setattr(client.http, "logs_from", history)
    monkeypatch.setattr(client.http, "get_reaction_users", who)

    [seen] = await read(reactions, channel, message)

    assert seen.reactions == frozenset({Reaction(1, "👍"), Reaction(2, "👍", burst=True)})


async def test_a_deleted_message_is_no_more(
    discord_server: LoopbackDiscord, reactions: DiscordReactions, channel: int
) -> None:
    first, second, third = await post(discord_server, channel, 3)
    discord_server.delete(channel, first, second)

    assert await read(reactions, channel, third, second, first) == [
        Seen(message_id=third, reactions=frozenset()),
        Seen(message_id=second, reactions=None),
        Seen(message_id=first, reactions=None),
    ]


async def test_a_message_that_goes_while_it_is_read_is_no_more(
    discord_server: LoopbackDiscord,
    client: discord.Client,
    guild: int,
    channel: int,
) -> None:
    first, second = await post(discord_server, channel, 2)
    [ann] = people(discord_server, guild, 1)
    for message in (first, second):
        discord_server.react(channel, message, ann, "👍")
    acts = [
        lambda: None,
        lambda: discord_server.delete(channel, second),
        lambda: discord_server.unreact(channel, first, ann, "👍"),
    ]

    async def turn() -> None:
        acts.pop(0)()

    reactions = DiscordReactions(client, meanings=DEFAULT_MEANINGS, turn=turn)

    assert await read(reactions, channel, second, first) == [
        Seen(message_id=second, reactions=None),
        Seen(message_id=first, reactions=frozenset()),
    ]


async def test_what_lies_beyond_a_page_is_left_for_the_next(
    discord_server: LoopbackDiscord, reactions: DiscordReactions, channel: int
) -> None:
    messages = await post(discord_server, channel, 150)

    seen = await read(reactions, channel, messages[149], messages[60], messages[10])

    assert [each.message_id for each in seen] == [messages[149], messages[60]]


@pytest.mark.parametrize("denied", [Permission.VIEW_CHANNEL, Permission.READ_MESSAGE_HISTORY])
async def test_a_channel_that_shows_nothing_refuses(
    discord_server: LoopbackDiscord,
    reactions: DiscordReactions,
    channel: int,
    denied: Permission,
) -> None:
    [message] = await post(discord_server, channel)
    discord_server.deny(channel, denied)

    with pytest.raises(ChannelRefuses):
        await read(reactions, channel, message)
    with pytest.raises(ChannelRefuses):
        await read(reactions, channel + 1, message)


@pytest.mark.parametrize(
    "fault", [Broken(403), Broken(502), Cut(), Held(), Page(200), Page(429, retry_after=1)]
)
@pytest.mark.parametrize("request_", [HISTORY, PEOPLE])
async def test_what_fails_for_now_is_told_as_that(
    discord_server: LoopbackDiscord,
    reactions: DiscordReactions,
    guild: int,
    channel: int,
    fault: Any,
    request_: tuple[str, str],
) -> None:
    [message] = await post(discord_server, channel)
    [ann] = people(discord_server, guild, 1)
    discord_server.react(channel, message, ann, "👍")
    rule = discord_server.inject(fault, *request_, times=None)

    with pytest.raises(NotNow):
        await read(reactions, channel, message)
    rule.withdraw()

    [seen] = await read(reactions, channel, message)
    assert seen.reactions == frozenset({Reaction(ann, "👍")})


async def test_a_reaction_is_put_once(
    discord_server: LoopbackDiscord, reactions: DiscordReactions, turns: Turns, channel: int
) -> None:
    [message] = await post(discord_server, channel)
    await reactions.put(channel, message, "👍")
    await reactions.put(channel, message, "👍")
    await reactions.put(channel, message, "🔖")

    [stored] = discord_server.messages(channel)
    me = discord_server.world.bot.id
    assert stored.reactions == {"👍": [me], "🔖": [me]}
    assert turns.taken == 3


async def test_where_no_reaction_can_be_put_it_is_told_for_good_or_for_now(
    discord_server: LoopbackDiscord, reactions: DiscordReactions, channel: int
) -> None:
    [message] = await post(discord_server, channel)
    for gone in (message + 1, message):
        with pytest.raises(ChannelRefuses):
            await reactions.put(channel, gone, "nonsense" if gone == message else "👍")
    discord_server.inject(Broken(502), *PUTS, times=None)
    with pytest.raises(NotNow):
        await reactions.put(channel, message, "👍")
    discord_server.deny(channel, Permission.ADD_REACTIONS)


def test_the_server_of_a_channel_that_is_not_known(reactions: DiscordReactions) -> None:
    assert reactions.guild_of(7) is None


async def test_direct_messages_are_of_no_server(
    discord_server: LoopbackDiscord, client: discord.Client, reactions: DiscordReactions
) -> None:
    person = discord_server.add_user("ann")
    direct = await client.create_dm(discord.Object(person))

    assert reactions.guild_of(direct.id) == 0


async def test_a_card_shows_new_counts_and_is_edited_only_for_that(
    discord_server: LoopbackDiscord, reactions: DiscordReactions, turns: Turns, channel: int
) -> None:
    world = discord_server.world
    card = paper_card(a_paper(), day=DAY, rank=1, upvotes=3, language="ko", likes=1)
    view = card.view()
    assert view is not None
    body = {"embeds": [card.embeds[0].to_dict()], "components": view.to_components()}
    message = world.compose(world.channels[channel], world.bot, body)
    world.put(message)
    paper_id = a_paper().id

    await reactions.recount(channel, message.id, paper_id, {Verdict.LIKED: 1})
    assert message.edited_at is None
    assert turns.taken == 1

    await reactions.recount(channel, message.id, paper_id, {Verdict.LIKED: 12, Verdict.SAVED: 3})
    labels = [button["label"] for row in message.components for button in row["components"]]
    assert labels == [
        *("arXiv", "Hugging Face"),
        *("좋아요 12", "저장 3", "비슷한 논문", "팔로우"),
    ]
    assert message.embeds[0]["title"] == "Paper 1"

    await reactions.recount(channel, message.id, paper_id, {})
    labels = [button["label"] for row in message.components for button in row["components"]]
    assert labels[2:4] == ["좋아요", "저장"]
    with pytest.raises(ChannelRefuses):
        await reactions.recount(channel, message.id + 1, paper_id, {})


async def test_a_card_shows_better_bullets_and_keeps_what_stands_around_them(
    discord_server: LoopbackDiscord, reactions: DiscordReactions, turns: Turns, channel: int
) -> None:
    world = discord_server.world
    before, better, plain = (
        paper_card(
            a_paper(summaries=(a_summary(text),)),
            day=DAY,
            rank=1,
            upvotes=3,
            language="ko",
            plain=is_plain,
        )
        for text, is_plain in (("Before.", False), ("Better.", False), ("Better.", True))
    )
    view = before.view()
    assert view is not None
    body = {
        "content": "**오늘의 논문**",
        "embeds": [before.embeds[0].to_dict()],
        "components": view.to_components(),
    }
    message = world.compose(world.channels[channel], world.bot, body)
    world.put(message)
    buttons = message.components

    assert not await reactions.show(channel, message.id, before, plain)
    assert message.edited_at is None
    assert turns.taken == 1

    assert await reactions.show(channel, message.id, better, plain)
    assert "- Better." in message.embeds[0]["description"]
    assert message.embeds[0]["thumbnail"]["url"].endswith("2406.00001.png")
    assert message.content == "**오늘의 논문**"
    assert message.components == buttons
    assert not await reactions.show(channel, message.id, better, plain)

    other = paper_card(a_paper(2), day=DAY, rank=2, upvotes=1, language="ko")
    with pytest.raises(ChannelRefuses, match="is another card"):
        await reactions.show(channel, message.id, other, other)
    with pytest.raises(ChannelRefuses):
        await reactions.show(channel, message.id + 1, better, plain)


async def test_a_card_that_was_posted_without_its_picture_stays_so(
    discord_server: LoopbackDiscord, reactions: DiscordReactions, channel: int
) -> None:
    world = discord_server.world
    before, better, plain = (
        paper_card(
            a_paper(summaries=(a_summary(text),)),
            day=DAY,
            rank=1,
            upvotes=3,
            language="en",
            plain=is_plain,
        )
        for text, is_plain in (("Before.", True), ("Better.", False), ("Better.", True))
    )
    body = {"embeds": [before.embeds[0].to_dict()]}
    message = world.compose(world.channels[channel], world.bot, body)
    world.put(message)

    assert await reactions.show(channel, message.id, better, plain)
    assert "- Better." in message.embeds[0]["description"]
    assert "thumbnail" not in message.embeds[0]
