from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import make_url

from bot.storage import schema
from bot.storage.connection import Connection
from bot.storage.upsert import insert


@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
def test_each_database_gets_an_insert_that_it_understands(name: str) -> None:
    dialect = make_url(f"{name}://").get_dialect()()
    statement = insert(cast(Connection, SimpleNamespace(dialect=dialect)), schema.sources)
    doing_nothing = statement.on_conflict_do_nothing(index_elements=[schema.sources.c.name])

    assert str(doing_nothing.compile(dialect=dialect)).endswith("ON CONFLICT (name) DO NOTHING")
