"""A paper is fenced off as data, and what is asked fits its language."""

from bot.domain.faithful import Fault, FaultKind
from bot.models.prompts import asked, asked_again, reasons
from tests.injections.corpus import INJECTIONS, TITLE


def test_the_paper_stands_between_fences_that_nobody_could_foresee() -> None:
    [injection] = [one for one in INJECTIONS if "seemingly" in one.name]
    seen = set()
    for _ in range(20):
        system, user = asked(TITLE, injection.abstract, language="ko", language_name="Korean")
        first, *_, last = user["content"].splitlines()
        assert first == last
        assert user["content"].count(first) == 2
        assert first in system["content"]
        assert injection.said not in system["content"]
        seen.add(first)

    assert len(seen) == 20


def test_terms_stay_english_in_brackets_where_letters_are_others() -> None:
    korean = asked(TITLE, "x", language="ko", language_name="Korean")[0]["content"]
    german = asked(TITLE, "x", language="de", language_name="German")[0]["content"]

    assert "in Korean (language tag ko)" in korean
    assert "round brackets" in korean
    assert "in German (language tag de)" in german
    assert "round brackets" not in german


def test_asking_again_says_why() -> None:
    before = asked(TITLE, "x", language="en", language_name="English")
    faults = [Fault(FaultKind.NUMBER, "Bullet 2 …"), Fault(FaultKind.NUMBER, "Bullet 2 …")]

    *first, answer, again = asked_again(before, "what it said", reasons(faults))

    assert tuple(first) == before
    assert answer == {"role": "assistant", "content": "what it said"}
    assert again["content"].count("Bullet 2 …") == 1
