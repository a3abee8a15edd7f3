r"""LaTeX in running text as text that people read: `$O(n^2)$` as O(n²), `\emph{new}` as new.

Titles and abstracts are ordinary text with some LaTeX in it, and not all of that is well-formed:
a dollar may be money, a brace a set, a backslash a path. So what surely is LaTeX is rewritten
and the rest stays as it is, in time linear in the text. The structure is read here; the names of
symbols are looked up in pylatexenc's table. (Its reader drops what follows a `%`, takes every
dollar for mathematics, and runs out of stack on nested groups.)
"""

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, TypeAlias

from pylatexenc.latex2text import get_default_latex_context_db  # type: ignore[import-untyped]

_DEEPEST: Final = 24
"""Groups within groups beyond this depth lose their marks and are not read further."""

_TEXT_SPECIAL: Final = re.compile(
    r"(?P<verbatim>https?://[^\s{}$\\]+"
    r"|(?<!\w)[A-Za-z]:\\[^\s{}$^]{0,200}(?![^\s,;.)])"  # C:\new
    r"|\\\\[\w.-]+\\[^\s{}$^]{0,200}(?![^\s,;.)]))"  # \\server\share
    r"|\\(?P<command>[A-Za-z]+)\*?"
    r"|\\(?P<escape>.)"
    r"|(?P<math>\$)"
    r"|(?P<group>\{(?=\\))"
    r"|(?<=[\w)\]}])(?P<script>\^(?=\{)|_(?=\{)|\^(?P<power>[-+]?\d{1,3}))"
    r"|(?P<dash>(?<=[\w.,)])-{2,3}(?=[\w(])|(?<=\s)-{2,3}(?=\s))"
    r"|(?P<opening>``(?=[^`]{1,400}''))"
    r"|(?P<closing>'')"
)
_MATH_SPECIAL: Final = re.compile(
    r"(?P<verbatim>https?://[^\s{}$\\]+)"
    r"|\\(?P<command>[A-Za-z]+)\*?"
    r"|\\(?P<escape>.)"
    r"|(?P<group>\{)"
    r"|(?P<script>[\^_])"
    r"|(?P<dropped>[}$])"
    r"|(?P<tie>~)"
    r"|(?P<prime>'+)"
)
_MATH: Final = re.compile(
    r"\$\$(?P<display>(?:\\.|[^$\\]){1,400})\$\$|\$(?P<inline>(?:\\.|[^$\\]){1,400})\$"
)
_BRACKETED_MATH: Final = re.compile(r"\\\((?P<inline>.{1,400}?)\\\)|\\\[(?P<display>.{1,400}?)\\\]")
_TEX: Final = re.compile(r"[\\^_{]")
_PROSE: Final = re.compile(r"(?<![^\s])[a-z]{2,}(?![^\s,.;])")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ESCAPED: Final = frozenset("%$&#_{}")
_MATH_SPACES: Final = {",": " ", ";": " ", ":": " ", " ": " ", "!": "", "\\": " ", "|": "‖"}
_ACCENTS: Final = {
    "'": "\u0301",
    "`": "\u0300",
    "^": "\u0302",
    '"': "\u0308",
    "~": "\u0303",
    "=": "\u0304",
    ".": "\u0307",
}
_LETTER_ACCENTS: Final = {
    "u": "\u0306",
    "v": "\u030c",
    "H": "\u030b",
    "c": "\u0327",
    "k": "\u0328",
    "r": "\u030a",
    "d": "\u0323",
    "b": "\u0331",
}
_MATH_ACCENTS: Final = {
    "hat": "\u0302",
    "widehat": "\u0302",
    "bar": "\u0304",
    "overline": "\u0304",
    "tilde": "\u0303",
    "widetilde": "\u0303",
    "vec": "\u20d7",
    "dot": "\u0307",
    "ddot": "\u0308",
}
_TEXT_FONTS: Final = _names(
    "text textbf textit texttt textsc textrm textsf textsl textup textnormal emph mbox hbox"
    " underline uline mathrm operatorname ensuremath textsuperscript textsubscript url"
)
_MATH_FONTS: Final = _names(
    "mathbf mathit mathcal mathsf mathtt mathfrak mathscr mathnormal boldsymbol bm pmb"
    " bold underbrace overbrace"
)
_SECOND_ARGUMENT: Final = frozenset({"textcolor", "href", "colorbox", "stackrel", "overset"})
_WITHOUT_ARGUMENT: Final = frozenset({"color", "label", "begin", "end", "vspace", "hspace"})
_WITHOUT_SIGN: Final = _names(
    "bf it em tt sc rm sf cal bfseries itshape left right middle big Big bigg Bigg bigl bigr Bigl"
    " Bigr biggl biggr displaystyle textstyle limits nolimits xspace noindent centering small"
    " large protect"
)
_FRACTIONS: Final = frozenset({"frac", "dfrac", "tfrac", "nicefrac", "sfrac"})
# What pylatexenc does not know, or says in other words.
_SYMBOLS: Final = {
    "ne": "≠",
    "coloneqq": "≔",
    "degree": "°",
    "checkmark": "✓",
    "copyright": "©",
    "top": "⊤",
    "quad": " ",
    "qquad": " ",
    "space": " ",
    "LaTeX": "LaTeX",
    "TeX": "TeX",
    "ie": "i.e.",
    "eg": "e.g.",
    "etal": "et al.",
    "bmod": "mod",
    "mod": "mod",
    "textbackslash": "\\",
    "prime": "′",
}
_WITH_SIGN_ONLY_IN_MATH: Final = frozenset({"or", "and", "in", "to", "as", "top", "quad", "space"})

