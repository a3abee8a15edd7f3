"""A day's list as JSON, for programs.

The form, whose version is its first field, and which only grows within one version:

    {"version": 1, "day": "2024-06-04", "language": "ko", "papers": [
      {"id": "2406.01574", "title": "…", "rank": 1, "upvotes": 28,
       "authors": ["…"], "abstract": "…", "keywords": ["…"], "organization": "…",
       "url": "https://arxiv.org/abs/…", "hugging_face_url": "…", "thumbnail": "https://…",
       "media": ["https://…"], "code_url": "https://…", "stars": 17, "project_url": null,
       "summary": {"language": "ko", "origin": "digest", "bullets": [
         {"label": "", "text": "…"}]}}]}

Text is as the sources have it: LaTeX and Markdown are not taken out. `null` is what no source
says. `origin` is one of digest, model, huggingface and abstract.
"""

from typing import Any, Final

import orjson

from bot.domain.abstracts import best_summary
from bot.domain.digests import Digest, Listing
from bot.domain.papers import Summary
from bot.rendering.parts import thumbnail

VERSION: Final = 1


def day_json(digest: Digest, *, language: str) -> bytes:
    """`digest` in UTF-8, each paper with its best summary for readers of `language`."""
    return orjson.dumps(
        {
            "version": VERSION,
            "day": digest.day.isoformat(),
            "language": language,
            "papers": [
                _paper(listing, rank, language) for rank, listing in enumerate(digest, start=1)
            ],
        },
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )


def _paper(listing: Listing, rank: int, language: str) -> dict[str, Any]:
    paper = listing.paper
    return {
        "id": paper.id.value,
        "title": paper.title,
        "rank": rank,
        "upvotes": listing.upvotes,
        "authors": paper.authors,
        "abstract": paper.abstract,
        "keywords": paper.keywords,
        "organization": paper.organization,
        "url": paper.arxiv_url,
        "hugging_face_url": paper.hugging_face_url,
        "thumbnail": thumbnail(paper),
        "media": paper.media,
        "code_url": paper.code_url,
        "stars": paper.stars,
        "project_url": paper.project_url,
        "summary": _summary(best_summary(paper, language)),
    }


def _summary(summary: Summary | None) -> dict[str, Any] | None:
    if summary is None:
        return None
    return {
        "language": summary.language,
        "origin": summary.origin.value,
        "bullets": [{"label": bullet.label, "text": bullet.text} for bullet in summary.bullets],
    }
