"""The demo as a newcomer meets it: a page, the papers in it, commands that answer."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import simcord
from PIL import Image

from bot.demo import open_demo, run_demo
from bot.demo.clock import RunningClock
from bot.demo.page import CHANGES, STATIC
from bot.demo.pictures import paper_picture
from bot.demo.running import LANGUAGES, OLDER, SAMPLES, SLOT, TICK, Demo
from bot.domain.digests import Digest
from bot.domain.errors import BotError
from bot.sources.markdown_reader import read_digests
from tests.builders import a_paper

NOW = timedelta(0)
"""The first papers are due before anything else is there."""

PAPERS = ("2406.01574", "2406.01493", "2406.00888", "2406.00392", "2406.00908", "2406.00153")


class Browser:
    """What a browser does with the page, without drawing it."""

    def __init__(self, session: aiohttp.ClientSession, demo: Demo) -> None:
        self._session = session
        self._demo = demo
        self._headers: dict[str, str] = {}
        self._sequence = 0

    async def open(self, channel: str) -> dict[str, Any]:
        """Look into a channel, by the link that the page has for it."""
        async with self._session.get(self._demo.url) as page:
            text = await page.text()
        _, _, capability = links(text)[channel].partition("#")
        self._headers = {"X-Simcord-Capability": capability}
        state = await self._ask("POST", "api/pages", {})
        self._headers["X-Simcord-Context"] = state["context"]["id"]
        return state

    async def state(self) -> dict[str, Any]:
        return await self._ask("GET", "api/state")

    async def shows(self, wanted: int) -> dict[str, Any]:
        """The page's state once it shows so many messages."""
        async with asyncio.timeout(10):
            while len((state := await self.state())["timeline"]) < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return state

    async def command(self, name: str, /, **options: str) -> dict[str, Any]:
        """Use a command in the channel; the state in which its outcome is shown."""
        state = await self.state()
        catalogue = await self._ask("GET", "api/commands")
        [entry] = [entry for entry in catalogue["entries"] if entry["invocation"] == name]
        await self._act(
            state,
            kind="run_command",
            command_id=entry["commandId"],
            path=entry["path"],
            schema_fingerprint=entry["schemaFingerprint"],
            options=options,
        )
        return await self.state()

    async def press(self, label: str) -> dict[str, Any]:
        """Press a button of the newest message; the state in which its outcome is shown."""
        state = await self.state()
        newest = state["messages"][state["timeline"][-1]]
        [key] = _buttons(newest, label)
        await self._act(state, kind="click", control_key=key, target_id=state["timeline"][-1])
        return await self.state()

    async def _act(self, state: dict[str, Any], **action: Any) -> None:
        self._sequence += 1
        receipt = await self._ask(
            "POST",
            "api/action",
            {
                "protocol_version": 3,
                "request_id": f"request-{self._sequence}",
                "sequence": self._sequence,
                "generation": state["context"]["generation"],
                "bot_generation": state["botGeneration"],
                "published_revision": state["publishedRevision"],
                **action,
            },
        )
        assert receipt["settlement"] == "settled", receipt

    async def picture(self, asset_id: str) -> bytes:
        url = f"{self._demo.url}api/assets/{asset_id}"
        async with self._session.get(url, headers=self._headers) as answer:
            assert answer.content_type == "image/png"
            return await answer.read()

    async def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        async with self._session.request(
            method, self._demo.url + path, json=body, headers=self._headers
        ) as answer:
            text = await answer.text()
            assert answer.status == 200, text
            found: dict[str, Any] = json.loads(text)
            return found


def links(page: str) -> Mapping[str, str]:
    """The address of each channel, by its name, as the page lists them."""
    found = re.findall(r'<li><a href="([^"]+)"[^>]*>([^<]+)</a>', page)
    return {name: address for address, name in found}


def bundled(language: str) -> dict[date, Digest]:
    """The lists that come with the demo, oldest first, as the reader understands them."""
    digests = {}
    for file in sorted((SAMPLES / language).glob("**/*.md")):
        [reading] = read_digests(file.read_bytes(), name=str(file))
        assert reading.problems == ()
        digests[reading.digest.day] = reading.digest
    return digests


@asynccontextmanager
async def demo_at(lead: timedelta) -> AsyncGenerator[tuple[Demo, Browser]]:
    async with (
        open_demo(port=0, lead=lead) as demo,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
    ):
        yield demo, Browser(session, demo)


@pytest.fixture
async def started() -> AsyncGenerator[tuple[Demo, Browser]]:
    """A demo an hour before its first papers: nothing comes by itself."""
    async with demo_at(timedelta(hours=1)) as started:
        yield started


