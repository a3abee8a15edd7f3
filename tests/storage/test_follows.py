"""What people follow, at rest."""

from bot.domain.digests import Digest
from bot.domain.follows import Follow, FollowKind
from bot.storage.database import Database
from tests.builders import a_listing
from tests.storage.samples import DAY, NOON

ANN, BEN = 7, 8


async def add(
    database: Database,
    said: str,
    *,
    reader_id: int = ANN,
    kind: FollowKind = FollowKind.AUTHOR,
    author_id: int | None = None,
) -> Follow | None:
    async with database.transaction() as stores:
        return await stores.follows.add(
            reader_id=reader_id, kind=kind, said=said, author_id=author_id, at=NOON
        )


async def of_reader(database: Database, reader_id: int = ANN) -> list[tuple[str, int | None]]:
    async with database.reading() as stores:
        follows = await stores.follows.of_reader(reader_id)
    return [(follow.said, follow.author_id) for follow in follows]


async def an_author(database: Database) -> int:
    """The id of the one who is called Ada Lovelace."""
    async with database.transaction() as stores:
        digest = Digest.of(DAY, [a_listing(1)])
        await stores.lists.save(digest, source="huggingface", read_at=NOON, closed=False)
        [author] = await stores.authors.named("Ada Lovelace")
        return author.id


async def test_what_is_followed_comes_back_oldest_first_for_each_their_own(
    database: Database,
) -> None:
    author_id = await an_author(database)
    await add(database, "Ada Lovelace", author_id=author_id)
    await add(database, "diffusion", kind=FollowKind.WORDS)
    await add(database, "diffusion", kind=FollowKind.WORDS, reader_id=BEN)

    assert await of_reader(database) == [("Ada Lovelace", author_id), ("diffusion", None)]
    assert await of_reader(database, BEN) == [("diffusion", None)]


async def test_a_follow_stands_once_and_an_author_is_not_a_word(database: Database) -> None:
    first = await add(database, "Ada")

    assert first is not None
    assert first == Follow(id=first.id, reader_id=ANN, kind=FollowKind.AUTHOR, said="Ada")
    assert await add(database, "Ada") is None
    assert await add(database, "Ada", kind=FollowKind.WORDS) is not None


async def test_only_ones_own_follow_ends_and_its_id_is_never_given_again(
    database: Database,
) -> None:
    follow = await add(database, "Ada")
    assert follow is not None
    async with database.transaction() as stores:
        assert not await stores.follows.remove(BEN, follow.id)
        assert await stores.follows.remove(ANN, follow.id)
        assert not await stores.follows.remove(ANN, follow.id)

    again = await add(database, "Ada")
    assert again is not None
    assert again.id > follow.id


async def test_to_forget_a_reader_leaves_the_others(database: Database) -> None:
    await add(database, "Ada")
    await add(database, "Bo")
    await add(database, "Ada", reader_id=BEN)
    async with database.transaction() as stores:
        assert await stores.follows.forget(ANN)
        assert not await stores.follows.forget(ANN)

    assert await of_reader(database) == []
    assert await of_reader(database, BEN) == [("Ada", None)]


async def test_a_name_becomes_an_author_under_their_own_name(database: Database) -> None:
    author_id = await an_author(database)
    follow = await add(database, "ada lovelace")
    others = await add(database, "ada lovelace", reader_id=BEN)
    assert follow is not None
    assert others is not None
    async with database.transaction() as stores:
        await stores.follows.tie(follow, author_id, "Ada Lovelace")

    assert await of_reader(database) == [("Ada Lovelace", author_id)]
    assert await of_reader(database, BEN) == [("ada lovelace", None)]


async def test_a_name_goes_where_its_author_is_followed_already(database: Database) -> None:
    author_id = await an_author(database)
    await add(database, "Ada Lovelace", author_id=author_id)
    follow = await add(database, "ada lovelace")
    assert follow is not None
    async with database.transaction() as stores:
        await stores.follows.tie(follow, author_id, "Ada Lovelace")

    assert await of_reader(database) == [("Ada Lovelace", author_id)]
