from sqlalchemy import make_url
from sqlalchemy.schema import CreateTable

from bot.storage.schema import metadata

DIALECT = make_url("postgresql://").get_dialect()


def test_postgresql_understands_every_table() -> None:
    statements = {
        table.name: str(CreateTable(table).compile(dialect=DIALECT()))
        for table in metadata.sorted_tables
    }

    assert "id BIGSERIAL NOT NULL" in statements["messages"]
    assert "slot_at TIMESTAMP WITH TIME ZONE NOT NULL" in statements["deliveries"]
    assert "channel_id BIGINT NOT NULL" in statements["subscriptions"]
