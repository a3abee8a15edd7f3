"""Looking papers up as people do it: what they type and press, and what they get to read."""

import logging
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import discord
import pytest
import simcord
from simcord.backend.serializers import message_payload
from simcord.http import router
from simcord.interactions import base_payload

from bot import __version__
from bot.cogs.cooldown import ASKED
from bot.cogs.lookups import FIND_PAPERS, project_links
from bot.cogs.pages import PAGE_TYPED
from bot.domain.digests import Digest, Listing
from bot.domain.lookups import NoList, OnDay
from bot.domain.phrases import Phrase, phrase
from bot.rendering.message import Link
from bot.rendering.words import spoken
from tests.builders import DAY, a_paper, a_summary, utc
from tests.cogs.conftest import NOON, Lab

LONG_DAY = date(2024, 5, 31)
"""A day with 23 papers: three pages."""


def the_long_list() -> Digest:
    papers = [
        a_paper(
            number,
            title=f"Long list {number}",
            authors=("Yann LeCun",),
            summaries=(a_summary("It predicts."), a_summary("예측한다.", language="ko")),
        )
        for number in range(101, 124)
    ]
    return Digest.of(
        LONG_DAY,
        [Listing(paper=paper, upvotes=100 - at, live=True) for at, paper in enumerate(papers)],
    )


@pytest.fixture
async def archive(lab: Lab) -> Lab:
    """Three papers of 4 June, by Ada Lovelace and Benjamin Thérien; 23 of 31 May, by Yann LeCun."""
    async with lab.app.database.transaction() as stores:
        await stores.lists.save(
            the_long_list(), source="huggingface", read_at=utc(2024, 6, 1, 3), closed=True
        )
    return lab


def described(message: simcord.ResponseMessage) -> str:
    return str(message.embeds[0].description)


def titled(message: simcord.ResponseMessage) -> str:
    return str(message.embeds[0].title)


def footer(message: simcord.ResponseMessage) -> str:
    return str(message.embeds[0].footer.text)


def controls(message: simcord.ResponseMessage) -> Mapping[str, Any]:
    """The buttons of a message by label, and its select as "select"."""
    return {
        "select" if control["type"] == 3 else control["label"]: control
        for row in message.components
        for control in row["components"]
    }


def options(message: simcord.ResponseMessage) -> list[str]:
    return [option["label"] for option in controls(message)["select"]["options"]]


async def press(
    lab: Lab, message: simcord.ResponseMessage, label: str, *, by: simcord.MemberActor | None = None
) -> simcord.InteractionResult:
    result = await (by or lab.manager).click(message, label=label)
    lab.handled = lab.env.errors
    assert result.acknowledged, "This interaction failed"
    return result


async def choose(
    lab: Lab, message: simcord.ResponseMessage, value: str, *, by: simcord.MemberActor | None = None
) -> simcord.InteractionResult:
    result = await (by or lab.manager).select(message, [value])
    assert result.acknowledged, "This interaction failed"
    return result


async def shared(lab: Lab, command: str, **options: Any) -> simcord.ResponseMessage:
    """The answer that everybody sees."""
    result = await lab.manager.slash(lab.channel, command, share=True, **options)
    assert result.response is not None
    assert not result.response.ephemeral
    return result.response


# --- /papers day --------------------------------------------------------------------------


async def test_a_day_is_answered_to_who_asked_alone(archive: Lab) -> None:
    answer = await archive.slash("papers day", date="2024-06-04", by=archive.reader)
    assert titled(answer) == "Papers of June 4, 2024"
    assert described(answer).splitlines() == [
        "**1.** [Paper 1](https://arxiv.org/abs/2406.00001) · ▲\xa03",
        "> It measures more.",
        "",
        "**2.** [Paper 2](https://arxiv.org/abs/2406.00002) · ▲\xa02",
        "> It measures more.",
        "",
        "**3.** [Paper 3](https://arxiv.org/abs/2406.00003) · ▲\xa01",
        "> It measures more.",
    ]
    assert options(answer) == ["1. Paper 1", "2. Paper 2", "3. Paper 3"]
    assert list(controls(answer)) == ["select"], "one page has nothing to turn"


async def test_without_a_day_it_is_the_newest_list(archive: Lab) -> None:
    assert titled(await archive.slash("papers day")) == "Papers of June 4, 2024"


