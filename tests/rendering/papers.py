"""Papers for the tests of rendering: one that is easy to read, and any at all."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin

ID = PaperId("2406.01574")


def a_paper(**changes: Any) -> Paper:
    paper = Paper(
        id=ID,
        title="A Harder Benchmark",
        authors=("Ann Ahn", "Bo Berg"),
        summaries=(a_summary("Ten choices", "Fewer guesses"),),
    )
    return replace(paper, **changes)


def a_summary(
    *bullets: str, language: str = "en", origin: SummaryOrigin = SummaryOrigin.DIGEST
) -> Summary:
    return Summary(
        language=language, bullets=tuple(Bullet(text) for text in bullets), origin=origin
    )


_HOSTILE = [
    *("@everyone", "<@123456789012345678>", "<@&1>", "</a:1>", "<t:0:R>", "<:a:1>", "<#1>", "**"),
    *("[x](https://a.b)", "||", "```", "\\", "$", "{", "}", "^", "_", "\n# ", "-# ", "> ", ":100:"),
    *(
        "https://a.b/c_d*e",
        "\\textbf{",
        "$x^2$",
        "\u202e",
        "\u200b",
        "\u0301" * 9,
        "👩‍👩‍👧‍👦",
        "🇰🇷",
        "ﷺ",
    ),
    *("שלום", "한국어 제목", " ", "\x0c", "\ud800", "\u3164", "1. ", "- ", "@here", "://", "word "),
]
texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(_HOSTILE), max_size=12).map("".join),
    st.builds(str.__mul__, st.sampled_from(_HOSTILE), st.integers(1, 600)),
)
_words = texts.filter(bool)
_addresses = st.one_of(
    st.none(),
    texts,
    st.sampled_from(
        [
            *("", "github.com/a/b", "https://", "https://a", "http://[::1", "https://a b.c/d"),
            *("https://u@a.b/", "https://a.b:99999/", "https://github.com/a/b", "ftp://a.b/c"),
            *("/avatars/x.svg", "https://é.fr/", "https://a.b/" + "x" * 600, "javascript:x"),
            *("https://a..b/x.png", "https://.png", "http://a.b/ü.png", "https://a.b/c.png#x"),
        ]
    ),
)
_summaries = st.builds(
    Summary,
    language=st.sampled_from(["en", "ko", "zh-hans", "und", "tlh"]) | _words,
    bullets=st.lists(st.builds(Bullet, _words, texts), min_size=1, max_size=14).map(tuple),
    origin=st.sampled_from(SummaryOrigin),
)
_names = st.text(min_size=1, max_size=30)
any_papers = st.builds(
    Paper,
    id=st.sampled_from([ID, PaperId("hep-th/9901001"), PaperId("2406.00153")]),
    title=_words,
    authors=st.one_of(
        st.lists(texts, max_size=8).map(tuple),
        st.builds(lambda name, count: (name,) * count, _names, st.integers(1, 400)),
    ),
    abstract=texts,
    media=st.lists(_addresses.filter(lambda url: url is not None), max_size=3).map(tuple),
    code_url=_addresses,
    stars=st.none() | st.integers(),
    project_url=_addresses,
    summaries=st.lists(_summaries, max_size=2).map(tuple),
)
languages = st.sampled_from(["en", "ko", "ar", "zh-hant", "pt-br", "und", "tlh", ""]) | texts
