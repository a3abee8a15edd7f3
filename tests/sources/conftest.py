"""Fixtures of the sources' tests."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sources.http import Http
from tests.loopback.hugging_face import LoopbackHuggingFace

SHARED_DATA = "DAILY_PAPERS_SHARED_DATA"


def impatient_http(*, timeout: float = 5.0, max_bytes: int = 2**20, attempts: int = 3) -> Http:
    """The real thing, but it waits for milliseconds where others wait for seconds."""
    return Http(
        timeout=timeout,
        max_bytes=max_bytes,
        attempts=attempts,
        wait_initial=0.001,
        wait_max=0.002,
        wait_jitter=0.001,
        longest_pause=0.01,
    )


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    async with impatient_http() as http:
        yield http


@pytest.fixture
async def hub() -> AsyncIterator[LoopbackHuggingFace]:
    async with LoopbackHuggingFace() as hub:
        yield hub


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recorded answers (`hf/SOURCE-DATE.json`) and digests (`digests/*.md`)."""
    if not (folder := os.environ.get(SHARED_DATA)):
        pytest.skip(f"{SHARED_DATA} names no folder of recorded answers")
    return Path(folder)
