"""Two lists of papers on three subjects, which their words tell apart."""

from datetime import date, timedelta
from typing import Final

from bot.domain.digests import Digest, Listing
from bot.domain.papers import Paper, PaperId
from tests.builders import DAY, a_paper

SUBJECTS: Final = {
    "robots": "robot grasping manipulation gripper arm control policy",
    "proofs": "theorem proof lean formal logic prover lemma",
    "images": "image diffusion denoising sampler latent noise schedule",
}


def about(subject: str, number: int) -> Paper:
    words = SUBJECTS[subject].split()
    chosen = [words[(number + step) % len(words)] for step in range(4)]
    return a_paper(
        number,
        title=f"{chosen[0]} and {chosen[1]}",
        abstract=f"About {chosen[2]}, {chosen[3]}.",
        authors=(),
        summaries=(),
    )


def a_list(day: date, first: int) -> Digest:
    """Nine papers, three of each subject, by votes."""
    papers = [about(subject, first + n) for n, subject in enumerate(list(SUBJECTS) * 3)]
    return Digest.of(day, [Listing(paper=p, upvotes=50 - n) for n, p in enumerate(papers)])


OLD: Final = a_list(DAY - timedelta(days=10), 51)
NEW: Final = a_list(DAY, 71)


def subject(paper_id: PaperId) -> str:
    """What a paper of the lists is about."""
    number = int(paper_id.value[-5:])
    return list(SUBJECTS)[(number - (71 if number > 70 else 51)) % 3]


def of(digest: Digest, wanted: str) -> list[PaperId]:
    return [listing.paper.id for listing in digest if subject(listing.paper.id) == wanted]
