"""Readers react and press, under posts of today and of weeks ago; the bot remembers once."""

from typing import Any

import discord
import pytest
import simcord
import simcord.backend.models

from bot.domain.interests import Place, Reaction, Verdict
from bot.domain.papers import PaperId
from bot.services import tracking
from tests.cogs.conftest import Lab

FIRST = PaperId("2406.00001")
SECOND = PaperId("2406.00002")


@pytest.fixture
async def posted(lab: Lab) -> Lab:
    """A channel that has had three cards, the best first."""
    await lab.slash("subscribe", time="09:00", timezone="UTC")
    await lab.deliver(lab.channel)
    return lab


def card(lab: Lab, nth: int = 0) -> discord.Message:
    """A card of the channel, the first of the day unless told otherwise."""
    cards = [message for message in lab.channel.history() if message.embeds]
    return sorted(cards, key=lambda message: message.id)[nth]


async def said(lab: Lab, reader: simcord.MemberActor) -> set[tuple[PaperId, Verdict]]:
    async with lab.app.database.reading() as stores:
        interests = await stores.interests.of_reader(reader.id)
    return {(each.paper_id, each.verdict) for each in interests}


def labels(message: Any) -> list[str]:
    rows = [
        row if isinstance(row, dict) else row.to_dict()  # an answer's, or a channel's
        for row in message.components
    ]
    return [control["label"] for row in rows for control in row["components"]]


def counted(message: Any) -> list[str]:
    """Like and Save, as they stand under a card."""
    return labels(message)[2:4]


async def press(
    lab: Lab, reader: simcord.MemberActor, custom_id: str, message: Any = None
) -> simcord.InteractionResult:
    return await reader.click(message or card(lab), custom_id=custom_id)


