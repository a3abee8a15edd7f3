"""Digests as people and scripts really write them, read without loss."""

from datetime import date

import pytest

from bot.domain.digests import Listing
from bot.domain.errors import SourceUnreadable
from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin
from bot.sources.markdown_reader import authors_of, bullet_of, read_digests
from bot.sources.reading import Reading

DAY = date(2024, 6, 4)
HEADING = "## Daily Papers (2024-06-04)\n\n"
TITLE = "### [Slow Models](https://arxiv.org/abs/2406.01574)\n\n"


def read(text: str | bytes, **options: object) -> tuple[Reading, ...]:
    return read_digests(text, name="digests/today.md", **options)  # type: ignore[arg-type]


def one(text: str | bytes) -> Reading:
    (reading,) = read(text)
    return reading


def listing(body: str) -> Listing:
    """The only paper, read without a problem, of a digest with this body under its title."""
    reading = one(HEADING + TITLE + body)
    assert reading.problems == ()
    (found,) = reading.digest
    return found


def paper(body: str) -> Paper:
    return listing(body).paper


def said(body: str) -> list[str]:
    """The texts of the only paper's bullets."""
    return [bullet.text for summary in paper(body).summaries for bullet in summary.bullets]


def problems(reading: Reading) -> list[str]:
    return [str(problem) for problem in reading.problems]


def test_a_digest_in_the_usual_form() -> None:
    reading = one(
        HEADING
        + TITLE
        + "![](https://cdn.example/a.png)\n\nVote: 28\n\nAuthors: Ada Lovelace, Émile Borel\n\n"
        + "- It waits.\n- ***Result***: It still waits.\n\n"
        + "### [Fast Models](https://arxiv.org/abs/2406.01575v2)\n\nVote: 30\n"
    )

    assert reading.digest.day == DAY
    assert reading.is_open
    assert reading.problems == ()
    fast, slow = reading.digest
    assert (fast.paper.title, str(fast.paper.id)) == ("Fast Models", "2406.01575")
    assert slow == Listing(
        paper=Paper(
            id=PaperId("2406.01574"),
            title="Slow Models",
            authors=("Ada Lovelace", "Émile Borel"),
            media=("https://cdn.example/a.png",),
            summaries=(
                Summary(
                    language="en",
                    bullets=(Bullet("It waits."), Bullet("It still waits.", "Result")),
                    origin=SummaryOrigin.DIGEST,
                ),
            ),
        ),
        upvotes=28,
        live=False,
    )


class TestTitles:
    @pytest.mark.parametrize(
        "title",
        [
            "[Draft] Slow [Models]",
            "`slow`: Models in <think> tags",
            r"$\mu$LO: $O(n^2)$ and \alpha_{t} * 2_",
            "A](https://arxiv.org/abs/2406.00001) B",
            "Unbalanced ] and [ and (",
            "***",
            "#1 in Patience",
        ],
    )
    def test_everything_before_the_last_link_is_title(self, title: str) -> None:
        reading = one(f"{HEADING}### [{title}](https://arxiv.org/abs/2406.01574)\n")

        assert [item.paper.title for item in reading.digest] == [title]
        assert reading.problems == ()

    def test_a_heading_may_miss_its_space_or_be_of_another_level(self) -> None:
        reading = one(
            HEADING
            + "###[One](https://arxiv.org/abs/2406.00001)\n"
            + "## [Two](https://huggingface.co/papers/2406.00002)\n"
            + "### Three](https://arxiv.org/pdf/2406.00003.pdf)\n"
        )

        assert [item.paper.title for item in reading.digest] == ["One", "Two", "Three"]
        assert reading.problems == ()

    def test_a_paper_without_a_title_is_called_by_its_id(self) -> None:
        reading = one(HEADING + "### [](https://arxiv.org/abs/2406.01574)\n")

        assert [item.paper.title for item in reading.digest] == ["arXiv:2406.01574"]

    def test_what_stands_beside_the_link_is_named(self) -> None:
        reading = one(HEADING + "### 1. [Slow](https://arxiv.org/abs/2406.01574) (new)\n")

        assert [item.paper.title for item in reading.digest] == ["Slow"]
        assert problems(reading) == ["digests/today.md:3: beside the title's link: '1. (new)'"]

    @pytest.mark.parametrize(
        "heading",
        ["Slow Models", "[Slow Models](https://example.org/)", "](" * 1000, "[Slow Models]("],
    )
    def test_a_heading_without_an_id_is_named_and_skipped_with_its_lines(
        self, heading: str
    ) -> None:
        reading = one(f"{HEADING}### {heading}\nVote: 3\n\n- Lost.\n\n{TITLE}- Kept.\n")

        assert [str(item.paper.id) for item in reading.digest] == ["2406.01574"]
        assert len(reading.problems) == 1
        assert problems(reading)[0].startswith("digests/today.md:3: no link to arXiv: skipped")


