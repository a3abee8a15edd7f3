"""What fits a reader, and what is like a paper: asked for, pressed, and turned."""

from typing import Any

import discord
import pytest
import simcord

from bot.cogs.lookups import MORE_LIKE_THIS
from bot.domain.digests import Digest, Listing
from bot.domain.interests import Place, Verdict
from bot.domain.papers import PaperId
from tests.builders import DAY, utc
from tests.cogs.conftest import NOON, Lab
from tests.subjects import NEW, OLD, about, of


@pytest.fixture
async def lab(lab: Lab) -> Lab:
    """Two lists of three subjects."""
    async with lab.app.database.transaction() as stores:
        for digest in (OLD, NEW):
            await stores.lists.save(
                digest, source="huggingface", read_at=utc(2024, 6, 4, 3), closed=False
            )
    return lab


async def say(
    lab: Lab,
    reader: simcord.MemberActor,
    *papers: PaperId,
    verdict: Verdict = Verdict.LIKED,
    place: Place | None = None,
) -> None:
    place = place or Place(lab.guild.id, lab.channel.id)
    async with lab.app.database.transaction() as stores:
        for paper_id in papers:
            await stores.interests.press(reader.id, paper_id, verdict, place=place, at=NOON)


def shown(message: Any) -> list[str]:
    """The papers of a page, by their ids."""
    [select] = [
        control
        for row in message.components
        for control in row["components"]
        if control["type"] == 3
    ]
    return [option["value"] for option in select["options"]]


def ids(*papers: PaperId) -> list[str]:
    return [str(paper_id) for paper_id in papers]


async def test_papers_that_fit_come_with_their_reasons(lab: Lab) -> None:
    await say(lab, lab.reader, *of(OLD, "robots"), verdict=Verdict.SAVED)
    await say(lab, lab.manager, of(NEW, "robots")[1])

    answer = await lab.slash("papers foryou", by=lab.reader)

    assert answer.embeds[0].title == "For you, from the last days"
    assert set(shown(answer)) == set(ids(*of(NEW, "robots")))
    assert "> because you saved *" in str(answer.embeds[0].description)
    assert str(answer.embeds[0].description).count("1 other here liked it") == 1


async def test_the_archive_is_looked_through_when_it_is_asked_for(lab: Lab) -> None:
    first, *older = of(OLD, "proofs")
    await say(lab, lab.reader, first)

    asked: dict[str, Any] = {"from": "archive"}
    answer = await lab.slash("papers foryou", by=lab.reader, **asked)

    assert answer.embeds[0].title == "For you, from the archive"
    assert set(shown(answer)) == set(ids(*of(NEW, "proofs"), *older))
    assert "because you liked" in str(answer.embeds[0].description)


async def test_who_has_said_nothing_yet_reads_how_to_begin(lab: Lab) -> None:
    answer = await lab.slash("papers foryou", by=lab.reader)

    assert "Like or save papers that you care about" in str(answer.embeds[0].description)
    lab.strict.locale = discord.Locale.korean
    answer = await lab.slash("papers foryou", by=lab.reader)
    assert "`범위: 보관함`" in str(answer.embeds[0].description)


async def test_what_was_said_here_is_paid_back_in_direct_messages_where_nobody_else_is(
    lab: Lab,
) -> None:
    await say(lab, lab.reader, *of(OLD, "robots"))
    liked = of(NEW, "robots")[1]
    await say(lab, lab.manager, liked)
    await say(lab, lab.manager, liked, place=Place(0, 99), verdict=Verdict.SAVED)

    result = await lab.reader.user.slash("papers foryou")

    assert result.response is not None
    assert set(shown(result.response)) == set(ids(*of(NEW, "robots")))
    assert "other here" not in str(result.response.embeds[0].description)


