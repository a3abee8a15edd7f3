"""Look-ups: what people type becomes a question, and a question gets its answer, from the store
alone, also when every source is down."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from bot.domain.days import parse_bound, parse_day
from bot.domain.errors import InvalidInput, NotFound, UnknownPaperId
from bot.domain.follows import followed
from bot.domain.interests import Place
from bot.domain.lookups import (
    MOST,
    NOBODY,
    PAGE,
    About,
    Answer,
    Asker,
    Author,
    Best,
    ByAuthor,
    Candidates,
    DayOffered,
    Entry,
    ForYou,
    LikedHere,
    Named,
    NoList,
    OnDay,
    PaperRecord,
    Period,
    Question,
    QuestionExpired,
    Reason,
    Saved,
    Search,
    Similar,
    Snippet,
)
from bot.domain.papers import Paper, PaperId
from bot.domain.phrases import phrase
from bot.domain.queries import Query, parse_query, snippet
from bot.domain.reasons import Circumstances, Why, why
from bot.domain.text import clean, fold, quoted, sentences
from bot.rendering.calendars import calendar_names
from bot.services.absent_lists import NO_PAPERS, why_no_list
from bot.services.clock import Now
from bot.services.learning import Fit, Learning
from bot.services.saving import saved_by
from bot.storage.database import Database, Stores

OFFERED: Final = 25
"""What an autocomplete may offer."""

SIMILAR: Final = 5
"""Papers on the card of one."""
SIMILAR_PATIENCE: Final = timedelta(seconds=2)
"""How long a card waits for them: the first ones after a start take longer."""

LIKE_THIS: Final = 50
FOR_YOU: Final = 50
FOR_YOU_DAYS: Final = timedelta(days=7)
"""Papers that fit, and of which days; what fits less than fifty others is of no use."""
COAUTHORS: Final = 8
NAMED: Final = 25
"""Papers that one message may name."""

SNIPPET: Final = 160
"""Characters of a text that say why it was found."""

QUESTION_USED_AGAIN: Final = timedelta(days=1)
"""Turning pages is reading: that a question is still in use is noted once a day."""

_CANDIDATES: Final = 25
_CHOSEN: Final = re.compile(r"#(?P<id>\d{1,18})", re.ASCII)
_NAMED: Final = re.compile(
    r"(?<![\d./])(?P<id>\d{2}(?:0[1-9]|1[0-2])\.\d{4,5})(?:v\d{1,3})?(?!\d|\.\d)"
)
_LINKED: Final = re.compile(
    r"(?:arxiv\.org/\w+/|arxiv\.|arxiv:\s?|huggingface\.co/papers/|alphaxiv\.org/\w+/)"
    r"(?P<id>\d{2}(?:0[1-9]|1[0-2])\.\d{4,5})",
    re.IGNORECASE,
)


class Finding:
    """Questions and answers over the archive; `sources` are those that it is read from."""

    def __init__(
        self, database: Database, learning: Learning, *, now: Now, sources: Sequence[str]
    ) -> None:
        self._database = database
        self._learning = learning
        self._now = now
        self._sources = tuple(sources)

    # --- from what is typed to a question -------------------------------------------------

    async def on_day(self, typed: str | None, *, language: str) -> OnDay:
        """The list of the day that somebody typed, of the newest one if they typed nothing.

        `NoList` says why there is none, and which days around it have one.
        """
        today = self._today()
        day = (
            parse_day(typed, today=today, names=calendar_names(language))
            if typed is not None and typed.strip()
            else None
        )

        async def look(stores: Stores) -> OnDay:
            if day is None:
                newest = await stores.archive.days(until=today + timedelta(days=1), limit=1)
                if not newest:
                    raise NoList(today, reply=NO_PAPERS)
                return OnDay(newest[0].day)
            if await stores.archive.days(since=day, until=day, limit=1):
                return OnDay(day)
            raise NoList(
                day,
                reply=await why_no_list(stores, day, today=today, sources=self._sources),
                nearest=await stores.archive.nearest(day, each=2),
            )

        return await self._database.look_up(look)

    async def by_author(self, typed: str) -> ByAuthor | Candidates:
        """The papers of the author whom somebody typed or chose; several who may be meant are
        `Candidates`, and nobody is `NotFound`."""
        if (author_id := await self._chosen(typed)) is not None:
            return ByAuthor(author_id)

        name = clean(typed)

        async def look(stores: Stores) -> tuple[Author, ...]:
            same = await stores.authors.named(name)
            if len(same) == 1:
                return same
            return await stores.authors.find(name, limit=_CANDIDATES)

        found = await self._database.look_up(look)
        if not found:
            raise _no_author(typed)
        return ByAuthor(found[0].id) if len(found) == 1 else Candidates(name, found)

    async def search(
        self,
        query: str,
        *,
        author: str | None,
        since: str | None,
        until: str | None,
        min_votes: int | None,
        language: str,
    ) -> Search:
        """A search as somebody typed it; `InvalidInput` where a narrowing cannot be meant."""
        today, names = self._today(), calendar_names(language)
        first = last = None
        if since is not None and since.strip():
            first = parse_bound(since, today=today, names=names, is_end=False)
        if until is not None and until.strip():
            last = parse_bound(until, today=today, names=names, is_end=True)
        if first is not None and last is not None and first > last:
            raise InvalidInput(
                "since is after until",
                reply=phrase(
                    "`since` ({since}) lies after `until` ({until}). Swap them.",
                    since=first,
                    until=last,
                ),
            )
        if min_votes is not None and min_votes < 0:
            raise InvalidInput(
                "min_votes below 0", reply=phrase("`min_votes` is a number from 0 on.")
            )
        author_id = None
        if author is not None and author.strip():
            found = await self.by_author(author)
            if isinstance(found, Candidates):
                raise _ambiguous(found)
            author_id = found.author_id
        return Search(
            query=clean(query), author_id=author_id, since=first, until=last, min_votes=min_votes
        )

    def liked_here(self, period: Period) -> LikedHere:
        """What the asker's server liked in a period until today, by when it was said."""
        return LikedHere(period, self._today())

    async def best(self, period: Period) -> Best:
        """The best papers of a period, counted back from the newest list."""
        newest = await self.on_day(None, language="en")
        return Best(period, newest.day)

    def named(self, text: str) -> Named:
        """The papers that a text links to or names by arXiv id, in its order."""
        found = sorted(
            (m.start("id"), m["id"]) for r in (_LINKED, _NAMED) for m in r.finditer(text)
        )
        ids = list(dict.fromkeys(PaperId(value) for _, value in found))
        if not ids:
            raise InvalidInput(
                "no arXiv id in a message",
                reply=phrase("I find no arXiv id and no link to a paper in this message."),
            )
        return Named(tuple(ids[:NAMED]))

    async def paper(self, typed: str) -> PaperId:
        """The paper that somebody typed: by id, by link, or by words of its title."""
        try:
            return PaperId.parse(typed)
        except UnknownPaperId:
            pass

        async def look(stores: Stores) -> tuple[Entry, ...]:
            matches = await stores.search.titles(typed, limit=OFFERED)
            return await stores.archive.newest([match.paper_id for match in matches])

        found = await self._database.look_up(look) if typed.strip() else ()
        same = [entry for entry in found if fold(entry.title) == fold(clean(typed))]
        meant = same if len(same) == 1 else found
        if len(meant) == 1:
            return meant[0].id
        if not found:
            raise NotFound(
                f"no title with {len(typed)} characters",
                reply=phrase(
                    "I know no paper {text}. Type its arXiv id, a link, or words of its title.",
                    text=quoted(typed),
                ),
            )
        raise InvalidInput(
            f"{len(found)} titles with {len(typed)} characters",
            reply=phrase(
                "Several titles have {text}. Choose one from the list as you type, or use "
                "`/papers search`.",
                text=quoted(typed),
            ),
        )

    # --- from a question to its answer ----------------------------------------------------

    async def answer(
        self,
        question: Question,
        *,
        asker: Asker = NOBODY,
        page: int = 0,
        language: str = "en",
    ) -> Answer:
        """A page of the answer to `question`, with snippets for a reader of `language`. A page
        beyond the end is the last one."""
        fits = await self._fits(question, asker)

        async def look(stores: Stores) -> Answer:
            whole = await self._whole(stores, question, asker, fits)
            shown = min(max(page, 0), whole.pages - 1)
            entries = whole.entries[shown * PAGE : (shown + 1) * PAGE]
            papers = await stores.papers.get_many([entry.id for entry in entries], authors=False)
            query = parse_query(question.query) if isinstance(question, Search) else None
            return replace(
                whole,
                page=shown,
                entries=tuple(
                    replace(
                        entry,
                        title=papers[entry.id].title,
                        snippet=None
                        if entry.reason is not None
                        else snippet_of(papers[entry.id], query, language),
                    )
                    for entry in entries
                ),
            )

        return await self._database.look_up(look)

    async def record(self, paper_id: PaperId) -> PaperRecord:
        """Everything about a paper; `PaperNotFound` if no list had it."""
        similar = await self._learning.similar(paper_id, limit=SIMILAR, patience=SIMILAR_PATIENCE)

        async def look(stores: Stores) -> PaperRecord:
            return PaperRecord(
                paper=await stores.papers.get(paper_id),
                appearances=await stores.lists.appearances(paper_id),
                similar=await stores.archive.newest([fit.paper_id for fit in similar]),
            )

        return await self._database.look_up(look)

    async def why(self, paper_id: PaperId, place: Place) -> tuple[Paper, Circumstances, Why]:
        """What became of a paper in a channel; `PaperNotFound` if the archive does not hold it."""

        async def look(stores: Stores) -> tuple[Paper, Circumstances]:
            paper = await stores.papers.get(paper_id)
            subscription = await stores.subscriptions.of_channel(place.channel_id)
            reader_id = None if subscription is None else subscription.reader_id
            follows = () if reader_id is None else await stores.follows.of_reader(reader_id)
            return paper, Circumstances(
                at=self._now(),
                appearances=await stores.lists.appearances(paper_id),
                post=await stores.deliveries.post_of(place.channel_id, paper_id),
                subscription=subscription,
                first_day=None
                if subscription is None
                else await stores.deliveries.first_day(subscription.id),
                waits_until=None
                if subscription is None
                else await stores.deliveries.waits_until(subscription.id),
                is_followed=bool(followed(follows, [paper])),
            )

        paper, known = await self._database.look_up(look)
        return paper, known, why(known)

    async def about(self) -> About:
        """The archive at a glance."""
        return await self._database.look_up(lambda stores: stores.archive.about(self._sources))

    # --- while somebody types -------------------------------------------------------------

    async def days(self, typed: str, *, language: str) -> tuple[DayOffered, ...]:
        """Days that have a list: the newest, or those that `typed` means or begins."""
        today = self._today()
        since, until = _meant(typed.strip(), today, language)
        return await self._database.look_up(
            lambda stores: stores.archive.days(since=since, until=until, limit=OFFERED)
        )

    async def authors(self, typed: str) -> tuple[Author, ...]:
        """Authors whom `typed` may come to mean."""
        return await self._database.look_up(
            lambda stores: stores.authors.find(clean(typed), limit=OFFERED)
        )

    async def titles(self, typed: str) -> tuple[Entry, ...]:
        """Papers whose titles `typed` may come to be, or the one whose id it is."""

        async def look(stores: Stores) -> tuple[Entry, ...]:
            try:
                ids = [PaperId.parse(typed)]
            except UnknownPaperId:
                matches = await stores.search.titles(typed, limit=OFFERED)
                ids = [match.paper_id for match in matches]
            return await stores.archive.newest(ids)

        return await self._database.look_up(look)

    # --- questions behind buttons ---------------------------------------------------------

    async def keep(self, question: Question) -> str:
        """Keep a question for the buttons under its answer; returns its token."""
        async with self._database.transaction() as stores:
            return await stores.questions.keep(question, self._now())

    async def kept(self, token: str) -> Question:
        """The question of a token; `QuestionExpired` if it is kept no longer."""
        now = self._now()
        question, used_at = await self._database.look_up(
            lambda stores: stores.questions.get(token, now)
        )
        if now - used_at > QUESTION_USED_AGAIN:
            await self.keep(question)
        return question

    # --- parts ----------------------------------------------------------------------------

    def _today(self) -> date:
        """Lists are dated in UTC."""
        return self._now().date()

    async def _chosen(self, typed: str) -> int | None:
        """The author whom an autocomplete's value names."""
        if (chosen := _CHOSEN.fullmatch(typed.strip())) is None:
            return None
        author = await self._database.look_up(lambda stores: stores.authors.get(int(chosen["id"])))
        if author is None:
            raise _no_author(typed)
        return author.id

    async def _fits(self, question: Question, asker: Asker) -> tuple[Fit, ...]:
        match question:
            case Similar(paper_id):
                return await self._learning.similar(paper_id, limit=LIKE_THIS)
            case ForYou(archive):
                return await self._learning.for_reader(
                    asker.reader_id,
                    asker.place,
                    since=None if archive else self._today() - FOR_YOU_DAYS,
                    limit=FOR_YOU,
                )
            case _:
                return ()

    async def _whole(
        self, stores: Stores, question: Question, asker: Asker, fits: Sequence[Fit]
    ) -> Answer:
        """The answer with all its entries, of which those of a search have no titles: only a page
        of them is shown."""
        match question:
            case OnDay(day):
                entries = await stores.archive.on(day)
                return Answer(question=question, entries=entries, total=len(entries))
            case ByAuthor(author_id):
                return await self._by_author(stores, question, author_id)
            case Search():
                return await self._search(stores, question)
            case Best(period, until):
                found = await stores.archive.best(
                    since=period.since(until), until=until, limit=MOST + 1
                )
                return Answer(
                    question=question,
                    entries=found[:MOST],
                    total=len(found[:MOST]),
                    is_capped=len(found) > MOST,
                )
            case LikedHere():
                return await self._liked_here(stores, question, asker)
            case Saved():
                saved = await saved_by(stores, question, asker.reader_id)
                entries = await stores.archive.newest(list(saved)[:MOST])
                return Answer(
                    question=question,
                    entries=tuple(replace(each, is_read=saved[each.id]) for each in entries),
                    total=len(entries),
                    is_capped=len(saved) > MOST,
                )
            case Named(papers):
                entries = await stores.archive.newest(papers)
                return Answer(question=question, entries=entries, total=len(entries))
            case Similar(paper):
                entries = await stores.archive.newest([fit.paper_id for fit in fits])
                titles = await stores.archive.titles([paper])
                return Answer(
                    question=question,
                    entries=entries,
                    total=len(entries),
                    title=titles.get(paper),
                )
            case ForYou():
                entries = await _with_reasons(stores, fits)
                return Answer(question=question, entries=entries, total=len(entries))

    async def _liked_here(self, stores: Stores, question: LikedHere, asker: Asker) -> Answer:
        since = question.period.since(question.until)
        found = await stores.interests.liked(
            asker.place,
            since=None if since is None else datetime.combine(since, time(), UTC),
            until=datetime.combine(question.until + timedelta(days=1), time(), UTC),
            limit=MOST + 1,
        )
        entries = await stores.archive.newest(list(found)[:MOST])
        return Answer(
            question=question,
            entries=tuple(replace(each, said_here=found[each.id]) for each in entries),
            total=len(entries),
            is_capped=len(found) > MOST,
        )

    async def _by_author(self, stores: Stores, question: Question, author_id: int) -> Answer:
        author = await stores.authors.get(author_id)
        if author is None:
            raise QuestionExpired
        entries = await stores.authors.papers(author_id)
        shown = entries[:MOST]
        return Answer(
            question=question,
            entries=shown,
            total=len(shown),
            is_capped=len(entries) > MOST,
            author=author,
            coauthors=await stores.authors.coauthors(
                author_id, [entry.id for entry in entries], limit=COAUTHORS
            ),
        )

    async def _search(self, stores: Stores, question: Search) -> Answer:
        found = await stores.search.find(
            parse_query(question.query),
            since=question.since,
            until=question.until,
            min_votes=question.min_votes,
            author_id=question.author_id,
        )
        author = None
        if question.author_id is not None:
            author = await stores.authors.get(question.author_id)
        return Answer(
            question=question,
            entries=tuple(
                Entry(id=m.paper_id, title="", day=m.day, upvotes=m.upvotes) for m in found.matches
            ),
            total=len(found.matches),
            is_capped=found.is_capped,
            author=author,
            searched_since=found.searched_since,
        )


