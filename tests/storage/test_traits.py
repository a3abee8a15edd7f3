"""Traits are there for the newest papers, and only while they are those of the paper as it is."""

from sqlalchemy import update

from bot.domain.traits import Traits
from bot.storage import schema
from bot.storage.database import Database
from tests.storage.samples import paper, paper_id, save


async def complete(database: Database, *numbers: int) -> None:
    async with database.transaction() as stores:
        papers = await stores.papers.get_many([paper_id(number) for number in numbers])
        await stores.traits.put({each: Traits.of(paper) for each, paper in papers.items()})


async def missing(database: Database, newest: int = 10) -> set[int]:
    async with database.reading() as stores:
        return {int(each.value[-1]) for each in await stores.traits.missing(newest)}


async def test_traits_come_back_and_the_newest_papers_count(database: Database) -> None:
    await save(database, *(paper(n, title=f"Robots number {n}") for n in range(1, 6)))
    assert await missing(database, 2) == {4, 5}
    await complete(database, 3, 4, 5)

    assert await missing(database, 3) == set()
    assert await missing(database) == {1, 2}
    async with database.reading() as stores:
        assert await stores.traits.newest(2) == {
            paper_id(n): Traits.of(paper(n, title=f"Robots number {n}")) for n in (4, 5)
        }
        await stores.traits.put({})


async def test_a_paper_that_changes_loses_its_traits_and_others_do_not(database: Database) -> None:
    await save(database, paper(1, title="Robots"), paper(2, title="Proofs"))
    await complete(database, 1, 2)

    await save(database, paper(1, title="Robots", abstract="They grasp."), paper(2, title="Proofs"))

    assert await missing(database) == {1}
    await complete(database, 1)
    assert await missing(database) == set()


async def test_traits_of_another_version_are_missing_until_they_are_made_anew(
    database: Database,
) -> None:
    await save(database, paper(1, title="Robots"))
    await complete(database, 1)
    async with database.transaction() as stores:
        await stores.traits._connection.execute(update(schema.traits).values(version=0))

    assert await missing(database) == {1}
    async with database.reading() as stores:
        assert await stores.traits.newest(10) == {}
    await complete(database, 1)
    assert await missing(database) == set()
