"""The stage of the fault tests."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.faults.stage import Stage, staged


@pytest.fixture
async def stage(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncGenerator[Stage]:
    async with staged(caplog, monkeypatch, tmp_path) as stage:
        yield stage
