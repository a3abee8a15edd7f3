"""The JSON of a day is the documented form, and says all that is stored."""

import json
from datetime import date

from bot.domain.digests import Digest, Listing
from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin
from bot.rendering.day_json import day_json
from tests.builders import a_paper

DAY = date(2024, 6, 4)


def test_a_day_is_the_documented_form() -> None:
    full = a_paper(
        1,
        title="A $k$-Harder Benchmark",
        abstract="We propose it.",
        media=("https://a.example/p.png",),
        code_url="https://github.com/a/b",
        stars=17,
        project_url="https://a.example/",
        organization="The Lab",
        keywords=("evaluation",),
        summaries=(
            Summary(
                language="ko",
                bullets=(Bullet("어려워요", "결과"), Bullet("새로워요")),
                origin=SummaryOrigin.MODEL,
            ),
        ),
    )
    bare = Paper(id=PaperId("2406.00002"), title="Bare")
    digest = Digest.of(DAY, [Listing(paper=full, upvotes=28), Listing(paper=bare)])

    assert json.loads(day_json(digest, language="ko")) == {
        "version": 1,
        "day": "2024-06-04",
        "language": "ko",
        "papers": [
            {
                "id": "2406.00001",
                "title": "A $k$-Harder Benchmark",
                "rank": 1,
                "upvotes": 28,
                "authors": ["Ada Lovelace", "Benjamin Thérien"],
                "abstract": "We propose it.",
                "keywords": ["evaluation"],
                "organization": "The Lab",
                "url": "https://arxiv.org/abs/2406.00001",
                "hugging_face_url": "https://huggingface.co/papers/2406.00001",
                "thumbnail": "https://a.example/p.png",
                "media": ["https://a.example/p.png"],
                "code_url": "https://github.com/a/b",
                "stars": 17,
                "project_url": "https://a.example/",
                "summary": {
                    "language": "ko",
                    "origin": "model",
                    "bullets": [
                        {"label": "결과", "text": "어려워요"},
                        {"label": "", "text": "새로워요"},
                    ],
                },
            },
            {
                "id": "2406.00002",
                "title": "Bare",
                "rank": 2,
                "upvotes": None,
                "authors": [],
                "abstract": "",
                "keywords": [],
                "organization": "",
                "url": "https://arxiv.org/abs/2406.00002",
                "hugging_face_url": "https://huggingface.co/papers/2406.00002",
                "thumbnail": "https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/"
                "2406.00002.png",
                "media": [],
                "code_url": None,
                "stars": None,
                "project_url": None,
                "summary": None,
            },
        ],
    }


def test_the_best_summary_for_the_reader_says_its_language() -> None:
    digest = Digest.of(DAY, [Listing(paper=a_paper(1))])

    (paper,) = json.loads(day_json(digest, language="ko"))["papers"]

    assert paper["summary"]["language"] == "en"