async def _with_reasons(stores: Stores, fits: Sequence[Fit]) -> tuple[Entry, ...]:
    titles = await stores.archive.titles({fit.because for fit in fits if fit.because is not None})
    reasons = {
        fit.paper_id: Reason(
            title=None if fit.because is None else titles.get(fit.because),
            said=fit.said,
            is_close=fit.is_close,
            liked_here=fit.liked_here,
        )
        for fit in fits
    }
    entries = await stores.archive.newest([fit.paper_id for fit in fits])
    return tuple(replace(entry, reason=reasons[entry.id]) for entry in entries)


def _meant(typed: str, today: date, language: str) -> tuple[date | None, date | None]:
    """The days that what is being typed may mean: a day, a month, a year, or any."""
    names = calendar_names(language)
    if not typed:
        return None, None
    try:
        return (
            parse_bound(typed, today=today, names=names, is_end=False),
            parse_bound(typed, today=today, names=names, is_end=True),
        )
    except InvalidInput:
        return _begun(typed)


def _begun(typed: str) -> tuple[date | None, date | None]:
    """The days whose ISO dates begin with what is being typed; none for what begins no date."""
    whole = re.fullmatch(r"\d{1,4}(?:-(?:\d{1,2}(?:-\d{0,2})?)?)?", typed, re.ASCII)
    if whole is None:
        return date.max, date.max
    low, high = (typed + rest[len(typed) :] for rest in ("0000-00-00", "9999-99-99"))
    return _clamped(low, is_end=False), _clamped(high, is_end=True)


