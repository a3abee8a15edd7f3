"""Papers as others read them: BibTeX, RIS, Markdown and JSON."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

import orjson

from bot.domain.papers import Paper
from bot.domain.text import clean, fold


class Format(StrEnum):
    """What a list of papers can be exported as; the value is the file's ending."""

    BIBTEX = "bib"
    RIS = "ris"
    MARKDOWN = "md"
    JSON = "json"


def export(papers: Sequence[Paper], form: Format) -> bytes:
    """`papers` as one file in UTF-8, in their order."""
    return _WRITERS[form](papers).encode()


def year_of(paper: Paper) -> int:
    """When arXiv got a paper: the first two digits of its id
    (https://info.arxiv.org/help/arxiv_identifier.html)."""
    return 2000 + int(paper.id.value[:2])


# --- BibTeX -------------------------------------------------------------------------------

# What TeX takes for something else. Braces have names: BibTeX counts them even when escaped.
_TEX: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_LITERAL: Final = str.maketrans(_TEX)
_BARE: Final = re.compile(r"(?<!\\)[&%#_]|(?<!\\)[~^]")
_NEVER_BARE: Final = re.compile(r"(?<!\\)[&%#]")  # not in a formula either
_MATH: Final = re.compile(r"(?<!\\)\$(?:[^$\\]|\\.)+\$")
_SAYS_NOTHING: Final = frozenset(
    {"a", "an", "the", "on", "of", "for", "in", "to", "with", "and", "from", "towards", "toward"}
)


def bibtex(papers: Iterable[Paper]) -> str:
    """A `@misc` entry for each, as arXiv recommends
    (https://info.arxiv.org/help/hypertex/bibstyles/index.html); LaTeX in titles stays LaTeX."""
    return "\n".join(_entry(key, paper) for key, paper in _keyed(papers))


def _entry(key: str, paper: Paper) -> str:
    fields = {
        # In two braces, so that no style changes its capitals.
        "title": f"{{{_tex(paper.title)}}}",
        "author": " and ".join(map(_bibtex_name, paper.authors)),
        "year": str(year_of(paper)),
        "eprint": paper.id.value,
        "archivePrefix": "arXiv",
        "url": paper.arxiv_url,
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key},", *lines, "}", ""])


def _keyed(papers: Iterable[Paper]) -> Iterator[tuple[str, Paper]]:
    """Each with a key of its own, such as `vaswani2017attention`."""
    known: dict[str, int] = {}
    for paper in papers:
        key = _key(paper)
        known[key] = known.get(key, 0) + 1
        yield (key if known[key] == 1 else f"{key}-{known[key]}"), paper


def _key(paper: Paper) -> str:
    family = _ascii(_parts(paper.authors[0])[1]) if paper.authors else ""
    words = (_ascii(word) for word in re.split(r"[\W_]+", fold(paper.title)))
    telling = next((word for word in words if word and word not in _SAYS_NOTHING), "")
    return f"{family or 'arxiv'}{year_of(paper)}{telling or paper.id.value.replace('.', '')}"


def _ascii(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", fold(text))
    return "".join(re.findall("[a-z0-9]", decomposed))


def _tex(text: str) -> str:
    """`text` for TeX: as it stands where it is LaTeX already, with what is bare escaped."""
    text = clean(text)
    if not _is_latex(text):
        return text.translate(_LITERAL)
    pieces, end = [], 0
    for math in _MATH.finditer(text):
        pieces += [_escaped(text[end : math.start()]), _NEVER_BARE.sub(r"\\\g<0>", math[0])]
        end = math.end()
    return "".join([*pieces, _escaped(text[end:])])


def _escaped(text: str) -> str:
    return _BARE.sub(lambda found: _TEX[found[0]], text)


def _is_latex(text: str) -> bool:
    """Whether braces and dollars are in pairs and backslashes begin commands, as TeX wants it."""
    depth = 0
    for brace in re.findall(r"[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    rest = _MATH.sub("", text)
    return (
        depth == 0
        and all(m[0].count("{") == m[0].count("}") for m in _MATH.finditer(text))
        and re.search(r"(?<!\\)\$", rest) is None
        and re.search(r"\\(?![A-Za-z&%#_$'\"`^~=.])", text) is None
    )


def _bibtex_name(name: str) -> str:
    written = clean(name).translate(_LITERAL)
    # Else BibTeX would take it for two people, or for a family name before a comma.
    return f"{{{written}}}" if re.search(r",|\band\b", written, re.IGNORECASE) else written


def _parts(name: str) -> tuple[str, str]:
    """Given and family name, as far as anybody can tell: the last word is the family's."""
    given, _, family = clean(name).rpartition(" ")
    return given, family


# --- RIS ----------------------------------------------------------------------------------


def ris(papers: Iterable[Paper]) -> str:
    """A record for each: tag, two spaces, hyphen, space, value, in lines that end with CR LF
    (https://en.wikipedia.org/wiki/RIS_(file_format)); `UNPB` is what preprints are given as."""
    return "".join(f"{line}\r\n" for paper in papers for line in _record(paper))


def _record(paper: Paper) -> Iterator[str]:
    yield "TY  - UNPB"
    yield f"TI  - {clean(paper.title)}"
    for name in paper.authors:
        given, family = _parts(name)
        yield f"AU  - {family}, {given}" if given else f"AU  - {family}"
    yield f"PY  - {year_of(paper)}"
    if abstract := clean(paper.abstract):
        yield f"AB  - {abstract}"
    for keyword in paper.keywords:
        yield f"KW  - {clean(keyword)}"
    yield "PB  - arXiv"
    yield f"AN  - arXiv:{paper.id}"
    yield f"UR  - {paper.arxiv_url}"
    yield "ER  - "


# --- Markdown and JSON --------------------------------------------------------------------

_MARKDOWN: Final = re.compile(r"([\\`*_\[\]<>#|])")


def markdown(papers: Iterable[Paper]) -> str:
    """A line for each: title with its link, authors, year."""
    lines = []
    for paper in papers:
        authors = f" {_plain(', '.join(paper.authors))}." if paper.authors else ""
        lines.append(f"- [{_plain(paper.title)}]({paper.arxiv_url}).{authors} {year_of(paper)}.\n")
    return "".join(lines)


def _plain(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", clean(text))


def json(papers: Iterable[Paper]) -> str:
    """A list of objects: `id`, `title`, `authors`, `year`, `url`, `hugging_face`, `abstract`,
    `keywords`, and `summaries` by language, each a list of bullets."""
    found = [
        {
            "id": paper.id.value,
            "title": paper.title,
            "authors": list(paper.authors),
            "year": year_of(paper),
            "url": paper.arxiv_url,
            "hugging_face": paper.hugging_face_url,
            "abstract": paper.abstract,
            "keywords": list(paper.keywords),
            "summaries": {
                summary.language: [
                    f"{bullet.label}: {bullet.text}" if bullet.label else bullet.text
                    for bullet in summary.bullets
                ]
                for summary in paper.summaries
            },
        }
        for paper in papers
    ]
    return orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n"


_WRITERS: Final[Mapping[Format, Callable[[Sequence[Paper]], str]]] = {
    Format.BIBTEX: bibtex,
    Format.RIS: ris,
    Format.MARKDOWN: markdown,
    Format.JSON: json,
}
