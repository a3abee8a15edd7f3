"""The bullets in an answer, whatever stands around them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.answers import bullets_in
from tests.loopback.language_model import in_form


@pytest.mark.parametrize(
    "answer",
    [
        '{"bullets": ["One.", "Two."]}',
        '```json\n{"bullets": ["One.", "Two."]}\n```',
        'Here you are: {"bullets": ["- One.", "2. Two."]} I hope that helps.',
        '{"bullets": [" • One. ", "* Two."], "more": {"a": 1}}',
    ],
)
def test_the_form_is_found_in_what_stands_around_it(answer: str) -> None:
    assert bullets_in(answer) == ("One.", "Two.")


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "One. Two.",
        '{"bullets": ["One.", "Two."',
        '{"bullets": "One."}',
        '{"bullets": [1, 2]}',
        '{"points": ["One."]}',
        "}{",
        '{"bullets": ["\ud800"}',
    ],
)
def test_any_other_form_is_none(answer: str) -> None:
    assert bullets_in(answer) is None


def test_an_empty_list_is_a_list() -> None:
    assert bullets_in('{"bullets": []}') == ()


@given(st.text())
def test_whatever_is_answered_is_read(answer: str) -> None:
    found = bullets_in(answer)
    assert found is None or all(isinstance(bullet, str) for bullet in found)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "P", "N"])), max_size=6))
def test_what_was_written_in_the_form_is_read(bullets: list[str]) -> None:
    assert bullets_in(in_form(bullets)) == tuple(bullet.strip() for bullet in bullets)