def _clamped(text: str, *, is_end: bool) -> date:
    """The day of an ISO date that may not exist, such as 2024-19-39 or 2024-06-31."""
    year, month, day = (int(part or 0) for part in text.split("-"))
    year, month = min(max(year, 1), 9999), min(max(month, 1), 12)
    for last in range(min(max(day, 1), 31), 0, -1):
        try:
            return date(year, month, last)
        except ValueError:
            continue
    return date.max if is_end else date.min


def snippet_of(paper: Paper, query: Query | None, language: str) -> Snippet | None:
    """Why a paper was found, in the reader's language if that says it; else what it says first."""
    summary = paper.summary_in(language)
    bullets = [bullet.text or bullet.label for bullet in summary.bullets] if summary else []

    def texts() -> Iterator[str]:
        """One after another, for the first may say it all."""
        yield from bullets
        yield from sentences(paper.abstract)
        yield from (b.text for s in paper.summaries if s is not summary for b in s.bullets)

    if query is not None and (found := snippet(query, texts(), room=SNIPPET)) is not None:
        return found
    first = next(iter(bullets or sentences(paper.abstract)), "")
    return Snippet(((first, False),)) if first else None


def _no_author(typed: str) -> NotFound:
    return NotFound(
        f"no author with {len(typed)} characters",
        reply=phrase(
            "I know no author {text}. Try the family name alone, or choose from the list as you "
            "type.",
            text=quoted(typed),
        ),
    )


def _ambiguous(found: Candidates) -> InvalidInput:
    return InvalidInput(
        f"{len(found.authors)} authors may be meant",
        reply=phrase(
            "Several authors may be meant by {text}: {names}. Choose one from the list as you "
            "type.",
            text=quoted(found.typed),
            names=tuple(quoted(author.name) for author in found.authors[:5]),
        ),
    )
