"""The steps by which the tables came to be what `schema` says, run whenever the bot starts.

To change the tables: change `schema.py`, add the next number to `versions/` with the reason in
its docstring, and run the tests, which compare the two.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bot.storage.errors import SchemaTooNew

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """The version of a database's tables, and the one that this program works with.

    `current` is `None` without tables; `known` is false for a version that this program has
    never heard of.
    """

    current: str | None
    head: str
    known: bool

    @property
    def is_current(self) -> bool:
        return self.current == self.head

    def require_known(self) -> None:
        """`SchemaTooNew` unless the tables can be brought up to date."""
        if not self.known:
            raise SchemaTooNew(
                "the database has the tables of a newer version of this program "
                f"({self.current}): update the program, or put back a backup of before"
            )


def version_of(connection: Connection) -> SchemaVersion:
    """The version of the tables, found without changing anything."""
    script = ScriptDirectory(_HERE)
    current = MigrationContext.configure(connection).get_current_revision()
    steps = [step.revision for step in script.walk_revisions()]  # newest first
    return SchemaVersion(current, head=steps[0], known=current is None or current in steps)


def migrate(connection: Connection) -> None:
    """Bring the tables up to date within the caller's transaction; `SchemaTooNew` if they are
    of a version that this program does not know."""
    version = version_of(connection)
    version.require_known()
    if version.is_current:
        return
    config = Config(attributes={"connection": connection})
    # Alembic reads "%" in an option as the start of a reference.
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    command.upgrade(config, "head")
