"""Reading daily digests in Markdown, line by line.

    ## Daily Papers (2024-06-04)

    ### [Title](https://arxiv.org/abs/2406.01574)

    ![](https://…/picture.png)

    Vote: 28

    Authors: A. Author, B. Author

    - What the paper says.
    - ***Label***: What else it says.

This is no Markdown parser: titles with brackets, authors as a Python list and emphasis that
never ends are read as what they were meant to be, and in one pass, so that no input takes longer
than its length allows.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from bot.domain.digests import Digest, Listing
from bot.domain.errors import SourceUnreadable, UnknownPaperId
from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin
from bot.domain.text import clean
from bot.sources.addresses import media_address
from bot.sources.cleaning import distinct
from bot.sources.digest_files import day_in_path
from bot.sources.languages import language_of
from bot.sources.reading import Problem, Reading

MAX_LINES: Final = 500_000
"""A year of digests in one file has a quarter of it; more is no digest."""

_MAX_PROBLEMS: Final = 100
_LONGEST_TARGET: Final = 500
_LINKS_TRIED: Final = 8
_LARGEST_VOTE_DIGITS: Final = 9

_DATE: Final = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)", re.ASCII)
_FIELD: Final = re.compile(r"(vote|author)s?\s*[:：]\s*(.*)", re.I)
_VOTES: Final = re.compile(r"\d+(?:,\d{3})*", re.ASCII)
_USUAL_PICTURE: Final = re.compile(r"!\[\]\((https://[\w./:%=&?~-]{1,2000})\)", re.ASCII)
_WATCH: Final = re.compile(r"\[watch video\]", re.I)
_TAG: Final = re.compile(
    r"</?(?:div|video|source|img|picture|figure|iframe|center|p|span|a|br|hr)(?:[\s/][^<>]*)?>",
    re.I,
)
_SRC: Final = re.compile(r"""\bsrc=(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>]+))""", re.I)
_LIST_ITEM: Final = re.compile(
    r"""\s*(?:'([^'\\]*(?:\\.[^'\\]*)*)'|"([^"\\]*(?:\\.[^"\\]*)*)")\s*"""
)
_ESCAPE: Final = re.compile(
    r"\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.))", re.ASCII
)
_USUAL_LINK: Final = re.compile(r"\[(.*)\]\(https://arxiv\.org/abs/(\d{4}\.\d{4,5})\)", re.ASCII)
_NUMBERED: Final = re.compile(r"\d{1,3}[.)]\s", re.ASCII)
_PSEUDO_AUTHOR: Final = "+"

# `**Label**: text`, `***Label***: text`, and with the colon inside; a label holds no emphasis
# of its own unless escaped, so that anything mixed or unclosed stays text.
_LABELLED: Final = re.compile(r"(\*\*\*|\*\*)([^*\\]*(?:\\.[^*\\]*)*)\1(\s*[:：])?\s*")
_LABEL_ESCAPE: Final = re.compile(r"\\([\\*])")
_ESCAPED_START: Final = re.compile(r"\\+\*")


def read_digests(
    data: bytes | str, *, name: str, language: str | None = None, day: date | None = None
) -> tuple[Reading, ...]:
    """The lists of every day that a text holds, in the order of their headings.

    A day's heading says which day its papers are of. For papers without one it is `day`, else
    the date in `name`, the path of the file (`…/2024/06/04.md`, `2024-06-04.md`). A day whose
    heading comes twice is one list; a paper that comes twice has the bullets of both.

    Summaries are in `language`, or in the one their script suggests. What stands under a paper's
    heading and is no picture, film, vote or list of authors becomes a bullet, whatever its
    marker: no text is lost. What cannot be read, or belongs to no paper, is named in `problems`
    with `name` and the line (the first hundred of them).

    Raises `SourceUnreadable` for a text that is no digest: neither a paper nor a day's heading,
    papers without any date, or more than 500,000 lines.
    """
    if len(data) >= MAX_LINES and _line_ends(data) >= MAX_LINES:
        raise SourceUnreadable(name, f"more than {MAX_LINES:,} lines")
    document = _Document(name, language, day or day_in_path(name))
    document.read(document.decoded(data))
    return document.readings()


def bullet_of(text: str) -> Bullet | None:
    """The bullet that a line says after its marker; `None` for a blank one."""
    text = clean(text)
    if text.startswith("*"):
        if found := _LABELLED.match(text):
            _, label, colon = found.groups()
            label = label.strip()
            if not colon and label.endswith((":", "：")):
                label, colon = label[:-1].strip(), ":"
            if "\\" in label:
                label = _LABEL_ESCAPE.sub(r"\1", label)
            if label and colon:
                return Bullet(text[found.end() :], label)
    elif text.startswith("\\") and _ESCAPED_START.match(text):
        text = text[1:]
    return Bullet(text) if text else None


def authors_of(text: str) -> tuple[str, ...]:
    """The names in an authors' line: separated by commas, or a Python list's text.

    Repeated names and the pseudo-author `+` are dropped.
    """
    return _people(_names(text))


def _people(names: Iterable[str]) -> tuple[str, ...]:
    found = distinct(names)
    if _PSEUDO_AUTHOR in found:
        found = tuple(name for name in found if name != _PSEUDO_AUTHOR)
    return found


def _names(text: str) -> list[str]:
    if not (text.startswith("[") and text.endswith("]")):
        return text.split(",")
    items = _list_items(text[1:-1])
    if items is not None:
        return items
    return [name.strip().strip("'\"") for name in text[1:-1].split(",")]


def _list_items(text: str) -> list[str] | None:
    """The strings of a Python list's text; `None` if it is no such list.

    `ast.literal_eval` would do, but warns of odd escapes and can exhaust the stack.
    """
    items: list[str] = []
    position = 0
    while found := _LIST_ITEM.match(text, position):
        items.append(_ESCAPE.sub(_unescaped, found[1] if found[1] is not None else found[2]))
        position = found.end()
        if position == len(text):
            return items
        if text[position] != ",":
            return None
        position += 1
    return items if not text[position:].strip() else None


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    if code is None:
        return {"n": " ", "r": " ", "t": " "}.get(escape[4], escape[4])
    return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else "\ufffd"


@dataclass(slots=True)
class _Draft:
    """A paper while its lines are read.

    `continued` are the lines that go on with a bullet, by the bullet's place: joined at the end,
    because a thousand joins of a growing text would take a thousand times as long.
    """

    id: PaperId
    title: str
    media: list[str] = field(default_factory=list)
    upvotes: int | None = None
    authors: list[str] = field(default_factory=list)
    bullets: list[str] = field(default_factory=list)
    continued: dict[int, list[str]] = field(default_factory=dict)

    def go_on(self, line: str) -> None:
        self.continued.setdefault(len(self.bullets) - 1, []).append(line)

    def statements(self) -> list[Bullet]:
        for place, lines in self.continued.items():
            self.bullets[place] = " ".join([self.bullets[place], *lines])
        return [bullet for bullet in map(bullet_of, self.bullets) if bullet]

    def listing(self, statements: list[Bullet], language: str | None) -> Listing:
        summaries: tuple[Summary, ...] = ()
        if statements:
            if language is None:
                language = language_of(" ".join([b.text or b.label for b in statements]))
            summaries = (
                Summary(language=language, bullets=tuple(statements), origin=SummaryOrigin.DIGEST),
            )
        return Listing(
            paper=Paper(
                id=self.id,
                title=self.title,
                authors=_people(self.authors),
                media=tuple(dict.fromkeys(self.media)),
                summaries=summaries,
            ),
            upvotes=self.upvotes,
        )


class _Document:
    """A text's days and papers, as far as it has been read."""

    def __init__(self, name: str, language: str | None, day: date | None) -> None:
        self._name = name
        self._language = language
        self._day = day
        self._days: dict[date, list[_Draft]] = {}
        self._paper: _Draft | None = None
        self._skipping = False
        self._blank = True
        self._problems: list[tuple[date | None, Problem]] = []
        self._unnamed_problems = 0

    def decoded(self, data: bytes | str) -> str:
        """`data` as text; bytes that are not UTF-8 are replaced, and their lines named."""
        if isinstance(data, bytes):
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                text = data.decode("utf-8", errors="replace")
                for number, line in enumerate(data.split(b"\n"), start=1):
                    if not _is_utf8(line):
                        self._problem(number, "some bytes are not UTF-8 and were replaced")
        else:
            text = data
        text = text.removeprefix("\ufeff")
        return text.replace("\r\n", "\n") if "\r" in text else text

    def read(self, text: str) -> None:
        """Take in every line. Only "\\n" ends one: a form feed inside a bullet does not."""
        paper = None
        joins = False  # whether an indented line would continue the bullet above
        for number, line in enumerate(text.split("\n"), start=1):
            if not line:
                joins = False
            elif paper is not None and line.startswith("- "):
                paper.bullets.append(line[2:])
                joins = True
            elif stripped := line.strip():
                self._blank = False
                joins = self._line(number, stripped, joins and line[0] in " \t")
                paper = self._paper
            else:
                joins = False

    def readings(self) -> tuple[Reading, ...]:
        """What was read, by day."""
        if not self._days:
            if self._blank:
                return ()
            at = f"; {self._problems[0][1]}" if self._problems else ""
            raise SourceUnreadable(
                self._name, f"no papers under a heading such as ## Daily Papers (2024-06-04){at}"
            )
        if self._unnamed_problems:
            self._problems.append(
                (None, Problem(self._name, f"{self._unnamed_problems} problems more"))
            )
        problems: dict[date, list[Problem]] = {day: [] for day in self._days}
        first = next(iter(problems.values()))
        for of_day, problem in self._problems:
            (problems.get(of_day, first) if of_day else first).append(problem)
        return tuple(
            Reading(
                digest=Digest.of(day, _listings(drafts, self._language)),
                problems=tuple(problems[day]),
            )
            for day, drafts in self._days.items()
        )

    def _line(self, number: int, line: str, continues: bool) -> bool:
        """Take in a line that is not blank; tell whether an indented one may continue it."""
        if line.startswith("#") and (level := _heading_level(line)):
            text = line[level:].strip()
            if level <= 3:
                self._heading(number, level, text)
                return False
            line = text
            if self._paper is None or not line:
                return False
        if (paper := self._paper) is None:
            if not self._skipping and not _is_rule(line):
                self._problem(number, f"it belongs to no paper: {_shown(line)}")
            return False
        if line[0] in "![<vVaA" and self._is_description(number, line, paper):
            return False
        if _is_rule(line):
            return False
        if line[:2] in ("- ", "* ", "-\t", "*\t", "-", "*"):
            paper.bullets.append(line[2:])
        elif continues and not _NUMBERED.match(line):
            paper.go_on(line)
        else:
            paper.bullets.append(line)
        return True

    def _heading(self, number: int, level: int, text: str) -> None:
        self._paper = None
        self._skipping = False
        if (linked := _linked_paper(text)) is not None:
            paper_id, title, beside = linked
            if beside:
                self._problem(number, f"beside the title's link: {_shown(beside)}")
            if self._day is None:
                self._problem(number, f"{paper_id} stands under no date and was skipped")
                self._skipping = True
                return
            self._paper = _Draft(id=paper_id, title=title or f"arXiv:{paper_id}")
            self._days.setdefault(self._day, []).append(self._paper)
        elif level == 3:
            self._problem(
                number, f"no link to arXiv: skipped, with all that follows it: {_shown(text)}"
            )
            self._skipping = True
        elif found := _DATE.search(text[:_LONGEST_TARGET]):
            try:
                self._day = date(int(found[1]), int(found[2]), int(found[3]))
            except ValueError:
                self._problem(number, f"there is no such date: {_shown(text)}")
            else:
                self._days.setdefault(self._day, [])

    def _is_description(self, number: int, line: str, paper: _Draft) -> bool:
        """Take in a picture, a film, the votes or the authors; whether the line was that."""
        if found := _USUAL_PICTURE.fullmatch(line):
            paper.media.append(found[1])
            return True
        if found := _FIELD.match(line):
            value = found[2].strip()
            if found[1][0] in "aA":
                paper.authors += _names(value)
            else:
                self._votes(number, value, paper)
            return True
        addresses = _media_in(line)
        if not addresses:
            # A line of nothing but tags, such as the end of a <div>.
            return line[0] == "<" and not _TAG.sub("", line).strip()
        for written in addresses:
            if (address := media_address(written)) is not None:
                paper.media.append(address)
            else:
                self._problem(number, f"no address of a picture or film: {_shown(written)}")
        if line[0] == "<" and (text := _TAG.sub("", line).strip()):
            paper.bullets.append(text)
        return True

    def _votes(self, number: int, value: str, paper: _Draft) -> None:
        digits = value.replace(",", "")
        if _VOTES.fullmatch(value) and len(digits) <= _LARGEST_VOTE_DIGITS:
            paper.upvotes = int(digits)
        elif value not in ("", "-"):
            self._problem(number, f"no number of votes: {_shown(value)}")

    def _problem(self, number: int, what: str) -> None:
        if len(self._problems) < _MAX_PROBLEMS:
            self._problems.append((self._day, Problem(f"{self._name}:{number}", what)))
        else:
            self._unnamed_problems += 1


def _listings(drafts: list[_Draft], language: str | None) -> Iterator[Listing]:
    """One listing a paper. What a paper's second coming adds is added to its first."""
    papers: dict[str, tuple[_Draft, list[Bullet]]] = {}
    said: dict[str, set[Bullet]] = {}
    for draft in drafts:
        key, statements = draft.id.value, draft.statements()
        if key not in papers:
            papers[key] = draft, statements
            continue
        first, known = papers[key]
        if key not in said:
            said[key] = set(known)
        known += [bullet for bullet in statements if bullet not in said[key]]
        said[key].update(statements)
        first.authors += draft.authors
        first.media += draft.media
        first.upvotes = first.upvotes if first.upvotes is not None else draft.upvotes
    for draft, statements in papers.values():
        yield draft.listing(statements, language)


def _line_ends(data: bytes | str) -> int:
    return data.count(b"\n") if isinstance(data, bytes) else data.count("\n")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _heading_level(line: str) -> int:
    """The number of `#` of a heading; 0 if it is none, such as a hashtag."""
    level = len(line) - len(line.lstrip("#"))
    return level if level <= 6 and line[level : level + 1] in ("", " ", "\t", "[") else 0


def _linked_paper(heading: str) -> tuple[PaperId, str, str] | None:
    """The paper that a heading links to: its id, its title, and what stands beside the link.

    The last link to arXiv counts, and everything before it is the title, brackets and all.
    """
    if found := _USUAL_LINK.fullmatch(heading):
        return PaperId(found[2]), clean(found[1]), ""
    end = len(heading)
    for _ in range(_LINKS_TRIED):
        at = heading.rfind("](", 0, end)
        if at < 0:
            return None
        target = heading[at + 2 : at + 2 + _LONGEST_TARGET]
        address, closed, _ = target.partition(")")
        try:
            paper_id = PaperId.parse(address)
        except UnknownPaperId:
            end = at
            continue
        before, bracket, title = heading[:at].partition("[")
        after = heading[at + 2 + len(address) + len(closed) :]
        return (
            paper_id,
            clean(title if bracket else before),
            clean(f"{before if bracket else ''} {after}"),
        )
    return None


def _media_in(line: str) -> list[str]:
    """The addresses that a line of pictures or films holds, as written."""
    if line.startswith("!["):
        pieces = line.split("![")[1:]
        return [piece.partition("](")[2].strip().removesuffix(")") for piece in pieces]
    if line[0] == "[" and _WATCH.match(line):
        pieces = [piece.strip() for piece in _WATCH.split(line)[1:]]
        return [p[1:].removesuffix(")") if p.startswith("(") else p for p in pieces]
    if line[0] == "<":
        return [double or single or bare for double, single, bare in _SRC.findall(line)]
    return []


def _is_rule(line: str) -> bool:
    """Whether a line only separates: `---`."""
    return line[0] in "-*_=" and len(line) >= 3 and not line.strip(line[0])


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:79] + "…")