class TestMedia:
    @pytest.mark.parametrize(
        ("line", "media"),
        [
            ("![](https://cdn.example/a.png)", ["https://cdn.example/a.png"]),
            ("![alt text](/avatars/0e5e.svg)", ["/avatars/0e5e.svg"]),
            ("![](https://cdn.example/a_(b).qt)", ["https://cdn.example/a_(b).qt"]),
            ("![](a.png) ![](b.webm)", ["a.png", "b.webm"]),
            ("[Watch Video](https://cdn.example/a.mp4)", ["https://cdn.example/a.mp4"]),
            ("[Watch Video]https://cdn.example/a.mp4", ["https://cdn.example/a.mp4"]),
            ("[Watch Video](a.mp4) [watch video](b.mp4)", ["a.mp4", "b.mp4"]),
            ('<div><video src="a.mp4" controls></video></div>', ["a.mp4"]),
            ("<video src='a.mp4'>", ["a.mp4"]),
            ("<video controls><source src=a.mp4 type=video/mp4></video>", ["a.mp4"]),
            ('<div>\n<img src="a.png"/>\n</div>', ["a.png"]),
            ("![](a.png)\n![](b.png)\n![](a.png)", ["a.png", "b.png"]),
        ],
    )
    def test_pictures_and_films_are_kept_in_order(self, line: str, media: list[str]) -> None:
        found = paper(line + "\n\nVote: 1\n")

        assert list(found.media) == media
        assert found.summaries == ()

    def test_a_caption_beside_a_film_becomes_a_bullet(self) -> None:
        found = paper('<div><video src="a.mp4"></video>A robot waits.</div>\n')

        assert found.media == ("a.mp4",)
        assert found.summaries[0].bullets == (Bullet("A robot waits."),)

    @pytest.mark.parametrize("line", ["![](a b.png)", "![broken", "[Watch Video]", "![]()"])
    def test_an_address_that_is_none_is_named(self, line: str) -> None:
        reading = one(HEADING + TITLE + line)

        assert len(reading.problems) == 1
        assert problems(reading)[0].startswith(
            "digests/today.md:5: no address of a picture or film: "
        )


class TestVotes:
    @pytest.mark.parametrize(
        ("line", "upvotes"),
        [
            ("Vote: 28", 28),
            ("Vote: 0", 0),
            ("Vote: 1,234", 1234),
            ("vote:3", 3),
            ("Votes: 3", 3),
            ("Vote: -", None),
            ("Vote:", None),
            ("", None),
        ],
    )
    def test_a_number_or_nobody_knows(self, line: str, upvotes: int | None) -> None:
        assert listing(line).upvotes == upvotes

    @pytest.mark.parametrize("value", ["many", "-3", "1.5", "9" * 5000, "٣"])
    def test_anything_else_is_named(self, value: str) -> None:
        reading = one(f"{HEADING}{TITLE}Vote: {value}\n")

        assert [item.upvotes for item in reading.digest] == [None]
        assert problems(reading)[0].startswith("digests/today.md:5: no number of votes: ")


