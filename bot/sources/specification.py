"""The setting SOURCES: where the papers come from, in order of trust."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from string import Formatter
from typing import Final

from bot.domain.errors import SettingsError
from bot.sources.addresses import is_safe_transport
from bot.sources.http import Http
from bot.sources.huggingface import HuggingFace
from bot.sources.markdown import MarkdownFile, MarkdownFolder, MarkdownUrl
from bot.sources.reading import Source

_EXAMPLE: Final = "SOURCES=huggingface,markdown:./digests"
_URL_EXAMPLE: Final = "markdown:https://example.org/{date:%Y/%m/%d}.md"
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*")
_PART: Final = re.compile(r"(?:[^,{}]|\{[^{}]*\}|[{}])+")


def open_sources(
    specification: str,
    *,
    http: Http,
    huggingface_url: str,
    hf_token: str | None,
    markdown_language: str | None,
) -> tuple[Source, ...]:
    """The sources that `specification` lists, separated by commas, most trusted first.

    `huggingface`, and any number of `markdown:` with a folder, a file, or an address with
    `{date:…}` in it, whose format is that of `strftime`. Addresses are https, or http to this
    machine. A comma inside braces belongs to the format; elsewhere in an address write `%2C`.
    `markdown_language` is the language of all digests; without it each tells by its script.

    Raises `SettingsError`, which says what to write instead.
    """
    language = _language(markdown_language)
    sources: dict[str, Source] = {}
    for part in _parts(specification):
        source = _open(part, http, huggingface_url, hf_token, language)
        if source.name in sources:
            raise SettingsError(f"SOURCES names {source.name} twice: once is enough")
        sources[source.name] = source
    if not sources:
        raise SettingsError(f"SOURCES is empty: write for example {_EXAMPLE}")
    return tuple(sources.values())


def _parts(specification: str) -> Iterator[str]:
    for part in _PART.findall(specification):
        if stripped := part.strip():
            yield stripped


def _open(
    part: str, http: Http, huggingface_url: str, hf_token: str | None, language: str | None
) -> Source:
    kind, colon, place = part.partition(":")
    kind, place = kind.strip().lower(), place.strip()
    if kind == "huggingface" and not colon:
        return _huggingface(http, huggingface_url.strip(), (hf_token or "").strip())
    if kind != "markdown":
        raise SettingsError(
            f"SOURCES names {part!r}, which is no source: write huggingface, "
            f"or markdown: and a folder, file or address, for example {_EXAMPLE}"
        )
    if not place:
        raise SettingsError(
            f"SOURCES has a markdown: without a place: write markdown:./digests or {_URL_EXAMPLE}"
        )
    if "://" in place:
        _check_template(place)
        return MarkdownUrl(http, place, language=language)
    path = Path(place).expanduser()
    if path.is_dir():
        return MarkdownFolder(path, name=f"markdown:{place}", language=language)
    if path.is_file():
        return MarkdownFile(path, name=f"markdown:{place}", language=language)
    raise SettingsError(
        f"SOURCES names markdown:{place}, and there is no such folder or file: "
        f"create it, or correct the path"
    )


def _huggingface(http: Http, url: str, token: str) -> HuggingFace:
    if not re.match(r"https?://[^/\s]+", url, re.I):
        raise SettingsError(
            f"HUGGINGFACE_URL is {url!r}: write an address such as https://huggingface.co"
        )
    if token and not is_safe_transport(url):
        raise SettingsError(
            f"HF_TOKEN would travel unencrypted to {url}: write an https address in "
            f"HUGGINGFACE_URL, or leave HF_TOKEN out"
        )
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise SettingsError("HF_TOKEN holds characters that no token has: copy it again")
    return HuggingFace(http, url, token or None)


def _check_template(template: str) -> None:
    """Raise `SettingsError` unless `template` gives every day a safe address of its own."""
    try:
        names = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        one, other = (template.format(date=day) for day in (date(2024, 6, 4), date(2024, 6, 5)))
    except (ValueError, KeyError, IndexError, AttributeError, TypeError):
        names, one, other = set(), "", ""
    if names != {"date"} or one == other:
        raise SettingsError(
            f"SOURCES names markdown:{template}, which does not say where the date goes: "
            f"write for example {_URL_EXAMPLE}"
        )
    if not is_safe_transport(one):
        raise SettingsError(
            f"SOURCES names markdown:{template}: write an https address; "
            f"http is for this machine alone"
        )


def _language(setting: str | None) -> str | None:
    if not (wanted := (setting or "").strip().lower().replace("_", "-")):
        return None
    if not _LANGUAGE.fullmatch(wanted):
        raise SettingsError(
            f"{setting!r} is no language for the Markdown digests: "
            f"write a tag such as ko or en, or leave it out to tell by the script"
        )
    return wanted
