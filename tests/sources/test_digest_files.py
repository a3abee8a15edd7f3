"""Which files are digests, and of which day."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.errors import InvalidInput
from bot.sources.digest_files import day_in_path, digest_files, read_capped

DAY = date(2024, 6, 4)


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("2024-06-04.md", DAY),
        ("digests/ko/2024-06-04.md", DAY),
        ("digests/2024/06/04.md", DAY),
        ("2024/06/04.md", DAY),
        (r"digests\2024\06\04.md", DAY),
        ("https://host.example/2024/06/04", DAY),
        ("https://host.example/2024-06-04.markdown", DAY),
        ("2024-13-04.md", None),
        ("2024-6-4.md", None),
        ("12024/06/04.md", None),
        ("digest-of-2024-06-04.md", None),
        ("2024/06/04/README.md", None),
        ("README.md", None),
        ("", None),
    ],
)
def test_a_path_may_tell_the_day(path: str, day: date | None) -> None:
    assert day_in_path(path) == day


@settings(deadline=None)
@given(st.text())
def test_any_path_has_a_day_or_none(path: str) -> None:
    assert day_in_path(path) is None or any(character.isdigit() for character in path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.md", "a.md", "2024/06/04.md", "notes.txt", ".git/x.md", "folder.md/c.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def test_folders_give_their_markdown_files_in_order(folder: Path) -> None:
    found = [path.relative_to(folder).as_posix() for path in digest_files([folder])]

    assert found == ["2024/06/04.md", "a.md", "b.md", "folder.md/c.md"]


def test_files_come_as_they_are_named_and_once(folder: Path) -> None:
    paths = [folder / "notes.txt", folder / "b.md", folder, folder / "2024" / ".." / "b.md"]

    assert [path.name for path in digest_files(paths)] == [
        "notes.txt", "b.md", "04.md", "a.md", "c.md",
    ]  # fmt: skip


def test_a_path_that_is_nothing_is_named(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="missing is neither a file nor a folder"):
        list(digest_files([folder / "missing"]))


def test_a_file_is_read_up_to_the_limit(folder: Path) -> None:
    assert read_capped(folder / "a.md", 4) == b"a.md"
    assert read_capped(folder / "a.md", 3) is None
