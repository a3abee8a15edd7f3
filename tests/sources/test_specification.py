"""The setting SOURCES, and the sentences for what cannot be meant."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.errors import SettingsError
from bot.sources.http import Http
from bot.sources.huggingface import HuggingFace
from bot.sources.markdown import MarkdownFile, MarkdownFolder, MarkdownUrl
from bot.sources.reading import Source
from bot.sources.specification import open_sources


def sources(
    specification: str,
    *,
    url: str = "https://huggingface.co",
    token: str | None = None,
    language: str | None = None,
) -> tuple[Source, ...]:
    return open_sources(
        specification,
        http=Http(),
        huggingface_url=url,
        hf_token=token,
        markdown_language=language,
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digests").mkdir()
    (tmp_path / "2024-06-04.md").write_text("## Daily Papers (2024-06-04)\n")
    return tmp_path


def test_sources_come_in_the_order_they_are_named(here: Path) -> None:
    found = sources(
        " HuggingFace , markdown:./digests,markdown: ./2024-06-04.md,"
        "markdown:https://example.org/{date:%Y,%m,%d}.md,"
    )

    assert [type(source) for source in found] == [
        HuggingFace,
        MarkdownFolder,
        MarkdownFile,
        MarkdownUrl,
    ]
    assert [source.name for source in found] == [
        "huggingface",
        "markdown:./digests",
        "markdown:./2024-06-04.md",
        "markdown:https://example.org/{date:%Y,%m,%d}.md",
    ]


def test_http_is_for_this_machine(here: Path) -> None:
    (source,) = sources("markdown:http://127.0.0.1:8000/{date}.md")

    assert isinstance(source, MarkdownUrl)


@pytest.mark.parametrize(
    ("specification", "cure"),
    [
        ("", "SOURCES is empty: write for example SOURCES=huggingface"),
        (" , ,", "SOURCES is empty"),
        ("arxiv", "SOURCES names 'arxiv', which is no source: write huggingface"),
        ("./digests", "or markdown: and a folder, file or address"),
        ("huggingface:https://x", "which is no source"),
        ("markdown:", "without a place: write markdown:./digests"),
        ("markdown:./missing", "no such folder or file: create it, or correct the path"),
        ("huggingface,huggingface", "SOURCES names huggingface twice: once is enough"),
        ("markdown:http://example.org/{date}.md", "write an https address"),
        ("markdown:ftp://example.org/{date}.md", "write an https address"),
        ("markdown:https://example.org/today.md", "which does not say where the date goes"),
        ("markdown:https://example.org/{date:%Y-%m}.md", "where the date goes"),
        ("markdown:https://example.org/{day}.md", "where the date goes"),
        ("markdown:https://example.org/{date.year}.md", "where the date goes"),
        ("markdown:https://example.org/{0}/{date}.md", "where the date goes"),
        ("markdown:https://example.org/{date", "where the date goes"),
        ("markdown:https://example.org/{date!x}", "where the date goes"),
    ],
)
def test_what_cannot_be_meant_says_what_to_write(here: Path, specification: str, cure: str) -> None:
    with pytest.raises(SettingsError) as caught:
        sources(specification)
    assert cure in str(caught.value)


def test_a_token_needs_a_safe_way_and_the_form_of_one() -> None:
    assert sources("huggingface", token=" hf_x\n", url="http://localhost:9")

    with pytest.raises(SettingsError, match="HF_TOKEN would travel unencrypted"):
        sources("huggingface", token="hf_x", url="http://mirror.example")
    with pytest.raises(SettingsError, match="HF_TOKEN holds characters") as caught:
        sources("huggingface", token="hf_\nx")
    assert "hf_\nx" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "huggingface.co", "https://", "file:///etc/passwd"])
def test_the_address_of_hugging_face_is_one(url: str) -> None:
    with pytest.raises(SettingsError, match=r"such as https://huggingface\.co"):
        sources("huggingface", url=url)


async def test_a_language_for_the_digests_is_a_tag(here: Path) -> None:
    (here / "2024-06-04.md").write_text(
        "## Daily Papers (2024-06-04)\n### [T](https://arxiv.org/abs/2406.01574)\n- Warten.\n"
    )
    (source,) = sources("markdown:2024-06-04.md", language=" DE_at ")
    assert isinstance(source, MarkdownFile)

    with pytest.raises(SettingsError, match="write a tag such as ko or en"):
        sources("markdown:2024-06-04.md", language="Korean language")


@settings(deadline=None)
@given(st.text(alphabet="huginface,markdown:/{}%Y.[] !\0", max_size=40))
def test_any_setting_gives_sources_or_a_sentence(specification: str) -> None:
    with suppress(SettingsError):
        assert sources(specification)
