"""Which addresses can be handed on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.addresses import (
    is_safe_transport,
    media_address,
    same_origin,
    web_address,
    without_secrets,
)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://github.com/owner/name", "https://github.com/owner/name"),
        (" https://github.com/owner/name\n", "https://github.com/owner/name"),
        ("http://lab.example.edu/~me/", "http://lab.example.edu/~me/"),
        ("github.com/owner/name", "https://github.com/owner/name"),
        ("www.github.com/owner/name", "https://www.github.com/owner/name"),
        ("https://example.org:8443/x?y=1#z", "https://example.org:8443/x?y=1#z"),
        ("owner/name", None),
        ("git@github.com:owner/name.git", None),
        ("ssh://git@github.com/owner/name", None),
        ("https://https://github.com/owner/name", None),
        ("https:/github.com/owner/name", None),
        ("https://github", None),
        ("https://me:secret@github.com/owner", None),
        ("https://github.com/owner name", None),
        ("https://github.com/](x)", None),
        ("https://github.com/ów", None),
        ("https://[::1/x", None),
        ("https://example.org:port/x", None),
        ("https://exa_mple..org/x", None),
        ("javascript:alert(1)", None),
        ("coming soon", None),
        ("", None),
        ("https://example.org/" + "x" * 2048, None),
    ],
)
def test_a_link_is_plausible_or_absent(written: str, url: str | None) -> None:
    assert web_address(written) == url


@pytest.mark.parametrize("front", ["https://github.com", "https://github.com/", "github.com/"])
def test_a_front_page_is_no_repository(front: str) -> None:
    assert web_address(front, with_path=True) is None
    assert web_address(front) is not None


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://cdn.example/a_(b).mp4", "https://cdn.example/a_(b).mp4"),
        ("/avatars/0e5e.svg", "/avatars/0e5e.svg"),
        (" x.png\t", "x.png"),
        ("a b.png", None),
        ("a](b", None),
        ('a"b', None),
        ("", None),
        ("x" * 2049, None),
    ],
)
def test_media_may_be_relative_but_hold_nothing_that_ends_a_link(
    written: str, address: str | None
) -> None:
    assert media_address(written) == address


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.org/x", True),
        ("http://localhost:8080/x", True),
        ("http://hub.localhost/x", True),
        ("http://127.0.0.1/x", True),
        ("http://[::1]:80/x", True),
        ("http://example.org/x", False),
        ("http://127.0.0.1.example.org/x", False),
        ("ftp://localhost/x", False),
        ("https://", False),
        ("https://[::1", False),
    ],
)
def test_only_https_leaves_the_machine(url: str, safe: bool) -> None:
    assert is_safe_transport(url) is safe


def test_an_origin_is_scheme_host_and_port() -> None:
    assert same_origin("https://hub.example/a", "https://hub.example:443/b")
    assert not same_origin("https://hub.example", "http://hub.example")
    assert not same_origin("https://hub.example", "https://hub.example.evil.example")
    assert not same_origin("https://hub.example", "https://[")


def test_passwords_and_queries_are_not_shown() -> None:
    assert without_secrets("https://me:pw@host.example/x.md?token=t") == "https://host.example/x.md"


@settings(deadline=None)
@given(st.text())
def test_any_text_gives_an_address_or_none(text: str) -> None:
    for address in (web_address(text), media_address(text)):
        assert address is None or " " not in address
    is_safe_transport(text)
    same_origin(text, text)
