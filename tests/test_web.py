"""What whoever looks after the bot gets to see over HTTP, over a real socket."""

import socket
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from bot.domain.errors import SettingsError
from bot.settings import load_settings
from bot.web import Watched, Web, open_web

HERE = "127.0.0.1"


@dataclass
class Patient:
    """Something to watch, with the troubles that a test gives it."""

    dying_of: str | None = None
    checks: dict[str, str | None] = field(
        default_factory=lambda: {"gateway": None, "store": None, "scheduler": None}
    )

    def watched(self) -> Watched:
        return Watched(alive=lambda: self.dying_of, ready=self._ready, metrics=self._metrics)

    async def _ready(self) -> Mapping[str, str | None]:
        return self.checks

    async def _metrics(self) -> bytes:
        return b"daily_papers_store_up 1.0\n"


@pytest.fixture
def patient() -> Patient:
    return Patient()


@pytest.fixture
async def page(patient: Patient) -> AsyncGenerator[aiohttp.ClientSession]:
    async with (
        Web(patient.watched(), host=HERE, port=0) as web,
        aiohttp.ClientSession(f"http://{HERE}:{web.port}") as session,
    ):
        yield session


async def test_a_bot_that_works_is_healthy_and_ready(page: aiohttp.ClientSession) -> None:
    async with page.get("/healthz") as answer:
        assert (answer.status, await answer.text()) == (200, "ok\n")
    async with page.get("/readyz") as answer:
        assert answer.status == 200
        assert await answer.json() == {"gateway": "ok", "store": "ok", "scheduler": "ok"}


async def test_what_is_wrong_is_a_sentence_and_503(
    page: aiohttp.ClientSession, patient: Patient
) -> None:
    patient.checks["gateway"] = "connecting to Discord again: shard 1"
    async with page.get("/readyz") as answer:
        assert answer.status == 503
        assert await answer.json() == {
            "gateway": "connecting to Discord again: shard 1",
            "store": "ok",
            "scheduler": "ok",
        }
    async with page.get("/healthz") as answer:
        assert answer.status == 200, "not ready is no reason to be started anew"

    patient.dying_of = "the scheduler has stopped"
    async with page.get("/healthz") as answer:
        assert (answer.status, await answer.text()) == (503, "the scheduler has stopped\n")


async def test_metrics_are_prometheus_text(page: aiohttp.ClientSession) -> None:
    async with page.get("/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert await answer.text() == "daily_papers_store_up 1.0\n"


@pytest.mark.parametrize("path", ["/", "/metrics/", "/healthz/..", "/.env", "/favicon.ico"])
async def test_there_is_nothing_else(page: aiohttp.ClientSession, path: str) -> None:
    async with page.get(path) as answer:
        assert answer.status == 404


async def test_nothing_can_be_changed(page: aiohttp.ClientSession) -> None:
    async with page.post("/metrics") as answer:
        assert answer.status == 405


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/nowhere"])
async def test_an_answer_tells_no_versions_and_is_not_kept(
    page: aiohttp.ClientSession, path: str
) -> None:
    async with page.get(path) as answer:
        assert "Server" not in answer.headers
        assert answer.status == 404 or answer.headers["Cache-Control"] == "no-store"


@pytest.fixture(autouse=True)
def _no_file_of_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


async def test_it_is_off_unless_a_port_is_set(patient: Patient) -> None:
    async with open_web(load_settings(http_port=None), patient.watched()) as web:
        assert web is None


async def test_it_listens_where_the_settings_say_and_no_longer_than_the_bot_runs(
    patient: Patient,
) -> None:
    with socket.create_server((HERE, 0)) as free:
        port: int = free.getsockname()[1]
    settings = load_settings(http_port=port)
    async with open_web(settings, patient.watched()) as web, aiohttp.ClientSession() as session:
        assert web is not None
        assert web.port == port
        async with session.get(f"http://{HERE}:{port}/healthz") as answer:
            assert answer.status == 200
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://{HERE}:{port}/healthz")


async def test_a_port_in_use_is_a_sentence_with_the_cure(patient: Patient) -> None:
    with socket.create_server((HERE, 0)) as other:
        settings = load_settings(http_port=other.getsockname()[1])
        with pytest.raises(SettingsError, match="in use by another program: write another port"):
            async with open_web(settings, patient.watched()):
                pass


async def test_a_host_that_is_not_ours_is_a_sentence_with_the_cure(patient: Patient) -> None:
    settings = load_settings(http_host="192.0.2.1", http_port=9090)  # an address for examples
    with pytest.raises(SettingsError, match=r"HTTP_HOST 192\.0\.2\.1.*such as 127\.0\.0\.1"):
        async with open_web(settings, patient.watched()):
            pass
