"""Everybody's own list of saved papers: seen, searched, marked, taken from, exported."""

import json
from typing import Any

import discord
import pytest
import simcord

from bot.cogs import saved as module
from bot.domain.interests import Place, Verdict
from bot.domain.lookups import Saved
from bot.domain.papers import PaperId
from bot.services import tracking
from bot.storage.questions import KEPT_FOR
from tests.builders import a_digest, utc
from tests.cogs.conftest import NOON, Lab
from tests.cogs.test_interests import FIRST, SECOND, card, posted, press, said

__all__ = ["posted"]

THIRD = PaperId("2406.00003")


@pytest.fixture(autouse=True)
def _every_press_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "ONE_PRESS", -tracking.ONE_PRESS)


async def save(lab: Lab, reader: simcord.MemberActor, *papers: PaperId) -> None:
    """With buttons, one after the other."""
    for paper_id in papers:
        async with lab.app.database.transaction() as stores:
            await stores.interests.press(
                reader.id, paper_id, Verdict.SAVED, place=Place(lab.guild.id, 1), at=NOON
            )


def described(message: Any) -> str:
    return str(message.embeds[0].description)


def select(message: Any, kind: str) -> Any:
    [found] = [
        control
        for row in message.components
        for control in row["components"]
        if control["custom_id"].startswith(f"saved-{kind}:")
    ]
    return found


async def choose(lab: Lab, message: Any, kind: str, *values: object) -> simcord.InteractionResult:
    result = await lab.reader.select(
        message, [str(value) for value in values], custom_id=select(message, kind)["custom_id"]
    )
    lab.handled = lab.env.errors
    assert result.acknowledged
    return result


async def exported(lab: Lab, message: Any) -> tuple[str, bytes]:
    [file] = message.attachments
    return file.filename, await lab.app.bot.http.get_from_cdn(file.url)


async def test_who_saved_nothing_reads_how(lab: Lab) -> None:
    answer = await lab.slash("papers saved", by=lab.reader)

    assert "🔖 or **Save** under a card does it" in described(answer)
    assert not answer.components


async def test_what_one_saved_by_button_or_reaction_is_theirs_alone(posted: Lab) -> None:
    await press(posted, posted.reader, f"saved:{FIRST}")
    await posted.reader.react(card(posted, 1), "🔖")
    await save(posted, posted.manager, THIRD)

    answer = await posted.slash("papers saved", by=posted.reader)

    assert answer.embeds[0].title == "Saved by you"
    assert "Paper 1" in described(answer)
    assert "Paper 2" in described(answer)
    assert "Paper 3" not in described(answer)


async def test_it_can_be_searched_also_for_who_wrote_it(lab: Lab) -> None:
    await save(lab, lab.reader, FIRST, SECOND)

    for words, found in (("lovelace", True), ('"Paper 1"', True), ("nothing-of-that", False)):
        answer = await lab.slash("papers saved", words=words, by=lab.reader)
        assert ("Paper 1" in described(answer)) is found, words
    assert "Nothing that you saved is like that" in described(answer)
    refused = await lab.slash("papers saved", words="-vision", by=lab.reader)
    assert "I need a word to look for" in refused.content


async def test_what_is_read_is_marked_and_can_be_left_out_also_after_a_restart(lab: Lab) -> None:
    await save(lab, lab.reader, FIRST, SECOND)
    answer = await lab.slash("papers saved", by=lab.reader)
    async with lab.restarted():
        await choose(lab, answer, "read", FIRST)

        assert described(answer).count("✓") == 1
        unread = await lab.slash("papers saved", unread=True, by=lab.reader)
        assert "Paper 1" not in described(unread)
        assert "Paper 2" in described(unread)

        await choose(lab, answer, "read", FIRST)
        assert "✓" not in described(answer)


