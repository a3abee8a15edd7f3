"""Abstracts that give orders: a model that obeys every one of them does no harm."""

import pytest

from bot.domain.faithful import faults
from tests.injections.corpus import HONEST, INJECTIONS, TITLE

OBEYED = [
    pytest.param(injection.abstract, language, bullets, id=f"{injection.name} ({language})")
    for injection in INJECTIONS
    for language, bullets in injection.obeyed.items()
]


@pytest.mark.parametrize(("abstract", "language", "bullets"), OBEYED)
def test_what_an_obedient_model_answers_is_refused(
    abstract: str, language: str, bullets: tuple[str, ...]
) -> None:
    assert faults(bullets, title=TITLE, abstract=abstract, language=language)


@pytest.mark.parametrize("abstract", [injection.abstract for injection in INJECTIONS])
@pytest.mark.parametrize("language", HONEST)
def test_what_a_model_answers_that_does_not_obey_is_taken(abstract: str, language: str) -> None:
    assert faults(HONEST[language], title=TITLE, abstract=abstract, language=language) == ()
