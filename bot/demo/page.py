"""The browser page: simcord's preview of one channel, made to show a server's channels.

The preview is meant for looking at one message of a test. Here each channel has an address of
its own with a list of all beside it, what the bot posts by itself appears by itself, and the
developer's tools are out of sight. All that reaches into simcord's internals for this is here;
`demo.running` checks that it is the version that this module knows.
"""

import html
import re
import secrets
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import simcord
from aiohttp import web
from simcord.preview import Preview
from simcord.preview._pages import _Page
from simcord.preview._server import PreviewServer

STATIC: Final = Path(simcord.__file__).parent / "preview" / "static"
_STYLE: Final = Path(__file__).parent / "page.css"
_CHANNELS: Final = "/channels/{name}"


@dataclass(frozen=True, slots=True)
class _Door:
    """One channel's way in. The preview knows a browser by its `capability`; one for each
    channel tells which channel a request is about."""

    name: str
    channel: simcord.ChannelHandle
    capability: str

    @property
    def link(self) -> str:
        return f"/channels/{quote(self.name)}#{self.capability}"


_door: ContextVar[_Door] = ContextVar("door")


class DemoPage(Preview):
    """A server's channels as `viewer` sees them, the first of them at `address`.

    `pictures` stand for what the browser would fetch from elsewhere, by address.
    """

    _MAX_PAGES = 1000  # a page is opened with every look into a channel, and lives ten minutes

    def __init__(
        self,
        env: simcord.Env,
        channels: Mapping[str, simcord.ChannelHandle],
        viewer: simcord.MemberActor,
        *,
        pictures: Mapping[str, bytes],
        port: int,
    ) -> None:
        self.doors = tuple(
            _Door(name, channel, secrets.token_urlsafe(32)) for name, channel in channels.items()
        )
        self._shown: dict[str, object] = {}
        super().__init__(
            env,
            self.doors[0].channel,
            (viewer,),
            layout="channel",
            display="responsive",
            width=960,
            height=720,
            locale="en-US",
            timezone="UTC",
            presentation_time=None,
            assets={url: ("picture.png", picture) for url, picture in pictures.items()},
            port=port,
        )
        self._server = _DemoServer(self, port)

    @property
    def address(self) -> str:
        """Where the page is: a plain address that can be typed."""
        return f"{self._origin}/"

    @property
    def door(self) -> _Door:
        """The channel that the request under way is about."""
        return _door.get(self.doors[0])

    # The preview reads both of these wherever it needs them, and sets them once.
    @property
    def channel(self) -> simcord.ChannelHandle:
        return self.door.channel

    @channel.setter
    def channel(self, _: simcord.ChannelHandle) -> None: ...

    @property
    def capability(self) -> str:
        return self.door.capability

    @capability.setter
    def capability(self, _: str) -> None: ...

    def publish_changes(self) -> None:
        """Show every open page what has happened in its channel since it was last shown.

        Not while a command runs: it shows its own outcome, and is bound to what its page showed
        when it began.
        """
        if self.env._operation_task is not None:
            return
        self._advance_presentation_time()
        for page in tuple(self._pages.values()):
            is_browser = page is not self._python
            if is_browser and self._shown.get(page.id) != self._messages(page.channel_id):
                self._publish(page, reason="refresh")
        self._shown = {key: self._shown[key] for key in self._shown.keys() & self._pages.keys()}

    def _publish(self, page: _Page, **options: Any) -> None:
        super()._publish(page, **options)
        self._shown[page.id] = self._messages(page.channel_id)

    def _messages(self, channel_id: int) -> object:
        """Something that differs after every message that came, changed or went."""
        messages = self.env.backend.messages[channel_id].values()
        return [(m.id, m.edited_timestamp, m.flags, repr(m.reactions)) for m in messages]


class _DemoServer(PreviewServer):
    preview: DemoPage
    _STATIC_FILES = {  # noqa: RUF012 - as the base class has it
        **PreviewServer._STATIC_FILES,
        _CHANNELS: "index.html",
        "/demo.css": "page.css",
    }

    def _authorized(self, request: web.Request, *, context: str | None = None) -> bool:
        supplied = request.headers.get("X-Simcord-Capability", "")
        for door in self.preview.doors:
            if secrets.compare_digest(door.capability.encode(), supplied.encode()):
                _door.set(door)
                return super()._authorized(request, context=context)
        return False

    async def _index(self, request: web.Request) -> web.StreamResponse:
        """The plain address leads to the first channel."""
        self._check_host(request)
        raise web.HTTPFound(self.preview.doors[0].link, headers=self._SECURITY_HEADERS)

    async def _static(self, request: web.Request) -> Any:
        self._check_host(request)
        if request.path == "/demo.css":
            style = _STYLE.read_text("utf-8")
            return web.Response(text=style, content_type="text/css", headers=self._SECURITY_HEADERS)
        if (name := request.match_info.get("name")) is None:
            return await super()._static(request)
        for door in self.preview.doors:
            if door.name == name:
                text = _page_of(door, self.preview.doors, self.preview.env.now())
                return web.Response(
                    text=text, content_type="text/html", headers=self._SECURITY_HEADERS
                )
        raise web.HTTPNotFound

    def _check_host(self, request: web.Request) -> None:
        """Answer only to this machine's own names, as the preview does."""
        if request.headers.get("Host", "") not in self._allowed_hosts():
            raise web.HTTPForbidden


CHANGES: Final = {
    r"<title>.*?</title>": "<title>{title}</title>",
    r"</head>": '<link rel="stylesheet" href="/demo.css"></head>',
    r'(<span class="brand-mark".*?>)S<': r"\g<1>D<",
    r"<strong>SimCord</strong><small>Preview</small>": (
        "<strong>Daily Papers</strong><small>demo, in SimCord</small>"
    ),
    r'(id="messages-toggle"[^>]*>)Messages<': r"\g<1>Channels<",
    r'(<header class="sidebar-heading">)': "{channels}\\g<1>",
}
"""What differs from simcord's own page: patterns, each found in it once, and what stands there."""


def _page_of(door: _Door, doors: Iterable[_Door], now: datetime) -> str:
    """simcord's page with our name, our style, and the server's channels beside it."""
    links = "".join(_link(other, is_here=other is door) for other in doors)
    soon = now + timedelta(minutes=2)
    channels = (
        '<nav class="demo-channels" aria-label="Channels"><h1>Reading group</h1>'
        f"<ul>{links}</ul></nav>"
        '<section class="demo-hints"><p>The real bot in a simulated Discord: nothing leaves this '
        f"machine. Here it is {now:%H:%M} UTC on {now.day} {now:%B %Y}.</p>"
        "<p>Type <kbd>/</kbd> in a channel to try the commands: <code>/papers search</code> asks "
        "the archive. In #playground, "
        f"<code>/subscribe time: {soon:%H:%M}</code> brings the papers within two minutes.</p>"
        "</section>"
    )
    title = f"#{html.escape(door.name)} · Daily Papers demo"
    page = (STATIC / "index.html").read_text("utf-8")
    for pattern, text in CHANGES.items():
        filled = text.replace("{title}", title).replace("{channels}", channels)
        page = re.sub(pattern, filled, page, count=1)
    return page


def _link(door: _Door, *, is_here: bool) -> str:
    here = ' aria-current="page"' if is_here else ""
    return f'<li><a href="{html.escape(door.link)}"{here}>{html.escape(door.name)}</a></li>'
