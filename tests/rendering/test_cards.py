"""One paper, one embed: complete, literal, and always one that Discord accepts."""

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin
from bot.rendering.cards import DESCRIPTION_ROOM, colour, paper_card
from bot.rendering.markup import plain
from bot.rendering.message import Rendered
from tests.rendering.discord_rules import as_read, check, length
from tests.rendering.papers import a_paper, a_summary, any_papers, languages, texts

DAY = date(2024, 6, 4)


def a_card(paper: Paper | None = None, **changes: Any) -> Rendered:
    arguments: dict[str, Any] = {"day": DAY, "rank": 1, "upvotes": 28, "language": "en"}
    return paper_card(paper or a_paper(), **(arguments | changes))


def lines(card: Rendered) -> list[str]:
    return (card.embeds[0].description or "").split("\n")


def footer(card: Rendered) -> str:
    return card.embeds[0].footer.text or ""


def test_a_card_shows_the_paper() -> None:
    paper = a_paper(
        code_url="https://github.com/a/b", stars=1234, project_url="https://a.example/p"
    )

    card = a_card(paper)

    embed = card.embeds[0]
    assert embed.title == "A Harder Benchmark"
    assert embed.url == "https://arxiv.org/abs/2406.01574"
    assert lines(card) == ["**▲ 28** · Ann Ahn, Bo Berg", "- Ten choices", "- Fewer guesses"]
    assert footer(card) == "#1 · 4 June 2024 · arXiv 2406.01574 · digest"
    assert embed.thumbnail.url == paper.thumbnail
    assert [(link.label, link.url) for link in card.links] == [
        ("arXiv", "https://arxiv.org/abs/2406.01574"),
        ("Hugging Face", "https://huggingface.co/papers/2406.01574"),
        ("Code ★ 1.2K", "https://github.com/a/b"),
        ("Project", "https://a.example/p"),
    ]
    check(card)


def test_a_card_speaks_the_readers_language() -> None:
    paper = a_paper(
        summaries=(a_summary("열 개의 선택지", language="ko"), a_summary("Ten choices"))
    )

    card = a_card(paper, language="ko")

    assert lines(card)[1:] == ["- 열 개의 선택지"]
    assert footer(card) == "#1 · 2024년 6월 4일 · arXiv 2406.01574 · 다이제스트"


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        (a_summary("x"), "digest"),
        (a_summary("x", language="und"), "digest"),
        (a_summary("x", language="en-gb"), "digest"),
        (a_summary("x", language="ko"), "digest in Korean"),
        (
            a_summary("x", language="ko", origin=SummaryOrigin.HUGGING_FACE),
            "Hugging Face summary in Korean",
        ),
    ],
)
def test_the_footer_says_which_summary_it_is(summary: Summary, said: str) -> None:
    card = a_card(a_paper(summaries=(summary,)), language="en")

    assert footer(card).endswith(f" · {said}")


def test_the_language_of_a_summary_has_its_name_in_the_readers() -> None:
    card = a_card(a_paper(summaries=(a_summary("x"),)), language="ko")

    assert footer(card).endswith(" · 다이제스트(영어)")


def test_marks_of_late_papers_and_tests_stand_in_the_footer() -> None:
    assert footer(a_card(late=True, test=True)).endswith(" · late · digest · Test")


def test_without_a_summary_the_abstract_speaks() -> None:
    card = a_card(a_paper(summaries=(), abstract="We ask. They answer, e.g. well. It works."))

    assert lines(card)[1:] == ["- We ask.", "- They answer, e.g. well.", "- It works."]
    assert footer(card).endswith(" · abstract")


def test_of_a_long_abstract_the_telling_sentences_stand_on_the_card() -> None:
    abstract = (
        "Pictures are slow. Many wait. Others guess. However, guesses are wrong. "
        r"We propose to draw $\alpha$ first. It needs 3 steps. "
        "Experiments show 4.5 times the speed."
    )
    card = a_card(a_paper(summaries=(), abstract=abstract))

    assert lines(card)[1:] == [
        "- We propose to draw α first.",
        "- It needs 3 steps.",
        "- Experiments show 4.5 times the speed.",
    ]