async def test_the_days_papers_come_by_themselves_in_both_languages() -> None:
    async with demo_at(timedelta(milliseconds=400)) as (demo, browser):
        await browser.open("papers")
        english = await browser.shows(6)
        await browser.open("논문")
        await browser.shows(6)
        posts = {name: channel.history() for name, channel in demo.channels.items()}
    for name in ("papers", "논문"):
        urls = [message.embeds[0].url for message in posts[name]]
        assert urls == [f"https://arxiv.org/abs/{paper}" for paper in PAPERS]
    assert "Every model tried" in str(posts["papers"][0].embeds[0].description)
    assert "변별력" in str(posts["논문"][0].embeds[0].description)
    assert "2024년 6월 4일" in posts["논문"][0].content
    assert posts["playground"] == []
    assert "MMLU-Pro" in json.dumps(english["messages"])
    assert all(SLOT <= m.created_at < SLOT + timedelta(minutes=1) for m in posts["papers"])


async def test_every_thumbnail_is_a_picture_of_the_demos_own() -> None:
    async with demo_at(NOW) as (_, browser):
        await browser.open("papers")
        state = await browser.shows(6)
        assets = list(_asset_ids(state["messages"]))
        pictures = {await browser.picture(asset) for asset in assets}
    assert len(pictures) == 6


async def test_a_manager_can_try_the_commands(started: tuple[Demo, Browser]) -> None:
    demo, browser = started
    await browser.open("playground")
    state = await browser.command("subscribe", time="09:00", timezone="Asia/Seoul", language="ko")
    assert "daily at 09:00 (Asia/Seoul)" in json.dumps(state["messages"])
    state = await browser.command("subscription pause")
    assert "Paused" in json.dumps(state["messages"])
    subscription = await demo.app.subscribing.of_channel(demo.channels["playground"].id)
    assert subscription.preferences.language == "ko"
    assert subscription.state == "paused"


async def test_a_command_acts_in_the_channel_it_was_typed_in(
    started: tuple[Demo, Browser],
) -> None:
    demo, browser = started
    await browser.open("논문")
    state = await browser.command("subscription test")
    assert "Asia/Seoul" in json.dumps(state["messages"])
    assert demo.channels["papers"].history() == []


async def test_what_the_bot_posts_appears_by_itself(started: tuple[Demo, Browser]) -> None:
    demo, browser = started
    before = await browser.open("playground")
    channel = demo.app.bot.get_partial_messageable(demo.channels["playground"].id)
    await channel.send("hello")
    after = await browser.shows(1)
    assert before["timeline"] == []
    assert "hello" in json.dumps(after["messages"])


async def test_a_command_that_takes_a_while_is_shown_whole(
    started: tuple[Demo, Browser],
) -> None:
    demo, browser = started
    await browser.open("playground")
    async with demo.app.database.transaction():
        command = asyncio.create_task(browser.command("subscribe"))
        await asyncio.sleep(3 * TICK.total_seconds())
        waiting = await browser.state()
    state = await command
    assert waiting["timeline"] == []
    assert "The papers of the day come to" in json.dumps(state["messages"])


async def test_the_page_is_at_a_plain_address_and_lists_every_channel(
    started: tuple[Demo, Browser],
) -> None:
    demo, _ = started
    async with aiohttp.ClientSession() as session, session.get(demo.url) as page:
        text = await page.text()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", demo.url)
    assert list(links(text)) == ["papers", "논문", "playground"]
    assert len({address.partition("#")[2] for address in links(text).values()}) == 3
    assert "on 4 June 2024" in text
    assert "it is 12:0" in text


async def test_the_archive_answers_in_the_page(started: tuple[Demo, Browser]) -> None:
    _, browser = started
    await browser.open("playground")
    for name, options, shown in [
        ("papers day", {}, "MMLU-Pro"),
        ("papers search", {"query": "깊이"}, "2406.01493"),
        ("papers author", {"name": "xiang yue"}, "2405.15071"),
        ("papers show", {"paper": "2406.01574"}, "Similar papers"),
        ("papers top", {"period": "all"}, "2406.00888"),
        ("about", {}, "26 papers"),
    ]:
        state = await browser.command(name, **options)
        [*_, newest] = state["timeline"]
        said = json.dumps(state["messages"], ensure_ascii=False)
        assert shown in said, (name, newest)


async def test_a_long_list_has_pages(started: tuple[Demo, Browser]) -> None:
    _, browser = started
    await browser.open("playground")
    state = await browser.command("papers day", date="2024-05-28")
    first = json.dumps(state["messages"])
    state = await browser.press("Next")
    second = json.dumps(state["messages"])
    assert "Page 1 of 2" in first
    assert "2405.17399" in first
    assert "2405.14333" not in first
    assert "Page 2 of 2" in second
    assert "2405.14333" in second
    assert "2405.17399" not in second
    assert len(state["timeline"]) == 1


async def test_the_older_lists_are_posted_nowhere() -> None:
    async with demo_at(NOW) as (demo, browser):
        await browser.open("papers")
        await browser.shows(6)
        older = await demo.app.finding.on_day("2024-05-28", language="en")
        stored = await demo.app.finding.answer(older)
        posts = [message for channel in demo.channels.values() for message in channel.history()]
    assert len(stored.entries) == 10
    assert "2405." not in " ".join(str(post.embeds) for post in posts)


