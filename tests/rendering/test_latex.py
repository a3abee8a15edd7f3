"""No raw LaTeX in what people read, and nothing lost of what is not LaTeX."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering.latex import readable

TITLES = {
    "$μ$LO: Compute-Efficient Meta-Generalization of Learned Optimizers": (
        "μLO: Compute-Efficient Meta-Generalization of Learned Optimizers"
    ),
    r"$\texttt{Droid}$: Driving": "Droid: Driving",
    r"$\boldsymbol{\lambda}$-ECLIPSE: Multi-Concept": "λ-ECLIPSE: Multi-Concept",
    "R^3-Bench: LLMs Struggle": "R³-Bench: LLMs Struggle",
    "d^2Cache: Accelerating": "d²Cache: Accelerating",
    "Serving LLaMA-70B on $60 GPUs": "Serving LLaMA-70B on $60 GPUs",
    r"SWE-bench$^{++}$": "SWE-bench⁺⁺",
}

MATHEMATICS = {
    "$O(n^2)$": "O(n²)",
    r"3 $\times$ 4": "3 × 4",
    r"$2\times$ faster": "2× faster",
    r"$\sim$10": "∼10",
    r"$ \alpha $": "α",
    r"$\mathcal{L}$": "L",
    r"$\mathbb{R}^{n\times d}$": "ℝ^(n×d)",
    r"$\mathbb{A}$ $\mathbb{12}$": "𝔸 12",
    r"$\frac{a}{b}$ $\frac{a+b}{2}$ $\frac12$": "a/b (a+b)/2 1/2",
    r"$\sqrt{x+1}$ $\sqrt[3]{x}$ $\sqrt[": "√(x+1) ³√x $√[",
    r"$x_{ij}$ $x_i^2$ $x_{\text{model}}$": "xᵢⱼ xᵢ² x_model",
    r"$\pi^*$ $f^{\prime}$ $f'$ $90^\circ$ $A^\top$": "π* f′ f′ 90° Aᵀ",
    r"$\sum_{i=1}^n \log n\log n$": "∑ᵢ₌₁ⁿ log n log n",
    r"$f\left(x\right)$ $\|x\|$ $a\,b$ $a\!b$": "f(x) ‖x‖ a b ab",
    r"$\hat{x}$ $\overline{xy}$ $\vec v$": "x̂ xy v⃗",
    r"$\{1,2\}$ $5\%$ $a~b$ ${x}$": "{1,2} 5% a b x",
    r"\(a^2\) \[b_1\] $$c$$": "a² b₁ c",
    r"$\epsilon$-DP": "ϵ-DP",
    r"$x \in X$": "x ∈ X",
    "$https://a.example/x_y$": "https://a.example/x_y",
    "$a}b$": "ab",
}

COMMANDS = {
    r"\textbf{x} and \emph{so \textit{new}}": "x and so new",
    r"50\% \& more \#1 a\_b \$5": "50% & more #1 a_b $5",
    r"Poincar\'e r\'{e}sum{\'e} na\"{\i}ve \c{c}a \v{S} S{\o}ren": (
        "Poincaré résumé naïve ça Š Søren"
    ),
    "a--b x---y a -- b": "a–b x—y a – b",
    "``quoted'' text": "“quoted” text",
    r"\method{} beats \ours, \cite{foo}": "method beats ours, foo",
    r"\href{https://a.example/x_y}{here} \textcolor{red}{hot}": "here hot",
    r"\begin{itemize}\item one\end{itemize}": "item one",
    r"{\bf bold} \alpha-helix \eg this": "bold α-helix e.g. this",
    r"et al.\ say 10^{-3} x_{ij}": "et al. say 10⁻³ xᵢⱼ",
    r"\'{ab} \'": r"ab \'",
    r"\alpha{}s": "αs",
    r"\textbf": "",
    r"\color{red}x": "x",
}

ORDINARY = [
    "from $60 to $70",
    "from $5 to 10$ per GPU",
    "US$5 and A$6",
    "$5 for GPU_1 and $6",
    r"C:\new\table and \\server\share\x",
    r"the pattern \d+\w* and either\or",
    '{"a": 1} and {BERT} and {1, 2}',
    "snake_case and --help and it''s",
    "https://a.example/b_c--d^2",
    "a \\",
    r"{\unclosed".replace("unclosed", "2"),
    "2 ^ 3",
]


@pytest.mark.parametrize(
    ("latex", "text"), [*TITLES.items(), *MATHEMATICS.items(), *COMMANDS.items()]
)
def test_latex_becomes_readable(latex: str, text: str) -> None:
    assert readable(latex) == text


@pytest.mark.parametrize("text", ORDINARY)
def test_what_is_not_latex_stays(text: str) -> None:
    assert readable(text) == text


_PIECES = [
    *(
        "$",
        "$$",
        "{",
        "}",
        "\\",
        "^",
        "_",
        "\\frac",
        "\\sqrt[",
        "\\emph{",
        "\\'",
        "\\(",
        "\\)",
        "``",
    ),
    *("''", "--", " ", "x", "1", "\\alpha", "\\left", "\\begin", "\\log", "\\mathbb", "C:\\", "é"),
]


@settings(deadline=None)
@given(text=st.text() | st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
def test_no_text_is_too_strange(text: str) -> None:
    assert len(readable(text)) <= 2 * len(text) + 2


@pytest.mark.parametrize(
    "piece", [*_PIECES, "$\\emph{", "{\\", "\\alpha{", "a^{", "$x$", "a--", "a:\\"]
)
def test_a_long_and_malformed_text_is_read_in_one_pass(piece: str) -> None:
    """It ends, without running out of stack: nested groups used to double the work a level."""
    readable(piece * 5_000 + "}" * 5_000)


def test_ordinary_text_between_commands_is_all_kept() -> None:
    letters = "".join(f"w{n} \\emph{{e{n}}} " for n in range(200))

    assert readable(letters).split() == [word for n in range(200) for word in (f"w{n}", f"e{n}")]