@pytest.mark.parametrize("typed", ["2024-05-31", "last friday", "31 May", "may 31"])
async def test_days_are_understood_as_people_write_them(archive: Lab, typed: str) -> None:
    assert titled(await archive.slash("papers day", date=typed)) == "Papers of May 31, 2024"


async def test_a_day_without_a_list_offers_the_nearest_ones(archive: Lab) -> None:
    answer = await archive.slash("papers day", date="2024-06-02")
    assert answer.content == "There is no list of June 2, 2024: there are none at the weekend."
    assert options(answer) == ["June 4, 2024", "May 31, 2024"]
    async with archive.restarted():
        await choose(archive, answer, "2024-05-31")
        assert not answer.content
        assert titled(answer) == "Papers of May 31, 2024"


async def test_an_archive_without_lists_has_none_to_offer(
    archive: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object, **__: object) -> None:
        raise NoList(DAY, reply=phrase("I hold no papers yet; the first list is on its way."))

    monkeypatch.setattr(archive.app.finding, "on_day", nothing)
    answer = await archive.slash("papers day")
    assert answer.content == "I hold no papers yet; the first list is on its way."
    assert answer.components == []


async def test_what_is_no_day_is_answered_with_how_to_write_one(archive: Lab) -> None:
    answer = await archive.slash("papers day", date="@everyone")
    assert "2024-06-04" in answer.content
    assert not answer.embeds


async def test_the_days_that_exist_are_offered_in_the_readers_language(archive: Lab) -> None:
    assert await archive.choices("papers day", "date", "") == {
        "June 4, 2024 · 3 papers": "2024-06-04",
        "May 31, 2024 · 23 papers": "2024-05-31",
    }
    archive.strict.locale = discord.Locale.korean
    offered = await archive.choices("papers day", "date", "")
    assert [(name.partition(" · ")[0], value) for name, value in offered.items()] == [
        ("2024년 6월 4일", "2024-06-04"),
        ("2024년 5월 31일", "2024-05-31"),
    ]


# --- /papers author -----------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["Yann LeCun", "lecun", "Y. LeCun", "lecun yann"])
async def test_an_author_is_found_however_the_name_is_written(archive: Lab, typed: str) -> None:
    answer = await archive.slash("papers author", name=typed)
    assert titled(answer) == "Papers by Yann LeCun"
    assert footer(answer) == "Page 1 of 3 · 23 papers"
    assert described(answer).startswith("**1.** [Long list ")
    assert "· May\xa031,\xa02024" in described(answer)


async def test_an_authors_companions_are_counted(archive: Lab) -> None:
    [embed] = (await archive.slash("papers author", name="therien")).embeds
    assert embed.title == "Papers by Benjamin Thérien"
    assert [(field.name, field.value) for field in embed.fields] == [
        ("Most often with", "Ada Lovelace (3)")
    ]


async def test_authors_are_offered_while_one_types(archive: Lab) -> None:
    offered = await archive.choices("papers author", "name", "lec")
    assert list(offered) == ["Yann LeCun · 23 papers"]
    [value] = offered.values()
    assert titled(await archive.slash("papers author", name=value)) == "Papers by Yann LeCun"


async def test_somebody_unknown_is_told_so(archive: Lab) -> None:
    answer = await archive.slash("papers author", name="nobody *at all*")
    assert "nobody *at all*" in answer.content
    assert not answer.embeds


async def test_several_authors_are_listed_to_choose_one_also_after_a_restart(archive: Lab) -> None:
    async with archive.app.database.transaction() as stores:
        await stores.lists.save(
            Digest.of(
                date(2024, 6, 3),
                [Listing(paper=a_paper(50, authors=("Bo Lovelace",)), upvotes=1, live=True)],
            ),
            source="huggingface",
            read_at=utc(2024, 6, 4),
            closed=True,
        )
    answer = await shared(archive, "papers author", name="lovelace")
    assert titled(answer) == "Who is lovelace?"
    assert sorted(described(answer).splitlines()) == [
        "- Ada Lovelace · 3 papers",
        "- Bo Lovelace · 1 paper",
    ]
    [bo] = [o["value"] for o in controls(answer)["select"]["options"] if o["label"][:2] == "Bo"]
    async with archive.restarted():
        await choose(archive, answer, bo, by=archive.reader)
        assert titled(answer) == "Papers by Bo Lovelace"
        assert options(answer) == ["1. Paper 50"]