async def test_later_pages_show_the_taste_of_who_turns_them_also_after_a_restart(lab: Lab) -> None:
    robots = [Listing(paper=about("robots", number), upvotes=1) for number in range(101, 113)]
    async with lab.app.database.transaction() as stores:
        await stores.lists.save(
            Digest.of(DAY, robots), source="markdown", read_at=utc(2024, 6, 4, 3), closed=False
        )
    await say(lab, lab.reader, of(OLD, "robots")[0])
    await say(lab, lab.manager, of(OLD, "proofs")[0])

    answer = await lab.slash("papers foryou", by=lab.reader)

    assert answer.embeds[0].footer.text == "Page 1 of 2 · 15 papers"
    first = shown(answer)
    async with lab.restarted():
        await lab.reader.click(answer, label="Next")
        assert answer.embeds[0].footer.text == "Page 2 of 2 · 15 papers"
        assert len({*first, *shown(answer)}) == 15
        assert "because you liked" in str(answer.embeds[0].description)


async def test_more_like_a_card_is_shown_to_who_presses_alone_also_after_a_restart(
    lab: Lab,
) -> None:
    await lab.slash("subscribe", time="09:00", timezone="UTC")
    await lab.deliver(lab.channel)
    [card] = [
        message
        for message in lab.channel.history()
        if message.embeds and message.embeds[0].url == of(NEW, "images")[0].arxiv_url
    ]

    for _ in range(2):
        async with lab.restarted():
            result = await lab.reader.click(card, label="More like this")

            assert result.response is not None
            assert result.response.ephemeral
            found = set(shown(result.response))
            assert found == set(ids(*of(NEW, "images")[1:], *of(OLD, "images")))
            title = str(result.response.embeds[0].title)
            assert title.startswith("Like ")


async def test_more_like_the_first_paper_of_any_message(lab: Lab) -> None:
    first, second = of(OLD, "proofs")[0], of(OLD, "robots")[0]
    message = await lab.manager.send(lab.channel, f"See {first.arxiv_url} and {second}")

    result = await lab.reader.context_menu(lab.channel, MORE_LIKE_THIS, message)

    assert result.response is not None
    assert result.response.ephemeral
    assert set(shown(result.response)) >= set(ids(*of(NEW, "proofs")))


async def test_a_paper_that_nobody_knows_or_names_has_nothing_like_it(lab: Lab) -> None:
    for text, says in (
        ("https://arxiv.org/abs/2401.99999", "2401.99999"),
        ("no paper at all", "I find no arXiv id"),
    ):
        message = await lab.manager.send(lab.channel, text)
        result = await lab.reader.context_menu(lab.channel, MORE_LIKE_THIS, message)
        lab.handled = lab.env.errors
        assert result.response is not None
        assert says in str(result.response.content)


async def test_the_card_of_a_paper_names_those_that_are_like_it(lab: Lab) -> None:
    answer = await lab.slash("papers show", paper=str(of(NEW, "proofs")[0]))

    [field] = [each for each in answer.embeds[0].fields if each.name == "Similar papers"]
    assert all(paper.arxiv_url in str(field.value) for paper in of(NEW, "proofs")[1:])


async def test_what_a_server_liked_can_be_shared_and_is_only_ever_its_own(lab: Lab) -> None:
    first, second = of(NEW, "proofs")[:2]
    await say(lab, lab.reader, first)
    await say(lab, lab.manager, first, second)
    elsewhere = Place(lab.guild.id + 1, 5)
    async with lab.app.database.transaction() as stores:
        await stores.interests.press(
            9, of(NEW, "robots")[0], Verdict.LIKED, place=elsewhere, at=NOON
        )

    result = await lab.manager.slash(lab.channel, "papers top", by="here", share=True)

    assert result.response is not None
    assert not result.response.ephemeral
    assert result.response.embeds[0].title == "Liked here in the week until June 4, 2024"
    assert shown(result.response) == ids(first, second)
    assert "👍\xa02 · 🔖\xa00 · ▲" in str(result.response.embeds[0].description)

    result = await lab.reader.user.slash("papers top", by="here")
    assert result.response is not None
    assert "Nobody here has liked" in str(result.response.embeds[0].description)