class TestAuthors:
    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("Ada Lovelace, Émile Borel", ["Ada Lovelace", "Émile Borel"]),
            ("['Ada Lovelace', \"Miles O'Brien\"]", ["Ada Lovelace", "Miles O'Brien"]),
            ("['Ada Lovelace',]", ["Ada Lovelace"]),
            ("[]", []),
            (
                r"['A\'B', 'C\\D', 'E\tF', '\xe9', '\u00e9b', '\U0001f600', '\q']",
                ["A'B", r"C\D", "E F", "é", "éb", "😀", "q"],
            ),
            (r"['\U7fffffff']", ["\ufffd"]),
            ("['Sammy Davis, Jr.', 'Ada']", ["Sammy Davis, Jr.", "Ada"]),
            ("['Ada', Borel]", ["Ada", "Borel"]),
            ("['Ada' 'Borel']", ["Ada' 'Borel"]),
            ("['Ada, Borel]", ["Ada", "Borel"]),
            ("[Ada], Borel", ["[Ada]", "Borel"]),
            ("+, Ada, +", ["Ada"]),
            ("['+', 'Ada']", ["Ada"]),
            ("Ada, Émile, ada, emile", ["Ada", "Émile"]),
            ("Ada,, ,Borel,", ["Ada", "Borel"]),
            ("", []),
        ],
    )
    def test_a_list_by_commas_or_a_python_list(self, text: str, names: list[str]) -> None:
        assert list(authors_of(text)) == names
        assert list(paper(f"Authors: {text}\n").authors) == names

    def test_a_crowd_is_kept_whole(self) -> None:
        names = [f"Author {number}" for number in range(3303)]

        assert list(paper("Authors: " + ", ".join(names)).authors) == names

    def test_a_second_line_of_authors_adds_to_the_first(self) -> None:
        assert paper("Authors: Ada, Borel\nAuthors: ada, Curie\n").authors == (
            "Ada",
            "Borel",
            "Curie",
        )


class TestBullets:
    @pytest.mark.parametrize(
        ("text", "bullet"),
        [
            ("Plain.", Bullet("Plain.")),
            ("**Label**: text", Bullet("text", "Label")),
            ("***Label***: text", Bullet("text", "Label")),
            ("***Label*** : text", Bullet("text", "Label")),
            ("**Label:** text", Bullet("text", "Label")),
            ("**라벨**： 글", Bullet("글", "라벨")),
            ("***It’s a label***: text", Bullet("text", "It’s a label")),
            ("***Label***:", Bullet("", "Label")),
            (r"***$\alpha$***: text", Bullet("text", r"$\alpha$")),
            (r"***A\*B\\***: text", Bullet("text", "A*B\\")),
            ("***Label**: text", Bullet("***Label**: text")),
            ("**Label***: text", Bullet("**Label***: text")),
            ("**Label: text", Bullet("**Label: text")),
            ("**Bold** text", Bullet("**Bold** text")),
            ("****: text", Bullet("****: text")),
            ("*Label*: text", Bullet("*Label*: text")),
            ("{'a': [1, 2]}", Bullet("{'a': [1, 2]}")),
            (r"\**Label**: text", Bullet("**Label**: text")),
            (r"\alpha is small", Bullet(r"\alpha is small")),
            ("a\x0cb\x08c\td", Bullet("a b c d")),
            ("  ", None),
        ],
    )
    def test_a_label_is_told_from_its_text(self, text: str, bullet: Bullet | None) -> None:
        assert bullet_of(text) == bullet

    @pytest.mark.parametrize(
        ("body", "texts"),
        [
            ("- one\n- two\n", ["one", "two"]),
            ("- one\n\n- two\n\n\n- three\n", ["one", "two", "three"]),
            ("* one\n-\ttwo\n", ["one", "two"]),
            ("- one\n-\n- \n*\n- two\n", ["one", "two"]),
            ("1. one\n2. two\n", ["1. one", "2. two"]),
            ("one\ntwo\n", ["one", "two"]),
            ("- one\ntwo\n", ["one", "two"]),
            ("- one\n  and more\n\tand more\n- two\n", ["one and more and more", "two"]),
            ("- one\n\n  apart\n", ["one", "apart"]),
            ("- one\n  - nested\n    * deeper\n", ["one", "nested", "deeper"]),
            ("- one\n  1. first\n  2. second\n", ["one", "1. first", "2. second"]),
            ("  indented\n", ["indented"]),
            ("- one\n   \n- two\n---\n***\n- three\n", ["one", "two", "three"]),
            ("- one\n#### Notes\n- two\n####\n", ["one", "Notes", "two"]),
            ("- one\n#hashtag\n", ["one", "#hashtag"]),
            ("- - one\n- # two\n- 3. three\n- > four\n", ["- one", "# two", "3. three", "> four"]),
            ("-5% of all\n*one* word\n", ["-5% of all", "*one* word"]),
            ("- one\u2028still\x0cone\x1cthere\n", ["one still one there"]),
            (
                "<5% of all\n<https://example.org>\n<b>bold</b>\n",
                ["<5% of all", "<https://example.org>", "<b>bold</b>"],
            ),
            (
                "Very good\nVoting: yes\n[Link](https://example.org)\n! no picture\n",
                ["Very good", "Voting: yes", "[Link](https://example.org)", "! no picture"],
            ),
            ("- same\n- same\n", ["same", "same"]),
        ],
    )
    def test_no_text_under_a_paper_is_lost(self, body: str, texts: list[str]) -> None:
        assert said(f"Authors: Ada\n\n{body}") == texts

    def test_text_before_the_authors_is_not_lost_either(self) -> None:
        assert said("An early remark.\nVote: 3\nAuthors: Ada\n- one\n") == [
            "An early remark.",
            "one",
        ]