# --- /papers search -----------------------------------------------------------------------


async def test_a_search_finds_words_and_shows_them_in_bold(archive: Lab) -> None:
    answer = await archive.slash("papers search", query="predicts")
    assert titled(answer) == "Search: predicts"
    assert "**predicts**" in described(answer)
    assert "· May\xa031,\xa02024" in described(answer)
    assert footer(answer) == "Page 1 of 3 · 23 papers"


async def test_a_search_finds_korean(archive: Lab) -> None:
    archive.strict.locale = discord.Locale.korean
    answer = await archive.slash("papers search", query="예측")
    assert "**예측**" in described(answer)


async def test_a_search_is_narrowed_by_every_option(archive: Lab) -> None:
    answer = await archive.slash(
        "papers search",
        query="long list",
        author="lecun",
        since="2024-05-01",
        until="2024-06-01",
        min_votes=99,
    )
    opening, *_ = described(answer).splitlines()
    assert opening == ("*by Yann LeCun · since May 1, 2024 · until June 1, 2024 · ▲ 99 and more*")
    assert options(answer) in (
        ["1. Long list 101", "2. Long list 102"],
        ["1. Long list 102", "2. Long list 101"],
    )
    nothing = await archive.slash("papers search", query="long list", until="2024-05-30")
    assert "leave out an option" in described(nothing)


@pytest.mark.parametrize(
    "query", ['"', "-", "-paper", '"" OR *', "NEAR(", "%_%", "🦜", "@everyone"]
)
async def test_no_query_is_an_error(archive: Lab, query: str) -> None:
    answer = await archive.slash("papers search", query=query)
    assert titled(answer).startswith("Search: ")
    assert "Nothing found" in described(answer)
    assert answer.components == []


async def test_the_options_of_a_search_are_offered_too(archive: Lab) -> None:
    for option, typed in (("author", "yann"), ("since", "2024"), ("until", "2024")):
        offered = await archive.manager.autocomplete(
            archive.channel, "papers search", option, typed, query="x"
        )
        assert offered, option


# --- /papers show -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "2406.00101",
        "2406.00101v3",
        "https://arxiv.org/pdf/2406.00101v1.pdf",
        "https://huggingface.co/papers/2406.00101",
        "Long list 101",
    ],
)
async def test_a_paper_is_shown_by_id_link_or_title(archive: Lab, typed: str) -> None:
    answer = await archive.slash("papers show", paper=typed)
    card, korean = answer.embeds
    assert card.title == "Long list 101"
    assert "It predicts." in str(card.description)
    assert next((field.name, field.value) for field in card.fields) == (
        "On the lists",
        "May 31, 2024 · #1 · ▲ 100",
    )
    assert (korean.title, korean.description) == ("Korean", "- 예측한다.")
    assert set(controls(answer)) == {
        *("arXiv", "Hugging Face"),
        *("Like", "Save", "More like this", "Follow"),
    }


async def test_a_paper_that_is_on_no_list_is_told(archive: Lab) -> None:
    answer = await archive.slash("papers show", paper="2406.99999")
    assert "`2406.99999`" in answer.content


async def test_titles_are_offered_while_one_types(archive: Lab) -> None:
    assert await archive.choices("papers show", "paper", "long list 12") == {
        f"Long list {number}": f"2406.00{number}" for number in (120, 121, 122, 123)
    }


# --- /papers top --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "title", "papers"),
    [
        ({}, "Best of the week until June 4, 2024", 26),
        ({"period": "day"}, "Best of June 4, 2024", 3),
        ({"period": "month"}, "Best of the month until June 4, 2024", 26),
        ({"period": "year"}, "Best of the year until June 4, 2024", 26),
        ({"period": "all"}, "Best of all time", 26),
    ],
)
async def test_the_best_of_a_while(
    archive: Lab, period: Mapping[str, str], title: str, papers: int
) -> None:
    answer = await archive.slash("papers top", **dict[str, Any](period))
    assert titled(answer) == title
    assert footer(answer).endswith(f"{papers} papers")
    best = "Paper 1" if papers == 3 else "Long list 101"
    assert described(answer).startswith(f"**1.** [{best}](")


# --- the pager ----------------------------------------------------------------------------


