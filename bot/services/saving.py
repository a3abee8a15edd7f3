"""What a reader saved: listed, marked as read, taken back, exported."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from bot.domain.errors import InvalidInput
from bot.domain.interests import Place, Pressed, Verdict
from bot.domain.lookups import Asker, Saved
from bot.domain.papers import Paper, PaperId
from bot.domain.phrases import phrase
from bot.domain.queries import parse_query, satisfies, words_said
from bot.domain.text import clean
from bot.services.clock import Now
from bot.storage.database import Database, Stores

EXPORTED: Final = 1_000
"""Papers in one file, the newest: more than anybody reads, and less than the 10 MB of a message
(https://discord.com/developers/docs/reference#uploading-files)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """A paper that stays saved: its reader said so with a reaction, which they alone can take
    away, under this message."""

    paper: Paper
    message_id: int
    place: Place


class Saving:
    """Each reader's own list."""

    def __init__(self, database: Database, *, now: Now) -> None:
        self._database = database
        self._now = now

    @staticmethod
    def question(words: str, *, unread: bool) -> Saved:
        """What somebody asks for; `InvalidInput` for words that want nothing."""
        words = clean(words)
        if words and not parse_query(words).wanted:
            raise InvalidInput(
                f"no words in {len(words)} characters",
                reply=phrase("I need a word to look for, such as `diffusion` or `state space`."),
            )
        return Saved(words, unread)

    async def mark(self, asker: Asker, paper_ids: Collection[PaperId]) -> None:
        """Note that somebody read what they saved, or, of what is read, that they did not."""
        async with self._database.transaction() as stores:
            saved = await stores.interests.saved(asker.reader_id)
            for paper_id in paper_ids:
                if paper_id in saved:
                    await stores.interests.press(
                        asker.reader_id, paper_id, Verdict.READ, place=asker.place, at=self._now()
                    )

    async def remove(self, asker: Asker, paper_ids: Collection[PaperId]) -> tuple[Stands, ...]:
        """Take papers from somebody's list; those that stay because a reaction says so."""
        stands = []
        async with self._database.transaction() as stores:
            saved = await stores.interests.saved(asker.reader_id)
            for paper_id in paper_ids:
                if paper_id not in saved:
                    continue
                pressed = await self._take_back(stores, asker, paper_id, Verdict.SAVED)
                said = await stores.interests.said_under(asker.reader_id, paper_id, Verdict.SAVED)
                if pressed is Pressed.STANDS and said is not None:
                    message_id, place = said
                    paper = await stores.papers.get(paper_id)
                    stands.append(Stands(paper=paper, message_id=message_id, place=place))
                elif saved[paper_id]:
                    await self._take_back(stores, asker, paper_id, Verdict.READ)
        return tuple(stands)

    async def papers(self, question: Saved, asker: Asker) -> tuple[Paper, ...]:
        """What somebody saved, whole, the newest first."""

        async def look(stores: Stores) -> tuple[Paper, ...]:
            saved = await saved_by(stores, question, asker.reader_id)
            return tuple((await stores.papers.get_many(list(saved)[:EXPORTED])).values())

        return await self._database.look_up(look)

    async def _take_back(
        self, stores: Stores, asker: Asker, paper_id: PaperId, verdict: Verdict
    ) -> Pressed:
        return await stores.interests.press(
            asker.reader_id, paper_id, verdict, place=asker.place, at=self._now()
        )


async def saved_by(stores: Stores, question: Saved, reader_id: int) -> Mapping[PaperId, bool]:
    """What a reader saved that `question` asks for, the newest first, and whether it is read."""
    saved = await stores.interests.saved(reader_id)
    wanted = {
        paper_id: is_read
        for paper_id, is_read in saved.items()
        if not (question.unread and is_read)
    }
    if question.words:
        query = parse_query(question.words)
        papers = await stores.papers.get_many(list(wanted)[:EXPORTED])
        found = {
            paper_id
            for paper_id, paper in papers.items()
            if satisfies(query, words_said([*paper.texts, *paper.authors]))
        }
        return {each: wanted[each] for each in wanted if each in found}
    return wanted