async def test_only_who_has_the_page_gets_in(started: tuple[Demo, Browser]) -> None:
    demo, _ = started
    elsewhere = {"Host": "evil.example"}
    expected: dict[tuple[str, str], int] = {}
    answered: dict[tuple[str, str], int] = {}
    async with aiohttp.ClientSession() as session:
        for path, headers, status in [
            ("demo.css", {}, 200),
            ("app.js", {}, 200),
            ("channels/nowhere", {}, 404),
            ("", elsewhere, 403),
            ("channels/papers", elsewhere, 403),
            ("api/state", {}, 401),
            ("api/state", {"X-Simcord-Capability": "guessed"}, 401),
        ]:
            asked = (path, str(headers))
            expected[asked] = status
            async with session.get(demo.url + path, headers=headers) as answer:
                answered[asked] = answer.status
    assert answered == expected


async def test_the_environment_of_a_real_bot_is_not_the_demos(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("DISCORD_API_URL=http://127.0.0.1:1/api/v10\n")
    monkeypatch.setenv("SOURCES", "markdown:/nowhere")
    monkeypatch.setenv("SHARD_IDS", "3")
    async with demo_at(timedelta(hours=1)) as (demo, _):
        assert demo.app.collecting.source_names == tuple(
            f"markdown:{SAMPLES / language}" for language in LANGUAGES
        )
    assert [file.name for file in tmp_path.iterdir()] == [".env"]  # noqa: ASYNC240


async def test_it_runs_until_it_is_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    running = asyncio.create_task(run_demo(port=0))
    printed = ""
    async with asyncio.timeout(10):
        while not (address := re.search(r"http://[\d.:]+/", printed)):
            await asyncio.sleep(0.02)
            printed += capsys.readouterr().out
    running.cancel()
    await running
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(address[0])


async def test_it_opens_the_page_if_asked_to(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(
        "webbrowser.open", lambda url: loop.call_soon_threadsafe(opened.put_nowait, url)
    )
    running = asyncio.create_task(run_demo(port=0, open_browser=True))
    async with asyncio.timeout(10):
        address = await opened.get()
    running.cancel()
    await running
    assert address in capsys.readouterr().out


async def test_a_taken_port_is_one_sentence_with_the_cure() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(BotError, match="--port"),
    ):
        async with open_demo(port=taken.getsockname()[1]):
            pass


async def test_another_version_of_the_simulated_discord_is_one_sentence_with_the_cure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simcord, "__version__", "9.9.9")
    with pytest.raises(BotError, match="pip install simcord==") as refused:
        async with open_demo():
            pass
    assert "9.9.9" in str(refused.value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bundled_lists_are_read_without_a_problem(language: str) -> None:
    digests = bundled(language)
    assert tuple(digests) == (*OLDER, SLOT.date())
    newest = digests[SLOT.date()]
    assert [str(listing.paper.id) for listing in newest] == list(PAPERS)
    assert [listing.upvotes for listing in newest] == [28, 12, 9, 9, 7, 3]
    for digest in digests.values():
        for listing in digest:
            [summary] = listing.paper.summaries
            assert summary.language == language
            assert 3 <= len(summary.bullets) <= 5


def test_the_bundled_lists_say_the_same_of_every_paper_in_every_language() -> None:
    def facts(digest: Digest) -> list[tuple[Any, ...]]:
        return [
            (one.paper.id, one.paper.title, one.paper.authors, one.paper.thumbnail, one.upvotes)
            for one in digest
        ]

    english, korean = (bundled(language) for language in LANGUAGES)
    assert {day: facts(digest) for day, digest in english.items()} == {
        day: facts(digest) for day, digest in korean.items()
    }


@pytest.mark.parametrize("pattern", CHANGES)
def test_each_change_to_the_page_has_one_place(pattern: str) -> None:
    assert len(re.findall(pattern, (STATIC / "index.html").read_text("utf-8"))) == 1


def test_a_papers_picture_is_always_the_same_and_no_other_papers(tmp_path: Path) -> None:
    paper = a_paper(1)
    picture = paper_picture(paper)
    (tmp_path / "picture.png").write_bytes(picture)
    with Image.open(tmp_path / "picture.png") as image:
        assert image.size == (640, 336)
    assert paper_picture(paper) == picture
    assert paper_picture(a_paper(2)) != picture


def test_the_demos_clock_goes_by_itself() -> None:
    clock = RunningClock(datetime(2024, 6, 4, tzinfo=UTC) - datetime.now(UTC))
    before, elapsed = clock.now(), clock.elapsed
    clock.advance(3600)
    assert before <= clock.now() < before + timedelta(minutes=1)
    assert elapsed <= clock.elapsed < 60


def _buttons(message: Any, label: str) -> list[str]:
    """The keys of the message's buttons of that label, by which they are pressed."""
    return [
        button["control_key"]
        for row in message["components"]
        for button in row["components"]
        if button.get("label") == label and not button["disabled"]
    ]


def _asset_ids(value: Any) -> Iterator[str]:
    """Every asset that thumbnails name, however deep."""
    if isinstance(value, dict):
        thumbnail = value.get("thumbnail")
        if isinstance(thumbnail, dict):
            yield thumbnail["asset_id"]
        for inner in value.values():
            yield from _asset_ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _asset_ids(inner)
