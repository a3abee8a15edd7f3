"""What is exported is read by others as what it is, whatever a title or a name holds."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.papers import Paper, PaperId
from bot.domain.text import clean
from bot.rendering.citations import Format, bibtex, export, markdown, ris, year_of
from tests.builders import a_paper, a_summary

ATTENTION = a_paper(
    id=PaperId("1706.03762"),
    title="Attention Is All You Need",
    authors=("Ashish Vaswani", "Łukasz Kaiser"),
    abstract="Sequences,\nwithout recurrence.",
    keywords=("attention",),
)


def entries(text: str) -> list[tuple[str, dict[str, str]]]:
    """A strict reader of BibTeX as we write it: keys, and fields by counting braces."""
    found = []
    position = 0
    while match := re.compile(r"@misc\{([^\s,{}]+),\n").match(text, position):
        fields, position = {}, match.end()
        while field := re.compile(r"  (\w+) = \{").match(text, position):
            depth, at = 1, field.end()
            while depth:
                depth += {"{": 1, "}": -1}.get(text[at], 0)
                at += 1
            fields[field[1]] = text[field.end() : at - 1]
            assert text[at : at + 2] == ",\n"
            position = at + 2
        assert text[position : position + 2] == "}\n"
        position += 2
        found.append((match[1], fields))
        if text[position : position + 1] == "\n":
            position += 1
    assert position == len(text), text[position:]
    return found


def test_an_entry_has_what_arxiv_recommends() -> None:
    assert bibtex([ATTENTION]) == (
        "@misc{vaswani2017attention,\n"
        "  title = {{Attention Is All You Need}},\n"
        "  author = {Ashish Vaswani and Łukasz Kaiser},\n"
        "  year = {2017},\n"
        "  eprint = {1706.03762},\n"
        "  archivePrefix = {arXiv},\n"
        "  url = {https://arxiv.org/abs/1706.03762},\n"
        "}\n"
    )


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("50% more & #1 of my_papers", r"50\% more \& \#1 of my\_papers"),
        (r"$\ell_1$ and $O(n^2)$ at 5%", r"$\ell_1$ and $O(n^2)$ at 5\%"),
        (r"$50%$ of $a & b$ are $\#1$", r"$50\%$ of $a \& b$ are $\#1$"),
        (r"\textbf{Bold} claims", r"\textbf{Bold} claims"),
        (r"A \& B", r"A \& B"),
        ("It costs $5", r"It costs \$5"),
        ("}{", r"\textbraceright{}\textbraceleft{}"),
        (r"C:\ on disk {", r"C:\textbackslash{} on disk \textbraceleft{}"),
        ("a~b^c", r"a\textasciitilde{}b\textasciicircum{}c"),
        ("${$ open", r"\$\textbraceleft{}\$ open"),
    ],
)
def test_latex_in_a_title_survives_and_nothing_else_is_taken_for_it(
    title: str, written: str
) -> None:
    [(_, fields)] = entries(bibtex([a_paper(title=title)]))

    assert fields["title"] == f"{{{written}}}"


def test_papers_of_one_author_and_year_have_keys_of_their_own() -> None:
    papers = [a_paper(n, title="The Stars", authors=("Ada Lovelace",)) for n in (1, 2, 3)]
    strange = a_paper(4, title="별", authors=())

    keys = [key for key, _ in entries(bibtex([*papers, strange]))]

    assert keys == [
        "lovelace2024stars",
        "lovelace2024stars-2",
        "lovelace2024stars-3",
        "arxiv2024240600004",
    ]


def test_a_name_that_bibtex_would_take_apart_is_held_together() -> None:
    [(_, fields)] = entries(bibtex([a_paper(authors=("Sand and Sea", "Rand, Inc."))]))

    assert fields["author"] == "{Sand and Sea} and {Rand, Inc.}"


def test_a_record_of_ris() -> None:
    assert ris([ATTENTION]).split("\r\n") == [
        "TY  - UNPB",
        "TI  - Attention Is All You Need",
        "AU  - Vaswani, Ashish",
        "AU  - Kaiser, Łukasz",
        "PY  - 2017",
        "AB  - Sequences, without recurrence.",
        "KW  - attention",
        "PB  - arXiv",
        "AN  - arXiv:1706.03762",
        "UR  - https://arxiv.org/abs/1706.03762",
        "ER  - ",
        "",
    ]


def test_markdown_and_json() -> None:
    assert markdown([a_paper(title="[On] *stars*", authors=("Plato",))]) == (
        r"- [\[On\] \*stars\*](https://arxiv.org/abs/2406.00001). Plato. 2024." + "\n"
    )
    [found] = json.loads(export([a_paper(summaries=(a_summary("Yes."),))], Format.JSON))
    assert (found["id"], found["year"], found["summaries"]) == (
        "2406.00001",
        2024,
        {"en": ["Yes."]},
    )


_texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
_tex_like = st.lists(st.sampled_from([*"{}$\\%&_^~# aB,", "and", r"\alpha"]), min_size=1).map(
    "".join
)
_papers = st.builds(
    lambda number, title, authors: a_paper(number, title=title, authors=tuple(authors)),
    st.integers(1, 9),
    (_texts | _tex_like).map(clean).filter(bool),
    st.lists((_texts | _tex_like).map(clean).filter(bool), max_size=3),
)


@given(st.lists(_papers, max_size=4))
def test_any_papers_are_as_many_entries_with_keys_of_their_own(papers: list[Paper]) -> None:
    found = entries(bibtex(papers))

    assert len({key for key, _ in found}) == len(papers)
    assert [fields["eprint"] for _, fields in found] == [paper.id.value for paper in papers]
    for _, fields in found:
        assert re.sub(r"\\.", "", fields["title"]).count("$") % 2 == 0
        assert not re.search(r"(?<!\\)[%#&]", fields["title"])


@given(st.lists(_papers, max_size=4))
def test_any_papers_are_as_many_records(papers: list[Paper]) -> None:
    lines = ris(papers).split("\r\n")

    assert lines.pop() == ""
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]  - [^\r\n]*", line) for line in lines)
    assert sum(line.startswith("TY  - ") for line in lines) == len(papers)
    assert sum(line == "ER  - " for line in lines) == len(papers)


@pytest.mark.parametrize("form", Format)
def test_nothing_is_exported_as_something_that_can_be_read(form: Format) -> None:
    assert export([], form).strip() in (b"", b"[]")
    assert year_of(ATTENTION) == 2017
