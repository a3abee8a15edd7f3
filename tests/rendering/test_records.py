"""All that is known about a paper, in one message that Discord takes."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.lookups import Appearance, Entry, PaperRecord, VotesSeen
from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin
from bot.rendering.message import Rendered
from bot.rendering.records import record_card
from tests.builders import DAY
from tests.rendering.discord_rules import check
from tests.rendering.papers import ID, a_paper, a_summary, any_papers, languages, texts


def a_record(paper: Paper | None = None, *appearances: Appearance, **fields: Any) -> PaperRecord:
    return PaperRecord(
        paper=paper or a_paper(), appearances=appearances or (an_appearance(),), **fields
    )


def an_appearance(day: date = DAY, **fields: Any) -> Appearance:
    return Appearance(**{"day": day, "rank": 1, "upvotes": 28, **fields})


def the_field(message: Rendered, name: str) -> str:
    [value] = [field.value for field in message.embeds[0].fields if field.name == name]
    return str(value)


def test_it_is_the_card_with_its_links_and_its_lists() -> None:
    card = record_card(a_record(), language="en")
    [embed] = card.embeds
    assert embed.title == "A Harder Benchmark"
    assert "Ten choices" in str(embed.description)
    assert "#1 · 4 June 2024" in str(embed.footer.text)
    assert the_field(card, "On the lists") == "4 June 2024 · #1 · ▲ 28"
    assert [link.label for link in card.links] == ["arXiv", "Hugging Face"]


def test_every_list_it_was_on_is_told_newest_first() -> None:
    older = an_appearance(date(2024, 5, 31), rank=7, upvotes=None)
    card = record_card(a_record(None, an_appearance(), older), language="en")
    assert the_field(card, "On the lists").splitlines() == [
        "4 June 2024 · #1 · ▲ 28",
        "31 May 2024 · #7 · ▲ —",
    ]


def test_votes_are_shown_as_they_grew() -> None:
    seen = (VotesSeen(date(2024, 6, 4), 12), VotesSeen(date(2024, 6, 5), 31))
    grown = an_appearance(upvotes=31, seen=seen)
    card = record_card(a_record(None, grown), language="en")
    assert the_field(card, "On the lists") == "4 June 2024 · #1 · ▲ 31 (4 June 12 → 5 June 31)"
    korean = record_card(a_record(None, grown), language="ko")
    assert "6월 4일 12 → 6월 5일 31" in str(korean.embeds[0].fields[0].value)


def test_of_many_days_of_votes_the_ends_and_some_between_are_shown() -> None:
    seen = tuple(VotesSeen(DAY + timedelta(days=at), at) for at in range(10))
    card = record_card(a_record(None, an_appearance(seen=seen)), language="en")
    assert "(4 June 0 → 7 June 3 → 10 June 6 → 13 June 9)" in the_field(card, "On the lists")


def test_more_lists_than_there_is_room_for_are_counted() -> None:
    days = [an_appearance(DAY - timedelta(days=at)) for at in range(100)]
    *lines, last = the_field(
        record_card(a_record(None, *days), language="en"), "On the lists"
    ).splitlines()
    assert last == f"+{100 - len(lines)} more"
    assert len(lines) > 20


def test_a_paper_that_is_on_no_list_any_more_is_still_shown() -> None:
    card = record_card(PaperRecord(paper=a_paper(), appearances=()), language="en")
    [embed] = card.embeds
    assert embed.footer.text == "arXiv 2406.01574 · digest"
    assert embed.fields == []
    check(card)


def test_similar_papers_are_links() -> None:
    similar = (
        Entry(id=PaperId("2406.00001"), title="An [odd] *one*", day=DAY, upvotes=1),
        Entry(id=PaperId("2406.00002"), title="$", day=DAY, upvotes=1),
    )
    card = record_card(a_record(similar=similar), language="en")
    assert the_field(card, "Similar papers").splitlines() == [
        "- [An (odd) \\*one\\*](https://arxiv.org/abs/2406.00001)",
        "- [$](https://arxiv.org/abs/2406.00002)",
    ]


def test_other_languages_follow_in_embeds_of_their_own() -> None:
    paper = a_paper(summaries=(a_summary("Ten choices"), a_summary("보기 열 개", language="ko")))
    card, korean = record_card(a_record(paper), language="en-GB").embeds
    assert "Ten choices" in str(card.description)
    assert (korean.title, korean.description) == ("Korean", "- 보기 열 개")
    assert korean.url is None
    card, english = record_card(a_record(paper), language="ko-KR").embeds
    assert "보기 열 개" in str(card.description)
    assert (english.title, english.description) == ("영어", "- Ten choices")


def test_a_language_is_shown_once_in_its_most_carefully_written_form() -> None:
    paper = a_paper(
        summaries=(
            a_summary("model's", language="ko", origin=SummaryOrigin.MODEL),
            a_summary("digest's", language="ko"),
            a_summary("English"),
        )
    )
    _, korean = record_card(a_record(paper), language="en").embeds
    assert korean.description == "- digest's"


def test_a_language_without_a_name_is_another() -> None:
    blank = Summary(language=" ", bullets=(Bullet("Text"),), origin=SummaryOrigin.DIGEST)
    paper = a_paper()
    paper = replace(paper, summaries=(*paper.summaries, blank))
    _, other = record_card(a_record(paper), language="en").embeds
    assert other.title == "other"


def test_of_thirty_languages_those_without_room_are_named() -> None:
    tags = (
        "en ko de fr es it pt nl sv da fi nb pl cs sk hu ro bg el tr uk ru ar he hi th vi id ja zh"
    )
    paper = a_paper(
        summaries=tuple(
            Summary(
                language=tag,
                bullets=tuple(Bullet("words " * 60) for _ in range(8)),
                origin=SummaryOrigin.MODEL,
            )
            for tag in tags.split()
        )
    )
    card = record_card(a_record(paper), language="en")
    check(card)
    shown = [str(embed.title) for embed in card.embeds[1:]]
    assert shown[:2] == ["Korean", "German"]
    named = the_field(card, "Also held in")
    assert "Chinese" in named
    assert not any(name in named for name in shown)
    assert all(len(str(embed.description)) >= 150 for embed in card.embeds)


def test_bullets_that_show_nothing_make_no_embed() -> None:
    paper = a_paper(summaries=(a_summary("Seen"), a_summary("\u200b\u3164", language="ko")))
    assert len(record_card(a_record(paper), language="en").embeds) == 1


_appearances = st.builds(
    Appearance,
    day=st.dates(date(2023, 5, 4), date(2031, 1, 1)),
    rank=st.integers(1, 80),
    upvotes=st.none() | st.integers(0, 10**12),
    seen=st.lists(
        st.builds(VotesSeen, st.dates(date(2023, 5, 4), date(2031, 1, 1)), st.integers(0, 10**12)),
        max_size=8,
    ).map(tuple),
)
_entries = st.builds(
    Entry,
    id=st.sampled_from([ID, PaperId("hep-th/9901001")]),
    title=texts.filter(bool),
    day=st.none(),
    upvotes=st.none(),
)
_records = st.builds(
    PaperRecord,
    paper=any_papers,
    appearances=st.lists(_appearances, max_size=40).map(tuple),
    similar=st.lists(_entries, max_size=10).map(tuple),
)
_FULLEST = PaperRecord(
    paper=a_paper(
        title="*𝔸" * 300,
        authors=("*𝔸 name",) * 3303,
        summaries=tuple(
            Summary(
                language=f"x{number}-{'𝔸' * 40}",
                bullets=(Bullet("*𝔸 " * 400, label="*𝔸" * 200),) * 12,
                origin=SummaryOrigin.DIGEST,
            )
            for number in range(30)
        ),
    ),
    appearances=(
        an_appearance(seen=tuple(VotesSeen(DAY, 10**11 + at) for at in range(9)), upvotes=10**12),
    )
    * 60,
    similar=(Entry(id=ID, title="*𝔸" * 200, day=None, upvotes=None),) * 10,
)


@settings(deadline=None, max_examples=100)
@given(record=_records, language=languages)
@example(record=_FULLEST, language="en")
@example(record=_FULLEST, language="ko")
def test_any_record_is_one_that_discord_takes(record: PaperRecord, language: str) -> None:
    check(record_card(record, language=language))
