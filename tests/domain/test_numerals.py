"""Numbers are the same however they are written, and no other number is."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.numerals import numerals, values


def occurs(bullet: str, abstract: str) -> bool:
    """Whether every number of `bullet` stands in `abstract`."""
    known = values(abstract)
    return all(number.occurs_in(known) for number in numerals(bullet))


@pytest.mark.parametrize(
    ("bullet", "abstract"),
    [
        ("1000 pictures", "1,000 pictures"),
        ("1,000 pictures", "1000 pictures"),
        ("1.000 Bilder", "1,000 pictures"),
        ("1 000 images", "1000 pictures"),
        ("1\u202f000 images", "1{,}000 pictures"),
        ("1천 장", "a thousand pictures"),
        ("1만 장", "10,000 pictures"),
        ("1만 2천 장", "12,000 pictures"),
        ("1만2000장", "12k pictures"),
        ("3억 5천만 개", "350 million tokens"),
        ("10万张", "100K images"),
        ("2億", "200M"),
        ("70억", "a 7B model"),
        ("7 billion", "a 7B model"),
        ("7B", "seven billion parameters"),
        ("1,5 Millionen", "1.5M samples"),
        ("1,5 млн", "1.5 million samples"),
        ("12%", "12 percent"),
        ("12퍼센트", r"12\%"),
        ("94%", "an accuracy of 0.94"),
        ("0.94", "94% of them"),
        ("3배", "3x as fast"),
        ("3×", r"3$\times$"),
        ("3,5 Punkte", "3.5 points"),
        ("4 points", "4.0 points"),
        ("5~10", "from 5 to 10"),
        ("5–10", "5-10"),
        ("10^5", "100,000"),
        ("100,000", "$10^{5}$"),
        ("10⁵", "10^5"),
        ("0.001", "1e-3"),
        ("0.001", "10^{-3}"),
        ("2", "twice as fast"),
        ("50%", "half of the cost"),
        ("25", "twenty-five tasks"),
        ("100배", "two orders of magnitude"),
        ("1위", "ranks first"),
        ("３．５", "3.5"),
        ("٣", "three"),
        ("GPT-4와 Llama-3.1-8B", "GPT-4 and Llama-3.1-8B"),
        ("3.1.2", "version 3.1.2"),
        ("5만 3개", "50,000 and 3"),
        ("2, 3", "2,3"),
        ("5만 6만", "50,000 and 60,000"),
        ("1조 2억 3만 4", "1,000,200,030,004"),
        ("no number at all", ""),
    ],
)
def test_ways_of_writing_a_number(bullet: str, abstract: str) -> None:
    assert occurs(bullet, abstract)


@pytest.mark.parametrize(
    ("bullet", "abstract"),
    [
        ("47%", "46.4%"),
        ("1만", "1,000"),
        ("10 billion", "10 million"),
        ("70억", "7 million"),
        ("0.12", "12 tasks"),
        ("3.5", "3 and 5"),
        ("1,234", "1 and 234"),
        ("2024", "in 2023"),
        ("5만 4개", "50,000 and 3"),
        ("10^6", "10^5"),
        ("9", "nobody knows"),
        ("9" * 50, "9" * 50),
        ("9" + "조" * 500_000, "9조"),
    ],
)
def test_other_numbers_are_other_numbers(bullet: str, abstract: str) -> None:
    assert not occurs(bullet, abstract)


WAYS = st.sampled_from(
    ["{:d}", "{:,d}", "about {:d}%", "x{:d}", "({:d})", "{:d}개", "{:,d}건", "{:d}-fold"]
)


@given(st.integers(0, 10**9), WAYS, WAYS)
def test_a_number_is_found_again(number: int, way: str, other: str) -> None:
    assert occurs(way.format(number), f"Some text, {other.format(number)}.")


@given(st.integers(1, 999), st.sampled_from([("만", 4), ("억", 8), ("k", 3), (" million", 6)]))
def test_units_multiply(number: int, unit: tuple[str, int]) -> None:
    sign, power = unit
    assert occurs(f"{number}{sign}", f"{number * 10**power:,d}")
    assert not occurs(f"{number * 10**power:d}", str(number))


@given(st.decimals(0, 10_000, places=2), st.decimals(0, 10_000, places=2))
def test_a_fraction_is_itself_alone(number: Decimal, other: Decimal) -> None:
    assert occurs(str(number), f"by {number} points")
    assert occurs(str(number), f"by {other} points") is (number == other)


@given(st.text(max_size=40))
def test_any_text_has_its_own_numbers(text: str) -> None:
    assert occurs(text, text)
