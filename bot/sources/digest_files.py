"""Digests as files: which they are, of which day, and reading one without filling the memory."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Final

from bot.domain.errors import InvalidInput

_DAY: Final = re.compile(r"(?:^|/)(\d{4})[-/](\d{2})[-/](\d{2})(?:\.[A-Za-z]{1,8})?$", re.ASCII)


def day_in_path(path: str) -> date | None:
    """The day that a path or URL ends in: `…/2024/06/04.md`, `…/2024-06-04.md`, or none."""
    found = _DAY.search(path.replace("\\", "/"))
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def digest_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that `paths` name: files as they are, of folders every `*.md` below, sorted.

    Hidden folders are left out, and no file comes twice. Raises `InvalidInput` for a path that
    is neither a file nor a folder.
    """
    seen: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found = _files_below(path)
        elif path.is_file():
            found = [path]
        else:
            raise InvalidInput(f"{path} is neither a file nor a folder")
        for file in found:
            if (resolved := file.resolve()) not in seen:
                seen.add(resolved)
                yield file


def read_capped(path: Path, max_bytes: int) -> bytes | None:
    """The file's bytes, or `None` if there are more than `max_bytes`."""
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    return data if len(data) <= max_bytes else None


def _files_below(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.rglob("*.md")
        if file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts[:-1])
    )