@pytest.fixture(autouse=True)
def _every_press_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests press faster than people."""
    monkeypatch.setattr(tracking, "ONE_PRESS", -tracking.ONE_PRESS)


async def test_a_card_has_its_links_two_counters_and_what_else_can_be_done(posted: Lab) -> None:
    assert labels(card(posted)) == [
        *("arXiv", "Hugging Face"),
        *("Like", "Save", "More like this", "Follow"),
    ]


async def test_reactions_are_remembered_and_taken_back(posted: Lab) -> None:
    await posted.reader.react(card(posted), "🔥")
    await posted.reader.react(card(posted, 1), "🔖")
    await posted.reader.react(card(posted, 1), "🤷")
    assert await said(posted, posted.reader) == {
        (FIRST, Verdict.LIKED),
        (SECOND, Verdict.SAVED),
    }

    await posted.reader.unreact(card(posted), "🔥")
    assert await said(posted, posted.reader) == {(SECOND, Verdict.SAVED)}

    posted.env.backend.clear_reactions(posted.channel.id, card(posted, 1).id)
    await posted.env.settle()
    assert await said(posted, posted.reader) == set()


async def test_one_emoji_may_be_cleared_alone(posted: Lab) -> None:
    await posted.reader.react(card(posted), "👍🏽")
    await posted.reader.react(card(posted), "🔖")

    posted.env.backend.clear_reaction(posted.channel.id, card(posted).id, "👍🏽")
    await posted.env.settle()

    assert await said(posted, posted.reader) == {(FIRST, Verdict.SAVED)}


async def test_a_post_of_weeks_ago_still_takes_reactions(
    posted: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "READ_BACK", -tracking.READ_BACK)  # too old to be read again
    old = card(posted)
    async with posted.restarted():
        await posted.reader.react(old, "❤️")

        assert await said(posted, posted.reader) == {(FIRST, Verdict.LIKED)}


async def test_bots_do_not_count_and_neither_does_ours(posted: Lab) -> None:
    robot = posted.guild.add_member(posted.env.create_user("robot", bot=True))
    await robot.react(card(posted), "👍")
    channel: Any = posted.app.bot.get_channel(posted.channel.id)
    await channel.get_partial_message(card(posted).id).add_reaction("👍")
    await posted.env.settle()

    async with posted.app.database.reading() as stores:
        place = Place(posted.guild.id, posted.channel.id)
        assert await stores.interests.counts(place, [FIRST]) == {FIRST: {}}


async def test_a_message_that_goes_takes_nothing_with_it(posted: Lab) -> None:
    await posted.reader.react(card(posted), "🔖")
    await posted.reader.react(card(posted, 1), "🔖")
    await posted.reader.react(card(posted, 2), "🔖")
    before = await said(posted, posted.reader)
    first, *others = [card(posted, nth).id for nth in range(3)]

    posted.env.backend.delete_message(posted.channel.id, first)
    posted.env.backend.bulk_delete_messages(posted.channel.id, others)
    await posted.env.settle()

    assert await said(posted, posted.reader) == before
    async with posted.app.database.reading() as stores:
        for message_id in (first, *others):
            assert await stores.interests.reactions(message_id) == {}


async def test_what_happened_while_the_bot_was_away_is_read_when_it_is_back(posted: Lab) -> None:
    message = card(posted)
    await posted.reader.react(message, "👍")
    await posted.app.bot.close()
    posted.env.backend.remove_reaction(posted.channel.id, message.id, "👍", posted.reader.id)
    posted.env.backend.add_reaction(posted.channel.id, message.id, "🔖", posted.reader.id)
    posted.env.backend.add_reaction(posted.channel.id, message.id, "👍", posted.manager.id)

    async with posted.restarted():
        await posted.env.settle()

        assert await said(posted, posted.reader) == {(FIRST, Verdict.SAVED)}
        async with posted.app.database.reading() as stores:
            assert set(await stores.interests.reactions(message.id)) == {
                Reaction(posted.reader.id, "🔖"),
                Reaction(posted.manager.id, "👍"),
            }


@pytest.mark.parametrize("event", ["guild_available", "guild_join"])
async def test_what_happened_while_a_server_was_out_of_reach_is_read_when_it_is_back(
    posted: Lab, event: str
) -> None:
    stored = posted.env.backend.get_message(posted.channel.id, card(posted).id)
    stored.reactions.append(simcord.backend.models.Reaction("👍", [posted.reader.id]))

    posted.app.bot.dispatch(event, posted.app.bot.guilds[0])
    await posted.env.settle()
    await posted.app.tracking.caught_up()

    assert await said(posted, posted.reader) == {(FIRST, Verdict.LIKED)}


async def test_an_emoji_that_is_no_more_says_nothing(posted: Lab) -> None:
    await posted.reader.react(card(posted), "👍")
    place = {
        "channel_id": str(posted.channel.id),
        "message_id": str(card(posted).id),
        "guild_id": str(posted.guild.id),
        "emoji": {"id": None, "name": None},
    }
    posted.env.backend.emit("MESSAGE_REACTION_REMOVE_EMOJI", place)
    posted.env.backend.emit(
        "MESSAGE_REACTION_REMOVE",
        {**place, "user_id": str(posted.reader.id), "burst": False, "type": 0},
    )
    await posted.env.settle()

    assert await said(posted, posted.reader) == {(FIRST, Verdict.LIKED)}


async def test_a_press_is_counted_for_all_to_see(posted: Lab) -> None:
    await press(posted, posted.reader, "liked:2406.00001")
    await press(posted, posted.manager, "liked:2406.00001")
    await press(posted, posted.reader, "saved:2406.00001")

    assert counted(card(posted)) == ["Like 2", "Save 1"]
    assert len(labels(card(posted))) == 6, "the other buttons stay"
    assert await said(posted, posted.reader) == {
        (FIRST, Verdict.LIKED),
        (FIRST, Verdict.SAVED),
    }


async def test_a_second_press_takes_it_back_also_after_a_restart(posted: Lab) -> None:
    await press(posted, posted.reader, "saved:2406.00001")
    async with posted.restarted():
        await press(posted, posted.reader, "saved:2406.00001")

        assert counted(card(posted)) == ["Like", "Save"]
        assert await said(posted, posted.reader) == set()


async def test_a_double_click_is_one_press(posted: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "ONE_PRESS", -tracking.ONE_PRESS)
    await press(posted, posted.reader, "saved:2406.00001")
    await press(posted, posted.reader, "saved:2406.00001")

    assert counted(card(posted)) == ["Like", "Save 1"]
    assert await said(posted, posted.reader) == {(FIRST, Verdict.SAVED)}


async def test_a_reaction_and_a_button_are_one_record(posted: Lab) -> None:
    await posted.reader.react(card(posted), "🔥")
    result = await press(posted, posted.reader, "liked:2406.00001")

    [told] = result.followups
    assert told.ephemeral
    assert told.content.startswith("You said so with a reaction already.")
    assert await said(posted, posted.reader) == {(FIRST, Verdict.LIKED)}
    await press(posted, posted.manager, "liked:2406.00001")
    assert counted(card(posted)) == ["Like 2", "Save"]


async def test_a_card_that_comes_later_shows_what_its_server_said(posted: Lab) -> None:
    await press(posted, posted.reader, "liked:2406.00001")
    other = posted.guild.create_text_channel("more-papers")
    await posted.slash("subscribe", channel=other, time="10:00", timezone="UTC")
    await posted.deliver(other)

    first = min(other.history(), key=lambda message: message.id)
    assert counted(first) == ["Like 1", "Save"]


async def test_a_paper_that_is_looked_up_can_be_saved_and_the_rest_stays(posted: Lab) -> None:
    answer = await posted.slash("papers show", by=posted.reader, paper="2406.00002")
    await press(posted, posted.reader, "saved:2406.00002", answer)

    assert await said(posted, posted.reader) == {(SECOND, Verdict.SAVED)}
    assert counted(answer) == ["Like", "Save 1"]


@pytest.mark.parametrize(
    ("custom_id", "says"),
    [
        ("saved:2406.77777", "I have not seen `2406.77777`"),
        ("liked:no-paper", "I need an arXiv id"),
    ],
)
async def test_a_forged_press_is_answered_with_a_sentence(
    posted: Lab, custom_id: str, says: str
) -> None:
    channel: Any = posted.app.bot.get_channel(posted.channel.id)
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Save", custom_id=custom_id))
    view.stop()
    forged = await channel.send("look", view=view)

    result = await press(posted, posted.reader, custom_id, forged)

    told = result.followups[0] if result.followups else result.response
    assert told is not None
    assert told.ephemeral
    assert says in told.content
    assert await said(posted, posted.reader) == set()


async def test_a_message_that_goes_while_it_is_pressed_is_no_failure(
    posted: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    posted.env.inject_error("PATCH", "/webhooks/*", status=404, code=10008)
    result = await press(posted, posted.reader, "saved:2406.00001")

    assert result.followups == []
    assert await said(posted, posted.reader) == {(FIRST, Verdict.SAVED)}
    assert "the counts did not arrive" in caplog.text


async def test_cards_are_seeded_where_the_channel_wants_it(lab: Lab) -> None:
    answer = await lab.slash("subscribe", time="09:00", timezone="UTC", reactions=True)
    assert "with reactions to join" in answer.content
    await lab.deliver(lab.channel)
    await lab.app.seeding.caught_up()

    shown = [
        [reaction.emoji for reaction in lab.env.backend.get_message(lab.channel.id, m.id).reactions]
        for m in lab.channel.history()
    ]
    assert shown == [["👍", "🔖", "👎"]] * 3

    await lab.slash("subscription edit", reactions=False)
    subscription = await lab.app.subscribing.of_channel(lab.channel.id)
    assert not subscription.preferences.seed_reactions