async def test_papers_are_taken_from_the_list(lab: Lab) -> None:
    await save(lab, lab.reader, FIRST, SECOND)
    answer = await lab.slash("papers saved", by=lab.reader)
    await choose(lab, answer, "read", FIRST)

    await choose(lab, answer, "remove", FIRST)

    assert await said(lab, lab.reader) == {(SECOND, Verdict.SAVED)}
    assert "Paper 1" not in described(answer)
    await choose(lab, answer, "remove", SECOND)
    assert "You have saved nothing yet" in described(answer)
    assert not answer.components


async def test_what_a_reaction_says_is_shown_where_it_can_be_taken_away(posted: Lab) -> None:
    await posted.reader.react(card(posted), "🔖")
    await press(posted, posted.reader, f"saved:{SECOND}", card(posted, 1))
    answer = await posted.slash("papers saved", by=posted.reader)

    result = await choose(posted, answer, "remove", FIRST, SECOND)

    assert await said(posted, posted.reader) == {(FIRST, Verdict.SAVED)}
    [told] = result.followups
    assert told.ephemeral
    url = f"https://discord.com/channels/{posted.guild.id}/{posted.channel.id}/{card(posted).id}"
    assert f"`Paper 1` {url}" in told.content


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("bib", b"@misc{lovelace2024paper,\n"),
        ("ris", b"TY  - UNPB\r\n"),
        ("md", b"- [Paper 1](https://arxiv.org/abs/2406.00001)"),
        ("json", b"[\n"),
    ],
)
async def test_a_list_is_exported_by_option_and_below_its_pages(
    lab: Lab, form: str, begins: bytes
) -> None:
    await save(lab, lab.reader, FIRST)

    by_option = await lab.slash("papers saved", export=form, by=lab.reader)
    answer = await lab.slash("papers saved", by=lab.reader)
    [below] = (await choose(lab, answer, "export", form)).followups

    assert below.ephemeral
    for message in (by_option, below):
        name, data = await exported(lab, message)
        assert name == f"{module.FILE}.{form}"
        assert data.startswith(begins)


async def test_only_what_was_searched_is_exported_and_nothing_is_told(lab: Lab) -> None:
    await save(lab, lab.reader, FIRST, SECOND)

    answer = await lab.slash("papers saved", words='"Paper 2"', export="json", by=lab.reader)
    _, data = await exported(lab, answer)
    assert [paper["id"] for paper in json.loads(data)] == [str(SECOND)]

    refused = await lab.slash("papers saved", words="quasars", export="json", by=lab.reader)
    assert "nothing to export" in refused.content


async def test_long_lists_have_pages_that_keep_their_controls(lab: Lab) -> None:
    async with lab.app.database.transaction() as stores:
        await stores.lists.save(
            a_digest(numbers=range(1, 15)),
            source="huggingface",
            read_at=utc(2024, 6, 4),
            closed=False,
        )
    await save(lab, lab.reader, *(PaperId(f"2406.{n:05d}") for n in range(1, 15)))
    answer = await lab.slash("papers saved", by=lab.reader)

    await lab.reader.click(answer, label="Next")

    assert len(select(answer, "read")["options"]) == 4
    assert len(answer.components) == 5
    [gone] = [select(answer, "remove")["options"][0]["value"]]
    await choose(lab, answer, "remove", gone)
    assert "13 papers" in str(answer.embeds[0].footer.text)


async def test_a_list_whose_question_is_kept_no_longer_is_asked_for_again(lab: Lab) -> None:
    await save(lab, lab.reader, FIRST)
    answer = await lab.slash("papers saved", by=lab.reader)
    async with lab.app.database.transaction() as stores:
        await stores.questions.keep(
            Saved(words="other"), NOON + 2 * KEPT_FOR
        )  # forgets those of before

    result = await choose(lab, answer, "read", FIRST)

    [told] = result.followups
    assert "too old for its buttons" in told.content


async def test_the_list_is_in_korean_too(lab: Lab) -> None:
    lab.strict.locale = discord.Locale.korean
    await save(lab, lab.reader, FIRST)

    answer = await lab.slash("papers saved", by=lab.reader)

    assert answer.embeds[0].title == "내가 저장한 논문"
    assert select(answer, "remove")["placeholder"] == "목록에서 빼기"
