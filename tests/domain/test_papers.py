"""Identity, pictures, and which summary a reader gets."""

import pytest

from bot.domain.errors import UnknownPaperId
from bot.domain.papers import (
    Bullet,
    PaperId,
    Summary,
    SummaryOrigin,
    is_image_url,
    is_video_url,
    merged,
)
from bot.rendering.words import spoken
from tests.builders import a_paper, a_summary


@pytest.mark.parametrize(
    "text",
    [
        "2406.01574",
        "2406.01574v3",
        "arXiv:2406.01574",
        "https://arxiv.org/abs/2406.01574v2",
        "https://arxiv.org/pdf/2406.01574.pdf",
        "https://huggingface.co/papers/2406.01574?ref=daily",
        "see <https://hf.co/papers/2406.01574>.",
    ],
)
def test_a_paper_has_one_id_however_it_is_named(text: str) -> None:
    assert PaperId.parse(text).value == "2406.01574"


def test_ids_of_before_2007_are_ids_too() -> None:
    assert PaperId.parse("https://arxiv.org/abs/hep-th/9901001v3").value == "hep-th/9901001"
    assert PaperId.parse("math.GT/0309136").value == "math.GT/0309136"


@pytest.mark.parametrize(
    "text", ["", "attention", "12.34", "1.2406.01574", "24060.1574", "1" * 999]
)
def test_a_text_without_an_id_says_what_to_write(text: str) -> None:
    with pytest.raises(UnknownPaperId) as caught:
        PaperId.parse(text)
    assert "2406.01574" in spoken(caught.value.reply, "en")
    assert str(caught.value) == f"no arXiv id in {len(text)} characters", "ids and no contents"


def test_an_id_with_a_version_is_not_an_identity() -> None:
    with pytest.raises(ValueError, match="base arXiv id"):
        PaperId("2406.01574v1")


@pytest.mark.parametrize("suffix", ["png", "jpg", "JPEG", "gif", "webp", "png?width=3"])
def test_pictures_are_images(suffix: str) -> None:
    assert is_image_url(f"https://example.org/a.{suffix}")


@pytest.mark.parametrize(
    "url",
    [
        "/avatars/0e5e.svg",
        "https://example.org/a.svg",
        "https://example.org/a.mp4",
        "https://example.org/a.qt",
        "ftp://example.org/a.png",
        "https://.png",
        "https://a..b/x.png",
        "https://localhost/x.png",
        "https://example.org/a b.png",
        "https://example.org/" + "a" * 2048 + ".png",
        "",
    ],
)
def test_what_discord_would_refuse_is_no_image(url: str) -> None:
    assert not is_image_url(url)


def test_films_are_known_by_their_ending() -> None:
    assert is_video_url("https://example.org/a.MP4")
    assert is_video_url("https://example.org/a.qt?x=1")
    assert not is_video_url("https://example.org/a.png?film=a.mp4")


def test_the_thumbnail_is_the_first_picture_that_can_be_shown() -> None:
    paper = a_paper(media=("/avatars/a.svg", "https://x.org/a.mp4", "https://x.org/b.gif"))
    assert paper.thumbnail == "https://x.org/b.gif"


def test_a_paper_with_only_a_film_shows_the_card_made_from_its_id() -> None:
    paper = a_paper(7, media=("https://x.org/a.mp4",))
    assert paper.thumbnail.endswith("/social-thumbnails/papers/2406.00007.png")
    assert is_image_url(paper.thumbnail)


def test_a_reader_gets_their_language_else_english_else_any() -> None:
    korean, english, chinese = (a_summary(tag, language=tag) for tag in ("ko", "en", "zh"))
    paper = a_paper(summaries=(chinese, english, korean))
    assert paper.summary_in("ko") == korean
    assert paper.summary_in("fr") == english
    assert a_paper(summaries=(chinese,)).summary_in("fr") == chinese
    assert a_paper(summaries=()).summary_in("ko") is None


def test_of_several_summaries_the_most_carefully_written_wins() -> None:
    made, written = (
        a_summary(origin=SummaryOrigin.HUGGING_FACE),
        a_summary(origin=SummaryOrigin.DIGEST),
    )
    assert a_paper(summaries=(made, written)).summary_in("en") == written


def test_merging_fills_gaps_and_keeps_every_summary() -> None:
    live = a_paper(abstract="We measure.", stars=0, media=("https://x.org/a.png",), summaries=())
    written = a_paper(
        title="Another title",
        abstract="",
        code_url="https://github.com/x/y",
        stars=9,
        media=("https://x.org/a.png", "https://x.org/b.mp4"),
        summaries=(a_summary(language="ko"),),
    )
    both = merged(live, written)
    assert (both.title, both.abstract, both.stars) == ("Paper 1", "We measure.", 0)
    assert both.code_url == "https://github.com/x/y"
    assert both.media == ("https://x.org/a.png", "https://x.org/b.mp4")
    assert [summary.language for summary in both.summaries] == ["ko"]


def test_two_papers_are_not_merged() -> None:
    with pytest.raises(ValueError, match="different papers"):
        merged(a_paper(1), a_paper(2))


def test_values_that_say_nothing_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="says something"):
        Bullet("")
    with pytest.raises(ValueError, match="at least one bullet"):
        Summary(language="en", bullets=(), origin=SummaryOrigin.DIGEST)
    with pytest.raises(ValueError, match="no title"):
        a_paper(title="")
