"""Writing a day's list as a digest in Markdown, in the form that `markdown_reader` reads."""

from bot.domain.digests import Digest, Listing
from bot.domain.papers import ORIGINS_BEST_FIRST, Bullet, Paper, Summary, is_video_url
from bot.domain.text import clean
from bot.sources.markdown_reader import authors_of, bullet_of


def write_digest(digest: Digest, *, language: str) -> str:
    """`digest` in Markdown, with the summaries in `language`.

    Reading it back in that language gives the same list, as far as the form goes. It carries
    days, titles, ids, media, votes, authors and one summary a paper: the most carefully written
    one in exactly this language, which comes back as the digest's own. It has no place for
    abstracts, code, stars, projects, organizations and keywords, nor for whether votes are live.

    All sources give text cleaned, authors distinct, media as addresses without white space,
    quotes or brackets, and no author called "+"; of lists that hold anything else, these parts
    may come back cleaned.

    Ordinary text stays as it is. Only a bullet that would be taken for a labelled one is written
    with a backslash before its first asterisk, asterisks and backslashes in a label with one
    before each where needed, and authors with commas in their names as a Python list's text.
    """
    blocks = [f"## Daily Papers ({digest.day})"]
    for listing in digest:
        blocks += _blocks(listing, language)
    return "\n\n".join(blocks) + "\n"


def _blocks(listing: Listing, language: str) -> list[str]:
    paper = listing.paper
    blocks = [f"### [{clean(paper.title)}]({paper.arxiv_url})"]
    blocks += [_medium(address) for address in paper.media]
    blocks.append(f"Vote: {'-' if listing.upvotes is None else listing.upvotes}")
    if paper.authors:
        blocks.append(f"Authors: {_authors(paper.authors)}")
    if (summary := _summary(paper, language)) is not None:
        blocks.append("\n".join(f"- {_bullet(bullet)}" for bullet in summary.bullets))
    return blocks


def _medium(address: str) -> str:
    return f"[Watch Video]({address})" if is_video_url(address) else f"![]({address})"


def _authors(names: tuple[str, ...]) -> str:
    cleaned = tuple(map(clean, names))
    joined = ", ".join(cleaned)
    return joined if authors_of(joined) == cleaned else repr(list(cleaned))


def _summary(paper: Paper, language: str) -> Summary | None:
    return min(
        (summary for summary in paper.summaries if summary.language == language),
        key=lambda summary: ORIGINS_BEST_FIRST.index(summary.origin),
        default=None,
    )


def _bullet(bullet: Bullet) -> str:
    label, text = clean(bullet.label), clean(bullet.text)
    if not label:
        return text if bullet_of(text) == Bullet(text) else f"\\{text}"
    line = f"***{label}***: {text}".rstrip()
    if bullet_of(line) == Bullet(text, label):
        return line
    escaped = label.replace("\\", "\\\\").replace("*", "\\*")
    return f"***{escaped}***: {text}".rstrip()
