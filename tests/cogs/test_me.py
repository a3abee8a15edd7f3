"""What is kept about a person: shown to them alone, and erased when they mean it."""

import json
from datetime import timedelta
from typing import Any

import discord
import pytest
import simcord

from bot.cogs import me
from bot.domain.interests import Verdict
from tests.cogs.conftest import Lab
from tests.cogs.test_interests import FIRST, card, counted, posted, press, said

__all__ = ["posted"]


async def kept(lab: Lab, reader: simcord.MemberActor) -> Any:
    """The file that somebody gets."""
    answer = await lab.slash("me data", by=reader)
    assert "everything I keep about you" in answer.content
    [file] = answer.attachments
    assert file.filename == me.DATA_FILE
    return json.loads(await lab.app.bot.http.get_from_cdn(file.url))


async def ask(lab: Lab) -> simcord.ResponseMessage:
    answer = await lab.slash("me forget", by=lab.reader)
    assert "at once and for good" in answer.content
    return answer


async def test_everything_that_is_kept_comes_as_a_file(posted: Lab) -> None:
    await posted.reader.react(card(posted), "🔥")

    found = await kept(posted, posted.reader)

    assert found["your_id"] == str(posted.reader.id)
    assert [row["paper_id"] for row in found["interests"]] == [str(FIRST)]
    assert (await kept(posted, posted.manager))["interests"] == []
    assert len((await kept(posted, posted.manager))["made_for_channels"]) == 1


async def test_everything_goes_once_it_is_asked_and_meant(posted: Lab) -> None:
    await posted.reader.react(card(posted), "🔥")
    await posted.slash("follow words", words="diffusion", by=posted.reader)
    question = await ask(posted)
    assert await said(posted, posted.reader) == {(FIRST, Verdict.LIKED)}

    result = await posted.reader.click(question, label="Erase everything about me")

    assert result.response is not None
    assert await said(posted, posted.reader) == set()
    assert await posted.app.following.follows(posted.reader.id) == ()
    assert await posted.app.following.subscription(posted.reader.id) is None


async def test_the_answer_says_how_much_was_erased_also_after_a_restart(posted: Lab) -> None:
    await press(posted, posted.reader, f"liked:{FIRST}")
    question = await ask(posted)
    async with posted.restarted():
        result = await posted.reader.click(question, label="Erase everything about me")

        assert result.response is not None
        assert "what you said of 1 paper, 0 follows" in result.response.content
        assert not result.response.components


async def test_a_question_can_be_taken_back(posted: Lab) -> None:
    await press(posted, posted.reader, f"liked:{FIRST}")
    question = await ask(posted)

    result = await posted.reader.click(question, label="Keep everything")

    assert result.response is not None
    assert result.response.content == "Nothing was erased."
    assert not result.response.components
    assert await said(posted, posted.reader) == {(FIRST, Verdict.LIKED)}


async def test_an_old_question_erases_nobody(posted: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    await press(posted, posted.reader, f"liked:{FIRST}")
    question = await ask(posted)
    monkeypatch.setattr(me, "ASKED_FOR", timedelta(seconds=-1))
    result = await posted.reader.click(question, label="Erase everything about me")
    posted.handled = posted.env.errors
    assert any("too old" in each.content for each in result.followups)
    assert await said(posted, posted.reader) == {(FIRST, Verdict.LIKED)}


async def test_a_taste_is_forgotten_at_once_and_what_was_said_stays(posted: Lab) -> None:
    await press(posted, posted.reader, f"liked:{FIRST}")

    answer = await posted.slash("me forget", what="taste", by=posted.reader)

    assert "I learn your taste anew" in answer.content
    assert await said(posted, posted.reader) == {(FIRST, Verdict.LIKED)}
    assert counted(card(posted)) == ["Like 1", "Save"]


async def test_the_question_and_its_answer_are_in_korean_too(posted: Lab) -> None:
    posted.strict.locale = discord.Locale.korean
    question = await posted.slash("me forget", by=posted.reader)
    result = await posted.reader.click(question, label="나에 관한 모든 것 지우기")
    assert result.response is not None