def test_bullets_of_which_nothing_can_be_read_give_way_to_the_abstract() -> None:
    card = a_card(a_paper(summaries=(a_summary("\u200b"),), abstract="We ask."))

    assert lines(card)[1:] == ["- We ask."]
    assert footer(card).endswith(" · abstract")


def test_a_paper_of_which_only_the_title_is_known_has_a_card() -> None:
    card = a_card(a_paper(summaries=(), authors=()), upvotes=None)

    assert lines(card) == ["**▲ —**"]
    assert footer(card) == "#1 · 4 June 2024 · arXiv 2406.01574"
    check(card)


def test_a_title_with_nothing_to_see_gives_way_to_the_id() -> None:
    assert a_card(a_paper(title="\u3164\u200b")).embeds[0].title == "arXiv 2406.01574"


def test_a_long_title_is_cut_at_a_word() -> None:
    title = a_card(a_paper(title="A_1 " * 100)).embeds[0].title or ""

    assert length(title) <= 256
    assert title.endswith(r"A\_1…")


def test_labels_are_bold_and_colons_are_not_doubled() -> None:
    bullets = (Bullet("It *works*", "Key *idea*:"), Bullet("", "Only a label"))
    summary = Summary(language="en", bullets=bullets, origin=SummaryOrigin.DIGEST)

    card = a_card(a_paper(summaries=(summary,)))

    assert lines(card)[1:] == [r"- **Key \*idea\***: It \*works\*", "- **Only a label**"]


def test_authors_are_cut_between_names_and_counted() -> None:
    names = tuple(f"Given{n} Family{n}" for n in range(100))

    authors = lines(a_card(a_paper(authors=names)))[0].split(" · ")[1]

    shown, more = authors.rsplit(" +", 1)
    kept = shown.split(", ")
    assert kept == list(names[: len(kept)])
    assert more == f"{100 - len(kept)} more"


def test_a_name_that_is_too_long_is_left_out_whole() -> None:
    assert lines(a_card(a_paper(authors=("x" * 5000, "Bo"))))[0] == "**▲ 28** · +2 more"


def test_bullets_are_whole_while_they_fit_then_one_is_cut_and_the_rest_counted() -> None:
    bullets = [f"Point {n} " + "word " * 80 for n in range(12)]

    card = a_card(a_paper(summaries=(a_summary(*bullets),)))

    *whole, cut, more = lines(card)[1:]
    assert all(line.endswith("word") for line in whole)
    assert cut.endswith("word…")
    assert more == f"- *+{12 - len(whole) - 1} more points*"
    assert length(card.embeds[0].description or "") <= DESCRIPTION_ROOM


def test_where_a_cut_bullet_would_say_nothing_it_is_counted() -> None:
    card = a_card(a_paper(summaries=(a_summary("word " * 450, "word " * 60),)))

    assert lines(card)[-1] == "- *+1 more point*"
    assert len(lines(card)) == 3


@pytest.mark.parametrize(
    "url", ["", "github.com/a/b", "https://a b.example", "https://u@a.example", "x" * 600]
)
def test_a_button_needs_an_address_that_discord_takes(url: str) -> None:
    card = a_card(a_paper(code_url=url, project_url="https://a.example/" + "x" * 500))

    assert [link.label for link in card.links] == ["arXiv", "Hugging Face"]


def test_a_repository_without_stars_has_a_plain_button() -> None:
    assert a_card(a_paper(code_url="https://a.example", stars=0)).links[2].label == "Code"


def test_a_picture_that_discord_would_refuse_is_replaced() -> None:
    card = a_card(a_paper(media=("https://a..b/x.png",)))

    assert card.embeds[0].thumbnail.url == a_paper().thumbnail