class TestLines:
    def test_nothing_needs_a_blank_line(self) -> None:
        reading = one(
            "## Daily Papers (2024-06-04)\n"
            "### [One](https://arxiv.org/abs/2406.00001)\n![](a.png)\nVote: 2\nAuthors: Ada\n- x\n"
            "### [Two](https://arxiv.org/abs/2406.00002)\n![](b.png)\nVote: 1\nAuthors: Borel\n- y"
        )

        assert [
            (item.paper.media, item.upvotes, item.paper.authors, len(item.paper.summaries))
            for item in reading.digest
        ] == [(("a.png",), 2, ("Ada",), 1), (("b.png",), 1, ("Borel",), 1)]

    @pytest.mark.parametrize("encode", [lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t])
    def test_line_ends_and_byte_order_marks_change_nothing(self, encode: object) -> None:
        text = HEADING + TITLE + "Vote: 3\n\n- one\n  more\n- two\n"

        assert read(encode(text).encode()) == read(text)  # type: ignore[operator]

    def test_bytes_that_are_no_text_are_replaced_and_their_line_named(self) -> None:
        reading = one((HEADING + TITLE).encode() + b"- a\xffb\n- c\n")

        assert reading.digest.listings[0].paper.summaries[0].bullets == (
            Bullet("a\ufffdb"),
            Bullet("c"),
        )
        assert problems(reading) == [
            "digests/today.md:5: some bytes are not UTF-8 and were replaced"
        ]

    def test_text_that_belongs_to_no_paper_is_named(self) -> None:
        reading = one(f"Hello\n---\n{HEADING}- lost\n\n#### Heading\n# Other\nbye\n{TITLE}")

        assert problems(reading) == [
            "digests/today.md:1: it belongs to no paper: 'Hello'",
            "digests/today.md:5: it belongs to no paper: '- lost'",
            "digests/today.md:9: it belongs to no paper: 'bye'",
        ]

    def test_a_flood_of_problems_is_counted(self) -> None:
        reading = one(HEADING + "lost\n" * 250)

        assert len(reading.problems) == 101
        assert problems(reading)[-1] == "digests/today.md: 150 problems more"