_SUPERSCRIPTS: Final = str.maketrans(
    "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθ∘′*⊤",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿ°′*ᵀ",
)
_SUBSCRIPTS: Final = str.maketrans(
    "0123456789+-−=()aehijklmnoprstuvxβγρφχ",
    "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
)

_Step: TypeAlias = tuple[str, int]
"""What was read, and where the reading goes on."""


def readable(text: str) -> str:
    r"""`text` with its LaTeX as Unicode; never an exception, whatever the text.

    Money ($60), paths (C:\new), single-letter escapes (\d) and braces of ordinary text stay.
    A command that nobody knows becomes its argument, or its name if it has none.
    """
    if not _LATEX_MARKS.search(text):
        return text
    return _Reader(text).text(0, len(text), 0)


_LATEX_MARKS: Final = re.compile(r"[\\$^]|--|''|_\{")


class _Reader:
    """One text, read from left to right; every method tells what it read and where it stopped."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._ends = _groups(source)

    def text(self, at: int, end: int, depth: int) -> str:
        """Ordinary text with LaTeX in it."""
        if depth > _DEEPEST:
            return _bare(self._source[at:end])
        pieces: list[str] = []
        quotes = 0
        while (found := _TEXT_SPECIAL.search(self._source, at, end)) is not None:
            pieces.append(self._source[at : found.start()])
            at = found.end()
            if found["command"]:
                piece, at = self._text_command(found, end, depth)
            elif found["escape"]:
                piece, at = self._text_escape(found, end, depth)
            elif found["math"]:
                piece, at = self._dollar(found.start(), end, depth)
            elif found["group"]:
                piece, at = self._protected(found.start(), end, depth)
            elif found["power"]:
                piece = _script(found["power"], "^")
            elif found["script"]:
                argument, at = self._argument(at, end, depth, math=True)
                piece = _script(argument, found["script"])
            elif found["dash"]:
                piece = "–" if len(found["dash"]) == 2 else "—"
            elif found["opening"]:
                piece, quotes = "“", quotes + 1
            elif found["closing"] and quotes:
                piece, quotes = "”", quotes - 1
            else:
                piece = found.group()
            pieces.append(piece)
        pieces.append(self._source[at:end])
        return "".join(pieces)

    def math(self, at: int, end: int, depth: int) -> str:
        """What stands between dollars."""
        if depth > _DEEPEST:
            return _bare(self._source[at:end])
        pieces: list[str] = []
        while (found := _MATH_SPECIAL.search(self._source, at, end)) is not None:
            pieces.append(self._source[at : found.start()])
            at = found.end()
            if found["command"]:
                piece, at = self._command(found["command"], at, end, depth, math=True)
                before = self._source[found.start() - 1]
                if len(piece) == 1 and not before.isspace() and self._following(at, end) == " ":
                    at += 1  # LaTeX needed it to end the command
                piece = _spaced(piece, pieces, self._following(at, end))
            elif found["escape"]:
                escape = found["escape"]
                piece = _MATH_SPACES.get(escape, escape)
            elif found["group"]:
                piece, at = self._argument(found.start(), end, depth, math=True)
            elif found["script"]:
                argument, at = self._argument(at, end, depth, math=True)
                piece = _script(argument, found["script"])
            elif found["prime"]:
                piece = "′" * len(found["prime"])
            elif found["tie"]:
                piece = " "
            else:
                piece = found["verbatim"] or ""
            pieces.append(piece)
        pieces.append(self._source[at:end])
        return "".join(pieces)

    def _following(self, at: int, end: int) -> str:
        return self._source[at : min(at + 1, end)]

    def _dollar(self, at: int, end: int, depth: int) -> _Step:
        found = _MATH.match(self._source, at, end)
        if found is None or not (
            found["display"] or _is_math(found["inline"], self._following(found.end(), end))
        ):
            return "$", at + 1
        name = "display" if found["display"] else "inline"
        return self.math(found.start(name), found.end(name), depth + 1).strip(), found.end()

    def _protected(self, at: int, end: int, depth: int) -> _Step:
        """A group that protects a command, as in `{\\'e}`; else a brace like any other."""
        close = self._ends.get(at, end)
        if close >= end:
            return "{", at + 1
        return self.text(at + 1, close, depth + 1), close + 1

    def _text_command(self, found: re.Match[str], end: int, depth: int) -> _Step:
        name = found["command"]
        after = found.end()
        has_argument = self._source.startswith("{", after, end)
        if name in _LETTER_ACCENTS and has_argument:
            return self._command(name, after, end, depth, math=False)
        if not has_argument:
            follows_word = found.start() > 0 and self._source[found.start() - 1].isalnum()
            unsure = name in _WITH_SIGN_ONLY_IN_MATH or not _is_known(name)
            if unsure and (len(name) == 1 or follows_word):
                return found.group(), after  # either\or, \d+
        return self._command(name, after, end, depth, math=False)

    def _text_escape(self, found: re.Match[str], end: int, depth: int) -> _Step:
        escape = found["escape"]
        if escape in _ESCAPED:
            return escape, found.end()
        if escape in _ACCENTS:
            following = self._following(found.end(), end)
            if following.isalpha() or following in {"{", "\\"}:
                return self._accented(_ACCENTS[escape], found.end(), end, depth)
        if escape in "([" and (math := _BRACKETED_MATH.match(self._source, found.start(), end)):
            name = "inline" if math["inline"] else "display"
            return self.math(math.start(name), math.end(name), depth + 1).strip(), math.end()
        if escape == " ":
            return " ", found.end()
        return found.group(), found.end()

    def _command(self, name: str, at: int, end: int, depth: int, *, math: bool) -> _Step:
        accent = _MATH_ACCENTS.get(name) or (_LETTER_ACCENTS.get(name) if not math else None)
        if accent:
            return self._accented(accent, at, end, depth)
        if name in _TEXT_FONTS:
            return self._argument(at, end, depth, math=False)
        if name in _MATH_FONTS:
            return self._argument(at, end, depth, math=True)
        if name == "mathbb":
            letter, at = self._argument(at, end, depth, math=True)
            return _double_struck(letter), at
        if name in _FRACTIONS:
            above, at = self._argument(at, end, depth, math=True)
            below, at = self._argument(at, end, depth, math=True)
            return f"{_one_term(above)}/{_one_term(below)}", at
        if name == "sqrt":
            return self._root(at, end, depth)
        if name in _SECOND_ARGUMENT:
            _, at = self._argument(at, end, depth, math=False)
            return self._argument(at, end, depth, math=math)
        if name in _WITHOUT_ARGUMENT:
            _, at = self._argument(at, end, depth, math=False)
            return "", at
        if name in _WITHOUT_SIGN:
            return "", _past_spaces(self._source, at, end)
        if self._source.startswith("{}", at, end):
            return _known(name) or name, at + 2
        if (sign := _known(name)) or not self._source.startswith("{", at, end):
            return sign or name, at
        argument, at = self._argument(at, end, depth, math=math)
        return argument or name, at

    def _root(self, at: int, end: int, depth: int) -> _Step:
        index = ""
        if self._source.startswith("[", at, end):
            close = self._source.find("]", at, min(end, at + 9))
            if close > 0:
                index = _script(self._source[at + 1 : close], "^")
                at = close + 1
        argument, at = self._argument(at, end, depth, math=True)
        return f"{index}√{argument if len(argument) == 1 else f'({argument})'}", at

    def _accented(self, accent: str, at: int, end: int, depth: int) -> _Step:
        letter, at = self._argument(at, end, depth, math=True)
        letter = {"ı": "i", "ȷ": "j"}.get(letter, letter)
        if len(letter) != 1 or not letter.isalnum():
            return letter, at
        return unicodedata.normalize("NFC", letter + accent), at

    def _argument(self, at: int, end: int, depth: int, *, math: bool) -> _Step:
        """The next group, command or character."""
        at = _past_spaces(self._source, at, end)
        if at >= end:
            return "", end
        if self._source[at] == "{":
            close = self._ends.get(at, end)
            if close >= end:
                return "", at + 1
            read = self.math if math else self.text
            return read(at + 1, close, depth + 1), close + 1
        if depth <= _DEEPEST and (found := _MATH_SPECIAL.match(self._source, at, end)):
            if found["command"]:
                return self._command(found["command"], found.end(), end, depth + 1, math=math)
            if found["escape"]:
                return found["escape"], found.end()
        return self._source[at], at + 1


def _groups(source: str) -> Mapping[int, int]:
    """Where each brace that opens a group is closed."""
    ends: dict[int, int] = {}
    if "{" not in source:
        return ends
    open_at: list[int] = []
    for found in re.finditer(r"\\.|[{}]", source):
        if found.group() == "{":
            open_at.append(found.start())
        elif found.group() == "}" and open_at:
            ends[open_at.pop()] = found.start()
    return ends


def _is_math(content: str, following: str) -> bool:
    """Whether what stands between two dollars is mathematics, not the text between two prices."""
    if _TEX.search(content):
        return not (content[0].isdigit() and content[-1].isspace())
    edged = content[0].isspace() or content[-1].isspace()
    return not (edged or following.isdigit() or _PROSE.search(content))


def _script(argument: str, sign: str) -> str:
    """A superscript (`^`) or subscript (`_`): raised or lowered if every character can be."""
    argument = argument.strip()
    letters = _SUPERSCRIPTS if sign == "^" else _SUBSCRIPTS
    if all(ord(letter) in letters for letter in argument):
        return argument.translate(letters)
    return f"{sign}{argument}" if argument.isalnum() else f"{sign}({argument})"


def _one_term(text: str) -> str:
    return f"({text})" if re.search(r"[\s+\-/−·×]", text) else text


def _spaced(piece: str, before: list[str], following: str) -> str:
    """A function's name in mathematics, kept apart from the letters beside it."""
    if len(piece) < 2 or not (piece.isascii() and piece.isalpha()):
        return piece
    last = next((text[-1] for text in reversed(before) if text), " ")
    left = " " if last.isalnum() else ""
    right = " " if following.isalnum() or following == "\\" else ""
    return f"{left}{piece}{right}"


