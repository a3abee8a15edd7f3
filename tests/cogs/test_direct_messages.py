"""Everything a person can do works where only they and the bot are."""

from typing import Any

import discord
import simcord

from bot.domain.interests import Verdict
from bot.domain.papers import PaperId
from tests.cogs.conftest import NOON, Lab

FIRST = PaperId("2406.00001")


async def say(person: simcord.UserHandle, command: str, **options: Any) -> str:
    """What a person gets to read for a command in their direct messages."""
    result = await person.slash(command, **options)
    assert result.response.ephemeral
    return str(result.response.content)


async def a_digest(lab: Lab, person: simcord.UserHandle) -> list[discord.Message]:
    """The cards of a person's own daily papers, the first of the day first."""
    await say(person, "me digest", time="13:00", timezone="UTC")
    subscription = await lab.app.following.subscription(person.id)
    assert subscription is not None
    await lab.app.delivering.deliver(subscription, subscription.next_slot(NOON))
    await lab.env.settle()
    cards = [message for message in person.dm_channel.history() if message.embeds]
    return sorted(cards, key=lambda message: message.id)


def labels(message: discord.Message) -> list[str]:
    rows: Any = message.components
    return [control.label for row in rows for control in row.children]


async def verdicts(lab: Lab, person: simcord.UserHandle) -> set[tuple[PaperId, Verdict]]:
    async with lab.app.database.reading() as stores:
        said = await stores.interests.of_reader(person.id)
    return {(each.paper_id, each.verdict) for each in said}


async def test_a_person_follows_and_has_their_papers_without_any_server(lab: Lab) -> None:
    person = lab.env.create_user("somebody")

    assert "`Ada Lovelace` now" in await say(person, "follow author", name="Ada Lovelace")
    assert "`diffusion` now" in await say(person, "follow words", words="diffusion")
    assert "Ada Lovelace" in await say(person, "follow list")
    assert "no longer" in await say(person, "follow remove", what="diffusion")
    assert "13:00 (UTC)" in await say(person, "me digest", time="13:00", timezone="UTC")
    assert "14:00 (UTC)" in await say(person, "me hour", time="14:00")
    assert "still comes to you" in await say(person, "me digest-off")


async def test_the_cards_there_can_be_liked_and_saved_also_after_a_restart(lab: Lab) -> None:
    person = lab.env.create_user("somebody")
    first, *_ = await a_digest(lab, person)

    await person.click(first, custom_id=f"liked:{FIRST}")
    async with lab.restarted():
        await person.click(first, custom_id=f"saved:{FIRST}")

    shown = next(each for each in person.dm_channel.history() if each.id == first.id)
    assert labels(shown)[2:] == ["Like 1", "Save 1", "More like this", "Follow"]
    assert await verdicts(lab, person) == {(FIRST, Verdict.LIKED), (FIRST, Verdict.SAVED)}


async def test_what_one_person_likes_is_counted_in_no_other_direct_message(lab: Lab) -> None:
    one, other = lab.env.create_user("one"), lab.env.create_user("other")
    first, *_ = await a_digest(lab, one)
    await one.click(first, custom_id=f"liked:{FIRST}")

    [others, *_] = await a_digest(lab, other)

    assert labels(others)[2:4] == ["Like", "Save"]


async def test_reactions_there_are_remembered_too(lab: Lab) -> None:
    person = lab.env.create_user("somebody")
    first, *_ = await a_digest(lab, person)

    await person.set_reaction(first, "👍", reacted=True)
    assert await verdicts(lab, person) == {(FIRST, Verdict.LIKED)}

    await person.set_reaction(first, "👍", reacted=False)
    assert await verdicts(lab, person) == set()


async def test_authors_are_followed_from_a_card_there_after_a_restart(lab: Lab) -> None:
    person = lab.env.create_user("somebody")
    first, *_ = await a_digest(lab, person)

    async with lab.restarted():
        answer = (await person.click(first, custom_id=f"follow-authors:{FIRST}")).response
        assert answer.ephemeral
        [row] = answer.components
        [select] = row["components"]
        chosen = select["options"][0]
        await person.select(answer, [chosen["value"]], custom_id=f"choose-authors:{FIRST}")

    [follow] = await lab.app.following.follows(person.id)
    assert follow.said == chosen["label"]


async def test_commands_are_answered_there_after_a_restart(lab: Lab) -> None:
    person = lab.env.create_user("somebody")
    await say(person, "follow words", words="diffusion")

    async with lab.restarted():
        assert "diffusion" in await say(person, "follow list")
        assert "no longer" in await say(person, "follow remove", what="diffusion")
        assert "You follow nothing yet" in await say(person, "follow list")