class TestDays:
    PAPER = "### [{0}](https://arxiv.org/abs/2406.0000{0})\n\n- {0}\n\n"

    def test_a_heading_that_comes_twice_is_one_day(self) -> None:
        reading = one(HEADING + self.PAPER.format(1) + HEADING + self.PAPER.format(2))

        assert [item.paper.title for item in reading.digest] == ["1", "2"]

    def test_a_paper_that_comes_twice_has_what_both_say(self) -> None:
        reading = one(
            HEADING
            + (TITLE + "![](a.png)\nAuthors: Ada\n- one\n- two\n- two\n")
            + (TITLE + "![](b.png)\nVote: 3\nAuthors: Ada, Borel\n- two\n- three\n")
            + (TITLE + "Vote: 4\n- three\n")
        )

        (found,) = reading.digest
        assert found.upvotes == 3
        assert found.paper.media == ("a.png", "b.png")
        assert found.paper.authors == ("Ada", "Borel")
        assert [b.text for b in found.paper.summaries[0].bullets] == ["one", "two", "two", "three"]

    def test_several_days_are_several_lists(self) -> None:
        first, second = read(
            HEADING + self.PAPER.format(1) + "# Papers of 2024/6/5\n\nlost\n" + self.PAPER.format(2)
        )

        assert (first.digest.day, second.digest.day) == (DAY, date(2024, 6, 5))
        assert first.problems == ()
        assert problems(second) == ["digests/today.md:9: it belongs to no paper: 'lost'"]

    def test_a_heading_without_papers_is_an_empty_list(self) -> None:
        reading = one(HEADING)

        assert reading.digest.day == DAY
        assert not reading.digest

    def test_the_day_given_stands_in_for_a_heading(self) -> None:
        (reading,) = read("Hello\n" + TITLE, day=DAY)

        assert reading.digest.day == DAY
        assert len(reading.problems) == 1

    def test_the_heading_wins_over_the_day_given(self) -> None:
        (reading,) = read("Hello\n" + HEADING + TITLE, day=date(2020, 1, 1))

        assert reading.digest.day == DAY
        assert len(reading.problems) == 1

    def test_the_file_s_path_may_tell_the_day(self) -> None:
        (reading,) = read_digests("## Daily Papers\n" + TITLE, name="digests/2024/06/04.md")

        assert reading.digest.day == DAY

    def test_a_date_that_is_none_is_named(self) -> None:
        reading = one(HEADING + "## Daily Papers (2024-13-45)\n" + TITLE)

        assert len(reading.digest) == 1
        assert problems(reading) == [
            "digests/today.md:3: there is no such date: 'Daily Papers (2024-13-45)'"
        ]

    def test_papers_under_no_date_are_named_when_others_have_one(self) -> None:
        reading = one(TITLE + "- lost\n" + HEADING + self.PAPER.format(1))

        assert [item.paper.title for item in reading.digest] == ["1"]
        assert problems(reading) == [
            "digests/today.md:1: 2406.01574 stands under no date and was skipped"
        ]

    @pytest.mark.parametrize(
        "text", [TITLE, "<!doctype html>\n<title>Nothing here</title>", "\x00\x01", "# Read me\n"]
    )
    def test_a_text_that_is_no_digest_is_unreadable(self, text: str) -> None:
        with pytest.raises(SourceUnreadable, match="no papers under a heading such as"):
            read(text)

    @pytest.mark.parametrize("text", ["", "\n \n\t\n", b"\xef\xbb\xbf\r\n"])
    def test_a_blank_text_has_no_days(self, text: str | bytes) -> None:
        assert read(text) == ()

    @pytest.mark.parametrize("text", ["\n" * 500_000, b"\xff\n" * 500_000])
    def test_a_text_of_too_many_lines_is_unreadable(self, text: str | bytes) -> None:
        with pytest.raises(SourceUnreadable, match="more than 500,000 lines"):
            read(text)


class TestLanguages:
    def test_each_paper_s_script_tells(self) -> None:
        reading = one(
            HEADING
            + "### [A](https://arxiv.org/abs/2406.00001)\n- 새로운 모델을 소개합니다.\n"
            + "### [B](https://arxiv.org/abs/2406.00002)\n- ***Neu***:\n"
        )

        assert [item.paper.summaries[0].language for item in reading.digest] == ["ko", "en"]

    def test_the_language_given_wins(self) -> None:
        (reading,) = read(HEADING + TITLE + "- Ein Modell.\n", language="de")

        assert reading.digest.listings[0].paper.summaries[0].language == "de"
