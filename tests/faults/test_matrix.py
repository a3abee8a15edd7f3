"""Faults × phases over the whole bot: nothing lost, nothing doubled, or a state that says so."""

import pytest

from tests.faults.faults import FAULTS
from tests.faults.matrix import CELLS, DOCUMENT, Cell, absence, document
from tests.faults.phases import MEANING, PHASES, Ending
from tests.faults.stage import Stage


@pytest.mark.parametrize("cell", CELLS, ids=[cell.name for cell in CELLS])
async def test_a_fault_loses_nothing_and_doubles_nothing(stage: Stage, cell: Cell) -> None:
    await cell.phase.run(stage, cell.fault, cell.ending)

    assert stage.unforeseen() == []


def test_every_fault_meets_every_phase_or_there_is_a_reason() -> None:
    tested = {(cell.fault.name, cell.phase.name) for cell in CELLS}
    reasoned = {(f.name, p.name) for f in FAULTS for p in PHASES if absence(f, p)}

    assert not tested & reasoned
    assert tested | reasoned == {(f.name, p.name) for f in FAULTS for p in PHASES}
    assert len(FAULTS) * len(PHASES) == len(tested) + len(reasoned)


def test_every_ending_is_explained() -> None:
    assert set(MEANING) == set(Ending)


def test_the_document_lists_exactly_these_cells() -> None:
    """`python -m tests.faults.matrix` writes it anew."""
    assert DOCUMENT.read_text(encoding="utf-8") == document()
