"""A language model on loopback, and the client that asks it."""

from collections.abc import AsyncGenerator

import pytest

from bot.models.openai_compatible import OpenAiCompatible
from tests.loopback.language_model import LoopbackModel


@pytest.fixture
async def server() -> AsyncGenerator[LoopbackModel]:
    async with LoopbackModel() as running:
        yield running


@pytest.fixture
async def model(server: LoopbackModel) -> AsyncGenerator[OpenAiCompatible]:
    async with OpenAiCompatible(
        "loopback-1", base_url=server.url, api_key=None, timeout=10
    ) as opened:
        yield opened