def _is_known(name: str) -> bool:
    return (
        name in _TEXT_FONTS
        or name in _MATH_FONTS
        or name in _SECOND_ARGUMENT
        or name in _WITHOUT_ARGUMENT
        or name in _WITHOUT_SIGN
        or name in _FRACTIONS
        or name in _MATH_ACCENTS
        or bool(_known(name))
    )


def _known(name: str) -> str:
    return _SYMBOLS.get(name) or _symbol(name)


def _symbol(name: str) -> str:
    r"""The sign that a command such as `alpha` stands for; "" if for none.

    Names of functions (`log`) stand for themselves. Other answers are not signs but what
    pylatexenc makes of a citation, a list item or the date.
    """
    sign = getattr(_SIGNS.get_macro_spec(name), "simplify_repl", None)
    return sign if isinstance(sign, str) and (len(sign) == 1 or sign == name) else ""


def _double_struck(letters: str) -> str:
    """`R` as `ℝ`; anything that is not one Latin letter as it is."""
    for kind in ("DOUBLE-STRUCK CAPITAL", "MATHEMATICAL DOUBLE-STRUCK CAPITAL"):
        with suppress(KeyError):
            return unicodedata.lookup(f"{kind} {letters}")
    return letters


_SIGNS: Final = get_default_latex_context_db()


def _bare(text: str) -> str:
    return re.sub(r"[\\{}$]+", " ", text)


def _past_spaces(source: str, at: int, end: int) -> int:
    while at < end and source[at] == " ":
        at += 1
    return at
