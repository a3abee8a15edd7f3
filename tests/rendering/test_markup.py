"""What people get to read is what was written, and nothing but text."""

import pytest
from hypothesis import given, settings

from bot.rendering.markup import link_text, literal, plain, shown, unlinked
from tests.rendering.discord_rules import as_read
from tests.rendering.papers import texts


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        (
            "*bold* _it_ ~~no~~ `code` ||spoiler||",
            r"\*bold\* \_it\_ \~\~no\~\~ \`code\` \|\|spoiler\|\|",
        ),
        ("[click](https://evil.example/a_b)", r"\[click\](https://evil.example/a_b)"),
        ("see https://a.example/b_c*d*", r"see https\://a.example/b\_c\*d\*"),
        ("see https://a.example/b_c에서", r"see https\://a.example/b\_c에서"),
        ("https://a.example<@1>", r"https\://a.example\<@1>"),
        ("HTTPS://A.EXAMPLE/B_C", r"HTTPS\://A.EXAMPLE/B\_C"),
        (":https://a.example/b_c", r"\:https://a.example/b_c"),
        ("see https://a.example/b_c, then", "see https://a.example/b_c, then"),
        ("<@1> <@&2> <#3> </x:4> <t:5:R> <:e:6> <id:7>", None),
        ("@everyone and @HERE", "@\u200beveryone and @\u200bHERE"),
        ("mail me@example.org", "mail me@example.org"),
        ("ratio :100: to 2:3", r"ratio \:100: to 2:3"),
        ("discord://-/settings", r"discord\://-/settings"),
        (r"back\slash\\", r"back\\slash\\\\"),
        ("snake_case", r"snake\_case"),
        ("# title", r"\# title"),
        ("-# small", r"\-# small"),
        ("> quoted", r"\> quoted"),
        ("- item", r"\- item"),
        ("12. item", r"12\. item"),
        ("3.5 times", "3.5 times"),
        ("a - b > c # d", "a - b > c # d"),
    ],
)
def test_markdown_and_mentions_are_defused(text: str, markdown: str | None) -> None:
    assert markdown is None or literal(text) == markdown
    assert as_read(literal(text)) == text


def test_an_address_in_a_title_is_text_like_any_other() -> None:
    assert unlinked("https://a.example/b_c") == r"https\://a.example/b\_c"


def test_brackets_in_the_text_of_a_link_become_round() -> None:
    assert link_text("[A] *star* https://a.example") == r"(A) \*star\* https\://a.example"


@settings(deadline=None)
@given(text=texts)
def test_any_text_shows_itself(text: str) -> None:
    read = plain(text)

    assert as_read(literal(read)) == read
    assert as_read(unlinked(read)) == read


@pytest.mark.parametrize("text", ["", " \n", "\u200b\u2060", "\u3164", "\u0301", "\ue000"])
def test_text_without_anything_to_see_is_empty(text: str) -> None:
    assert plain(text) == ""


def test_marks_piled_on_a_letter_are_taken_off() -> None:
    assert plain("x" + "\u0301" * 50) == "x" + "\u0301" * 4


def test_text_from_outside_is_readable_literal_and_fits() -> None:
    assert (
        shown(r"$\mu$LO: a *new* \textbf{method} for everything", 28)
        == r"μLO: a \*new\* method for…"
    )
