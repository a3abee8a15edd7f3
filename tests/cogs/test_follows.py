"""Readers follow and have their own daily papers: private answers, direct messages."""

from typing import Any

import simcord

from bot.domain.subscriptions import SubscriptionState, SuspensionCause
from tests.cogs.conftest import NOON, Lab


async def ask(lab: Lab, command: str, **options: Any) -> str:
    return str((await lab.slash(command, by=lab.reader, **options)).content)


async def test_a_reader_follows_looks_and_ends_it(lab: Lab) -> None:
    assert "`Ada Lovelace` now" in await ask(lab, "follow author", name="Ada Lovelace")
    assert "`Ada Lovelace` already" in await ask(lab, "follow author", name="ada lovelace")
    assert "watch for the name" in await ask(lab, "follow author", name="Nobody Yet")
    assert "`diffusion` now" in await ask(lab, "follow words", words="diffusion")

    listed = await ask(lab, "follow list")
    assert all(said in listed for said in ("Ada Lovelace", "Nobody Yet", "diffusion"))

    assert "no longer" in await ask(lab, "follow remove", what="diffusion")
    assert "diffusion" not in await ask(lab, "follow list")
    assert "don't follow `diffusion`" in await ask(lab, "follow remove", what="diffusion")


async def test_who_follows_nothing_is_told_how_to_begin(lab: Lab) -> None:
    assert "/follow author" in await ask(lab, "follow list")


async def test_a_digest_begins_moves_and_ends(lab: Lab) -> None:
    begun = await ask(lab, "me digest", time="07:30", timezone="Seoul", limit=5)
    assert "07:30 (Asia/Seoul)" in begun
    assert "08:00 (Asia/Seoul)" in await ask(lab, "me hour", time="8")
    assert "have ended" in await ask(lab, "me digest-off")
    assert "Nothing comes to you" in await ask(lab, "me digest-off")


async def test_a_reader_is_told_that_nobody_writes_their_language(lab: Lab) -> None:
    result = await lab.reader.slash(lab.channel, "me digest", language="ko")
    assert any("`LLM_MODEL`" in str(said.content) for said in _said(result))
    result = await lab.reader.slash(lab.channel, "me digest", limit=5)
    assert not any("`LLM_MODEL`" in str(said.content) for said in _said(result))


async def test_followed_papers_arrive_as_a_direct_message(lab: Lab) -> None:
    await ask(lab, "follow author", name="Ada Lovelace")
    subscription = await lab.app.following.subscription(lab.reader.id)
    assert subscription is not None

    await lab.app.delivering.deliver(subscription, subscription.next_slot(NOON))

    channel = lab.app.bot.get_partial_messageable(subscription.channel_id)
    [message] = [message async for message in channel.history()]
    assert "you follow Ada Lovelace" in str(message.embeds[0].description)


async def test_closed_direct_messages_are_told_of_at_the_next_command(lab: Lab) -> None:
    await ask(lab, "follow author", name="Ada Lovelace")
    subscription = await lab.app.following.subscription(lab.reader.id)
    assert subscription is not None
    async with lab.app.database.transaction() as stores:
        await stores.subscriptions.suspend(
            subscription.id, SuspensionCause.REFUSED, "closed", at=NOON
        )

    result = await lab.reader.slash(lab.channel, "follow list")

    assert any("closed to me" in str(said.content) for said in _said(result))
    again = await lab.app.following.subscription(lab.reader.id)
    assert again is not None
    assert again.state is SubscriptionState.ACTIVE


def _said(result: simcord.InteractionResult) -> list[simcord.ResponseMessage]:
    return [*([result.response] if result.response else []), *result.followups]


async def test_the_button_under_an_authors_papers_follows_and_ends_that(lab: Lab) -> None:
    answer = await lab.slash("papers author", by=lab.reader, name="Ada Lovelace")
    async with lab.app.database.reading() as stores:
        [author] = await stores.authors.find("Ada Lovelace", limit=1)

    for following in (1, 0):
        await lab.reader.click(answer, custom_id=f"follow-author:{author.id}")
        assert len(await lab.app.following.follows(lab.reader.id)) == following


async def test_what_can_be_chosen_is_offered(lab: Lab) -> None:
    await lab.slash("follow words", words="diffusion")

    assert "diffusion" in await lab.choices("follow remove", "what", "dif")
    assert any("Ada Lovelace" in name for name in await lab.choices("follow author", "name", "ada"))
    assert "Asia/Seoul" in await lab.choices("me digest", "timezone", "seoul")
    assert "en" in await lab.choices("me digest", "language", "e")