async def test_pages_are_turned_in_the_message(archive: Lab) -> None:
    answer = await archive.slash("papers day", date="2024-05-31")
    assert [control.get("disabled", False) for control in controls(answer).values()] == [
        False,
        True,
        False,
        False,
    ]
    await press(archive, answer, "Next")
    assert footer(answer) == "Page 2 of 3 · 23 papers"
    assert options(answer)[0] == "11. Long list 111"
    await press(archive, answer, "Next")
    assert described(answer).splitlines()[-2].startswith("**23.** [Long list 123]")
    assert controls(answer)["Next"]["disabled"]
    await press(archive, answer, "Back")
    assert footer(answer) == "Page 2 of 3 · 23 papers"


async def let_write(lab: Lab, *, may: bool) -> None:
    """Whether the store can be written."""
    async with lab.app.database._writer.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.execute(f"PRAGMA query_only = {'OFF' if may else 'ON'}")


async def test_a_list_is_shown_without_page_buttons_while_nothing_can_be_written(
    archive: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    await let_write(archive, may=False)
    answer = await archive.slash("papers day", date=LONG_DAY.isoformat())
    await let_write(archive, may=True)

    assert "Long list 101" in described(answer)
    assert list(controls(answer)) == ["select"]
    assert "no page buttons: cannot write to the database" in caplog.text


async def test_a_page_is_jumped_to(archive: Lab) -> None:
    answer = await archive.slash("papers day", date="2024-05-31")
    for typed, page in (("3", 3), (" 1 ", 1), ("99", 3), ("0", 1)):
        opened = await press(archive, answer, f"{_page(answer)}/3")
        await archive.manager.submit_modal(opened, {PAGE_TYPED: typed})
        assert _page(answer) == page


async def test_what_is_no_page_is_told(archive: Lab) -> None:
    answer = await archive.slash("papers day", date="2024-05-31")
    opened = await press(archive, answer, "1/3")
    refused = await archive.manager.submit_modal(opened, {PAGE_TYPED: "two"})
    assert refused.response is not None
    assert "`two` is not a page number" in refused.response.content
    assert _page(answer) == 1


async def test_pages_are_turned_after_a_restart_by_anybody_who_sees_them(archive: Lab) -> None:
    answer = await shared(archive, "papers author", name="lecun")
    opened = await press(archive, answer, "1/3", by=archive.reader)
    async with archive.restarted():
        await archive.reader.submit_modal(opened, {PAGE_TYPED: "2"})
        assert _page(answer) == 2
        await press(archive, answer, "Next", by=archive.reader)
        assert _page(answer) == 3
        assert titled(answer) == "Papers by Yann LeCun"


async def test_the_list_stays_in_the_language_of_who_asked_and_a_card_is_in_the_readers(
    archive: Lab,
) -> None:
    answer = await shared(archive, "papers day", date="2024-05-31")
    archive.strict.locale = discord.Locale.korean
    await press(archive, answer, "Next", by=archive.reader)
    assert titled(answer) == "Papers of May 31, 2024"
    opened = await choose(archive, answer, "2406.00111", by=archive.reader)
    assert opened.response is not None
    assert opened.response.ephemeral
    assert "예측한다." in described(opened.response)
    assert "2024년 5월 31일" in footer(opened.response)
    assert titled(answer) == "Papers of May 31, 2024"


async def test_two_presses_on_one_button_turn_one_page(
    archive: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    """The second press is under way before the first has turned the page."""
    answer = await shared(archive, "papers day", date="2024-05-31")
    stale = _pressed(archive, answer, "Next", by=archive.reader)
    await press(archive, answer, "Next")
    archive.env.backend.emit("INTERACTION_CREATE", stale)
    await archive.env.settle()
    assert _page(answer) == 2
    assert not caplog.records, "both were answered"


async def test_a_question_that_is_kept_no_longer_takes_its_buttons_away(archive: Lab) -> None:
    answer = await archive.slash("papers day", date="2024-05-31")
    await _forget_questions(archive)
    expired = await press(archive, answer, "Next")
    [told] = expired.followups
    assert told.ephemeral
    assert "Ask again with `/papers`" in told.content
    assert list(controls(answer)) == ["select"], "the papers of the page can still be opened"
    opened = await choose(archive, answer, "2406.00101")
    assert opened.response is not None
    assert titled(opened.response) == "Long list 101"


async def test_of_a_list_that_got_shorter_the_last_page_is_shown(archive: Lab) -> None:
    token = await archive.app.finding.keep(OnDay(LONG_DAY))
    longer = await _a_message_with(
        archive, discord.ui.Button(label="Next", custom_id=f"on:{token}:9:en-US")
    )
    await archive.reader.click(longer, label="Next")
    [now] = archive.channel.history()
    assert str(now.embeds[0].footer.text) == "Page 3 of 3 · 23 papers"


async def test_a_button_of_an_older_version_is_taken_away_and_explained(archive: Lab) -> None:
    old = await _a_message_with(
        archive,
        discord.ui.Button(label="Older", custom_id="page-v0:17"),
        discord.ui.Button(label="arXiv", url="https://arxiv.org/abs/2406.00001"),
    )
    result = await archive.reader.click(old, custom_id="page-v0:17")
    [told] = result.followups
    assert told.ephemeral
    assert "older version of me" in told.content
    [now] = archive.channel.history()
    assert [button.label for row in now.components for button in row.children] == ["arXiv"]  # type: ignore[union-attr]


async def test_a_modal_of_an_older_version_is_explained(archive: Lab) -> None:
    answer = await archive.slash("papers day", date="2024-05-31")
    opened = await press(archive, answer, "1/3")
    opened._interaction.modal["custom_id"] = "page-v0:17"  # type: ignore[index]
    told = await archive.manager.submit_modal(opened, {PAGE_TYPED: "2"})
    assert told.response is not None
    assert told.response.ephemeral
    assert "older version of me" in told.response.content
    assert _page(answer) == 1


async def test_a_choice_that_was_never_offered_is_answered_with_a_sentence(archive: Lab) -> None:
    """Forged, or from a list of a version that offered other things."""
    odd = await _a_message_with(
        archive,
        discord.ui.Select(
            custom_id="open-paper",
            options=[
                discord.SelectOption(label="no id", value="'; drop table papers"),
                discord.SelectOption(label="not stored", value="2406.99999"),
            ],
        ),
    )
    for value, says in (("'; drop table papers", "an arXiv id"), ("2406.99999", "`2406.99999`")):
        result = await archive.reader.select(odd, [value])
        assert result.response is not None
        assert result.response.ephemeral
        assert says in result.response.content


async def test_a_deleted_message_is_no_error_of_ours(
    archive: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody deletes the list after another one has pressed."""
    answer = await shared(archive, "papers day", date="2024-05-31")
    dispatch = router.dispatch

    def deleted_meanwhile(backend: Any, method: str, path: str, **options: Any) -> Any:
        if method == "PATCH" and path.endswith("/messages/@original"):
            backend.delete_message(answer.channel_id, answer.id)
        return dispatch(backend, method, path, **options)

    monkeypatch.setattr(router, "dispatch", deleted_meanwhile)
    result = await press(archive, answer, "Next", by=archive.reader)
    [told] = result.followups
    assert "try again" in told.content


# --- everywhere ---------------------------------------------------------------------------


async def test_look_ups_work_in_direct_messages(archive: Lab) -> None:
    person = archive.env.create_user("somebody")
    result = await person.slash("papers day", date="2024-05-31")
    assert result.response.ephemeral
    await person.click(result.response, label="Next")
    assert footer(result.response) == "Page 2 of 3 · 23 papers"
    about = await person.slash("about")
    assert titled(about.response) == f"Daily Papers {__version__}"


async def test_a_shared_answer_mentions_nobody(archive: Lab) -> None:
    answer = await shared(archive, "papers search", query="@everyone <@1>")
    assert "@everyone" not in titled(answer)
    assert not answer.message.mention_everyone
    assert answer.message.mentions == []


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("papers day", {"date": "whenever"}),
        ("papers author", {"name": "Nobody Known"}),
        ("papers show", {"paper": "9901.00001"}),
    ],
)
async def test_what_goes_wrong_is_not_shared(
    archive: Lab, command: str, options: dict[str, Any]
) -> None:
    result = await archive.manager.slash(archive.channel, command, share=True, **options)
    archive.handled = archive.env.errors
    assert result.response is None, "nobody else sees that something was asked"
    [answer] = result.followups
    assert answer.ephemeral
    assert answer.content
    assert archive.channel.history() == []


async def test_anybody_may_ask_twenty_times_a_minute(archive: Lab) -> None:
    for _ in range(ASKED - 1):
        await archive.slash("papers top", by=archive.reader)
    answer = await archive.slash("papers day", date="2024-05-31", by=archive.reader)
    too_many = await archive.slash("papers top", by=archive.reader)
    assert not too_many.embeds
    assert re.search(r"<t:\d+:[RT]>", too_many.content)
    pressed = await press(archive, answer, "Next", by=archive.reader)
    assert pressed.response is not None
    assert re.search(r"<t:\d+:[RT]>", pressed.response.content)
    assert _page(answer) == 1
    assert (await archive.slash("papers top")).embeds, (
        "another person has an allowance of their own"
    )
    assert await archive.choices("papers show", "paper", "long"), "typing is free"
    await archive.env.advance_time(61)
    assert (await archive.slash("papers top", by=archive.reader)).embeds


async def test_choices_that_cannot_be_had_are_none_and_one_line_in_the_log(
    archive: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise OSError("disk I/O error")

    for name in ("days", "authors", "titles"):
        monkeypatch.setattr(archive.app.finding, name, broken)
    for command, option in (
        ("papers day", "date"),
        ("papers author", "name"),
        ("papers show", "paper"),
    ):
        caplog.clear()
        assert await archive.choices(command, option, "secret") == {}
        [logged] = [one for one in caplog.records if one.name == "bot.cogs.lookups"]
        assert logged.levelno == logging.WARNING
        assert logged.getMessage() == f"autocomplete of {command} failed: disk I/O error"


async def test_a_press_that_fails_is_answered_with_a_reference_to_the_log(
    archive: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await archive.slash("papers day", date="2024-05-31")

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(archive.app.finding, "answer", broken)
    result = await press(archive, answer, "Next")
    [told] = result.followups
    [reference] = re.findall(r"`(\w{8})`", told.content)
    assert reference in caplog.text
    assert "turn page" in caplog.text


@pytest.mark.parametrize(
    ("command", "options", "title"),
    [
        ("papers day", {}, phrase("Papers of {day}", day=DAY)),
        ("papers author", {"name": "lecun"}, phrase("Papers by {author}", author="Yann LeCun")),
        ("papers search", {"query": "list"}, phrase("Search: {query}", query="list")),
        ("papers top", {}, phrase("Best of the week until {day}", day=DAY)),
        ("about", {}, phrase("Daily Papers {version}", version=__version__)),
    ],
)
async def test_everything_is_answered_in_korean_to_those_who_read_it(
    archive: Lab, command: str, options: Mapping[str, Any], title: Phrase
) -> None:
    archive.strict.locale = discord.Locale.korean
    answer = await archive.slash(command, **options)
    assert titled(answer) == spoken(title, "ko")


async def test_what_stands_under_a_list_is_in_korean_too(archive: Lab) -> None:
    archive.strict.locale = discord.Locale.korean
    answer = await archive.slash("papers day", date="2024-05-31")
    assert list(controls(answer)) == [
        "select",
        spoken(phrase("Back"), "ko"),
        "1/3",
        spoken(phrase("Next"), "ko"),
    ]
    opened = await press(archive, answer, "1/3")
    assert opened.modal is not None
    assert opened.modal["title"] == spoken(phrase("Go to a page"), "ko")
    refused = await archive.manager.submit_modal(opened, {PAGE_TYPED: "둘"})
    assert refused.response is not None
    assert refused.response.content == spoken(
        phrase("{typed} is not a page number. Write one such as `2`.", typed="`둘`"), "ko"
    )


# --- Find papers, /about ------------------------------------------------------------------


async def find_in(lab: Lab, message: discord.Message) -> simcord.ResponseMessage:
    result = await lab.reader.context_menu(lab.channel, FIND_PAPERS, message)
    lab.handled = lab.env.errors
    assert result.response is not None
    assert result.response.ephemeral
    return result.response


async def test_the_papers_that_a_message_names_are_found(archive: Lab) -> None:
    said = await archive.manager.send(
        archive.channel, "see https://arxiv.org/abs/2406.00002v2, 2406.00101 and 2406.99999"
    )
    answer = await find_in(archive, said)
    assert titled(answer) == "Papers in this message"
    assert options(answer) == ["1. Paper 2", "2. Long list 101"]
    assert described(answer).startswith("I have not seen `2406.99999` in any list.")


async def test_the_papers_of_cards_are_found(archive: Lab) -> None:
    await archive.slash("subscribe")
    await archive.deliver(archive.channel)
    [card, *_] = archive.channel.history()
    assert options(await find_in(archive, card)) == ["1. Paper 1"]


async def test_the_papers_that_buttons_link_to_are_found(archive: Lab) -> None:
    link = discord.ui.Button[Any](label="PDF", url="https://arxiv.org/pdf/2406.00002")
    answer = await find_in(archive, await _a_message_with(archive, link))
    assert options(answer) == ["1. Paper 2"]


async def test_a_message_without_papers_is_told(archive: Lab) -> None:
    said = await archive.manager.send(archive.channel, "good morning")
    answer = await find_in(archive, said)
    assert not answer.embeds
    assert "no arXiv id" in answer.content


async def test_about_says_what_the_bot_is_and_holds(archive: Lab) -> None:
    answer = await archive.slash("about", by=archive.reader)
    [embed] = answer.embeds
    assert embed.title == f"Daily Papers {__version__}"
    fields = {field.name: str(field.value) for field in embed.fields}
    assert fields["Archive"] == "26 papers of 2 days, from May 31, 2024 to June 4, 2024"
    assert "without who asked" in fields["Privacy"]
    assert fields["Sources"].startswith("- the digest: last read <t:")
    link = controls(answer)["Add me to a server"]["url"]
    assert f"client_id={archive.env.backend.application_id}" in link
    assert not (await shared(archive, "about")).ephemeral


def test_the_project_is_linked_where_its_package_names_pages() -> None:
    named = ["Repository, https://example.org/daily-papers", "Odd, javascript:x", "Nothing"]
    assert project_links(named) == (Link("Repository", "https://example.org/daily-papers"),)


def _page(message: simcord.ResponseMessage) -> int:
    [page] = re.findall(r"^Page (\d+) of 3", footer(message))
    return int(page)


def _pressed(
    lab: Lab, message: simcord.ResponseMessage, label: str, *, by: simcord.MemberActor
) -> dict[str, Any]:
    """What Discord sends of a press, to be sent when it suits."""
    stored = lab.env.backend.get_message(message.channel_id, message.id)
    record, payload = base_payload(
        lab.env.backend,
        type=discord.InteractionType.component.value,
        channel_id=message.channel_id,
        guild_id=lab.guild.id,
        user_id=by.id,
        data={"custom_id": controls(message)[label]["custom_id"], "component_type": 2},
    )
    record.source_message_id = message.id
    return {**payload, "message": dict(message_payload(lab.env.backend, stored))}


async def _forget_questions(lab: Lab) -> None:
    """As if thirty days had passed without a press."""
    async with lab.app.database.transaction() as stores:
        await stores.questions.keep(OnDay(DAY), NOON + timedelta(days=31))


async def _a_message_with(lab: Lab, *items: discord.ui.Item[Any]) -> discord.Message:
    """A message of the bot's own, as an older version may have made it."""
    channel = lab.app.bot.get_channel(lab.channel.id)
    assert isinstance(channel, discord.TextChannel)
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return await channel.send("older", view=view)


# --- /papers why --------------------------------------------------------------------------


async def test_why_a_paper_stands_here_or_does_not(archive: Lab) -> None:
    answer = await archive.slash("papers why", paper="2406.00001", by=archive.reader)
    assert "Nothing is posted here" in answer.content

    await archive.slash("subscribe", time="13:00", timezone="UTC")
    answer = await archive.slash("papers why", paper="Paper 1", by=archive.reader)
    assert "It is on the list of June 4, 2024 (#1)." in answer.content
    assert "It comes with the next post" in answer.content

    await archive.deliver(archive.channel)
    answer = await archive.slash("papers why", paper="https://arxiv.org/abs/2406.00001")
    assert f"/{archive.channel.id}/" in answer.content
    assert "It was posted here" in answer.content
    old = await archive.slash("papers why", paper="2406.00101")
    assert "brought the list of June 4, 2024, and none before it" in old.content

    unknown = await archive.slash("papers why", paper="2406.99999")
    assert "2406.99999" in unknown.content
    assert "It" not in unknown.content
