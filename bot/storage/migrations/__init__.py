"""The steps by which the tables came to be what `schema` says, run whenever the bot starts.

To change the tables: change `schema.py`, add the next number to `versions/` with the reason in
its docstring, and run the tests, which compare the two.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bot.storage.errors import SchemaTooNew

_HERE: Final = Path(__file__).parent


def migrate(connection: Connection) -> None:
    """Bring the tables up to date within the caller's transaction; `SchemaTooNew` if they are
    of a version that this program does not know."""
    script = ScriptDirectory(_HERE)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == script.get_current_head():
        return
    if current is not None and current not in {step.revision for step in script.walk_revisions()}:
        raise SchemaTooNew(
            f"the database has the tables of a newer version of this program ({current}): "
            "update the program, or put back a backup of before"
        )
    config = Config(attributes={"connection": connection})
    # Alembic reads "%" in an option as the start of a reference.
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    command.upgrade(config, "head")
