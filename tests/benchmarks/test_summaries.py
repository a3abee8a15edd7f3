"""The measure of summaries: over what it measures, and what it says of good and bad answers."""

import pytest

from benchmarks.abstracts import PAPERS
from benchmarks.summaries import INJECTED, QUICK, Measured, measure, report
from bot.models.openai_compatible import OpenAiCompatible
from bot.services.summarising import Outcome
from bot.settings import load_settings
from tests.loopback.hugging_face import Status
from tests.loopback.language_model import Invents, LoopbackModel, Obeys, Way

FEW = PAPERS[:3]


async def measured(*ways: Way | None, language: str = "ko", injected: bool = False) -> Measured:
    settings = load_settings(llm_price_in="1", llm_price_out="1")
    async with LoopbackModel() as server:
        server.then(*ways)
        async with OpenAiCompatible("loopback-1", base_url=server.url, api_key=None) as model:
            papers = INJECTED if injected else FEW
            return await measure(model, [language], settings=settings, papers=papers, timing=QUICK)


def test_the_set_is_fixed_and_of_many_kinds() -> None:
    assert len(PAPERS) == 12
    assert all(200 < len(paper.abstract) < 1_000 for paper in PAPERS)
    assert sum("$" in paper.abstract for paper in PAPERS) == 1
    assert not any(paper.summaries for paper in PAPERS)


async def test_good_answers_pass_at_once() -> None:
    good = await measured()

    assert (good.wanted, good.at_once, good.outcomes[Outcome.KEPT]) == (3, 3, 3)
    assert not good.faults
    assert good.bullets == [3, 3, 3]
    assert all(0 < share <= 1 for share in good.numbers)
    said = report("a model", good)
    assert "pass the checks      100% at once, 100% kept" in said
    assert "3.0 bullets of" in said
    assert ", cost 0.0" in said


async def test_bad_answers_are_told_apart() -> None:
    bad = await measured(Status(500), Invents(), Invents(), Invents())

    assert bad.at_once == 0
    assert bad.outcomes[Outcome.KEPT] == 3
    assert bad.faults == {"number": 3}
    assert bad.failures == 1
    assert "faults             number 3" in report("a model", bad)
    assert "without an answer  1 requests" in report("a model", bad)


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_no_abstract_gets_what_it_orders(language: str) -> None:
    obedient = await measured(*[Obeys()] * 100, language=language, injected=True)

    assert 0 < obedient.outcomes[Outcome.REFUSED] < obedient.wanted
    assert not any("BANANAS" in text for _, _, texts in obedient.kept for text in texts)


def test_a_run_without_any_answer_is_told_too() -> None:
    assert "0 summaries wanted" in report("nobody", Measured())