def test_the_second_try_has_neither_picture_nor_buttons() -> None:
    card = a_card(plain=True)

    assert card.embeds[0].thumbnail.url is None
    assert card.links == ()
    assert lines(card) == lines(a_card())


def test_the_first_card_mentions_the_role_and_heads_the_day() -> None:
    card = a_card(heading="Today", role_id=42)

    assert card.content == "<@&42> Today"
    assert card.role_id == 42
    assert not card.silent


def test_the_cards_after_it_come_silently() -> None:
    assert a_card().silent
    assert a_card().content is None
    assert not a_card(test=True).silent


def test_medals_then_a_blue_that_fades() -> None:
    colours = [colour(rank) for rank in range(1, 60)]

    assert len(set(colours[:4])) == 4
    assert colours[3:28] == sorted(colours[3:28])
    assert len(set(colours[40:])) == 1


_MARKED = re.compile(
    r"^(?:- )?(?:\*(?:\+\d+ more points?|외 \d+개 항목)\*$|\*\*(.*?)(?<!\\)(?:\\\\)*\*\*)?"
)
"""What a line of a card begins with that is ours: a bullet, how many more, a label."""


@settings(deadline=None)
@given(
    paper=any_papers,
    rank=st.integers(1, 10**6),
    upvotes=st.none() | st.integers(0),
    language=languages,
    heading=st.none() | texts.map(plain).filter(bool).filter(lambda text: "@" not in text),
    role_id=st.none() | st.integers(1, 2**63),
    is_plain=st.booleans(),
)
@example(
    paper=a_paper(summaries=(a_summary("@everyone" * 238, "Another point"),)),
    rank=1,
    upvotes=None,
    language="ko",
    heading=None,
    role_id=None,
    is_plain=False,
)
def test_any_paper_makes_a_message_that_discord_accepts(
    paper: Paper,
    rank: int,
    upvotes: int | None,
    language: str,
    heading: str | None,
    role_id: int | None,
    is_plain: bool,
) -> None:
    card = paper_card(
        paper,
        day=DAY,
        rank=rank,
        upvotes=upvotes,
        language=language,
        late=True,
        test=True,
        heading=heading,
        role_id=role_id,
        plain=is_plain,
    )

    check(card)
    assert length(card.embeds[0].description or "") <= DESCRIPTION_ROOM
    for line in lines(card):
        as_read(_MARKED.sub("", line))
    as_read(card.embeds[0].title or "")


@settings(deadline=None)
@given(
    names=st.one_of(
        st.lists(
            st.sampled_from(["Ann", "B_o", "김철수", "\u3164", "x" * 400, "Ｚ" * 90]), max_size=60
        ),
        st.lists(st.text("abc😀", min_size=1, max_size=80), max_size=20),
    )
)
def test_every_author_who_is_not_shown_is_counted(names: list[str]) -> None:
    line = as_read(lines(a_card(a_paper(authors=tuple(names))))[0].removeprefix("**▲ 28**"))

    found = re.fullmatch(r"(?: · (?P<shown>.*?) ?(?:\+(?P<more>\d+) more)?)?", line)
    assert found is not None
    shown = [name for name in (found["shown"] or "").split(", ") if name]
    visible = [read for read in map(plain, names) if read]
    assert shown == visible[: len(shown)]
    assert len(shown) + int(found["more"] or 0) == len(visible)


def test_a_card_asks_what_it_may_be_asked() -> None:
    card = a_card(a_paper(authors=("Ada",)), language="ko")

    assert [(action.label, action.custom_id) for action in card.actions] == [
        ("비슷한 논문", "similar:2406.01574"),
        ("팔로우", "follow-authors:2406.01574"),
    ]
    unsigned = a_card(a_paper(authors=()))
    assert [action.label for action in unsigned.actions] == ["More like this"]
    assert a_card(a_paper(), plain=True).actions == ()


def test_an_old_identifier_links_too() -> None:
    card = a_card(a_paper(id=PaperId("hep-th/9901001")))

    assert card.embeds[0].url == "https://arxiv.org/abs/hep-th/9901001"
    check(card)
