"""Settings are read once, and a wrong one is answered with what to write."""

import re
from pathlib import Path

import pytest

from bot.domain.errors import SettingsError
from bot.domain.interests import DEFAULT_MEANINGS
from bot.settings import Settings, load_settings

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_everything_but_the_token_has_a_default() -> None:
    settings = load_settings()
    assert settings.sources == "huggingface"
    assert settings.collect_every == 15
    assert settings.database_url == "sqlite+aiosqlite:///daily-papers.db"
    with pytest.raises(SettingsError, match="DISCORD_TOKEN is missing: put the bot's token in"):
        settings.token()


def test_settings_come_from_the_environment_and_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("DISCORD_TOKEN=from.the.file\nCOLLECT_EVERY=5\nHF_TOKEN=\n")
    monkeypatch.setenv("COLLECT_EVERY", "30")
    monkeypatch.setenv("SHARD_COUNT", "8")
    monkeypatch.setenv("SHARD_IDS", "0-2,5")
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("LOG_FORMAT", "JSON")
    monkeypatch.setenv("HTTP_PORT", "9090")
    settings = load_settings()
    assert settings.token() == "from.the.file"
    assert settings.collect_every == 30, "the environment wins over the file"
    assert settings.hf_token is None, "empty is not set"
    assert settings.shard_ids == (0, 1, 2, 5)
    assert settings.log_level == "DEBUG"
    assert settings.log_format == "json"
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 9090)
    assert settings.reactions is DEFAULT_MEANINGS
    assert load_settings(reactions="liked=🥳 saved=📥").reactions.seeds == ("🥳", "📥")
    assert load_settings(database_url="sqlite:///a.db").database_url == "sqlite+aiosqlite:///a.db"


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("COLLECT_EVERY", "often", "minutes between two readings"),
        ("COLLECT_EVERY", "0", "from 1 to 720"),
        ("DISCORD_API_URL", "discord.com", "such as http://127.0.0.1:8080/api/v10"),
        ("DATABASE_URL", "papers.db", "sqlite+aiosqlite:///daily-papers.db"),
        ("HUGGINGFACE_URL", "huggingface", "such as https://huggingface.co"),
        ("REACTIONS", "liked=yes", "such as liked=👍❤️ saved=🔖 dismissed=👎"),
        ("REACTIONS", "liked=👍 saved=👍", "each only one thing"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING or ERROR"),
        ("LOG_FORMAT", "xml", "text for people, or json for programs"),
        ("HTTP_PORT", "web", "such as 9090"),
        ("HTTP_PORT", "0", "from 1 to 65535"),
        ("HTTP_HOST", "http://here", "such as 127.0.0.1"),
        ("MARKDOWN_LANGUAGE", "Korean!", "such as ko"),
        ("LLM_MODEL", "a model", "such as gpt-5-mini"),
        ("LLM_BASE_URL", "localhost", "such as http://127.0.0.1:11434/v1"),
        ("LLM_CONCURRENCY", "0", "from 1 to 64"),
        ("LLM_TOKENS_A_DAY", "9", "from 10000"),
        ("LLM_PRICE_IN", "cheap", "such as 0.25"),
        ("LLM_PRICE_OUT", "-1", "such as 2"),
        ("LLM_COST_A_DAY", "0", "such as 0.5"),
        ("LLM_COST_A_DAY", "5", "needs LLM_PRICE_IN and LLM_PRICE_OUT"),
        ("SHARD_COUNT", "none", "such as 4"),
        ("SHARD_IDS", "a-b", "such as 0-3 or 0,2"),
        ("SHARD_IDS", "3-1", "such as 0-3 or 0,2"),
        ("SHARD_IDS", "0-999999999999", "such as 0-3 or 0,2"),
        ("SHARD_IDS", "0-3", "needs SHARD_COUNT"),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_says_what_to_write(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, cure: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert name in str(caught.value)
    assert cure in str(caught.value)
    assert "\n" not in str(caught.value)


def test_shards_outside_the_count_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARD_COUNT", "4")
    monkeypatch.setenv("SHARD_IDS", "2-4")
    with pytest.raises(SettingsError, match="between 0 and 3"):
        load_settings()


def test_several_wrong_settings_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLECT_EVERY", "often")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert len(str(caught.value).splitlines()) == 2


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "canary-token")
    monkeypatch.setenv("HF_TOKEN", "canary-hf")
    monkeypatch.setenv("LLM_API_KEY", "canary-llm")
    monkeypatch.setenv("COLLECT_EVERY", "30")
    assert "canary" not in repr(load_settings())
    monkeypatch.setenv("COLLECT_EVERY", "often")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "canary" not in str(caught.value)


def test_every_setting_is_explained_in_the_example_and_no_other_is() -> None:
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#?([A-Z_]+)=", example, flags=re.M))
    assert named == {name.upper() for name in Settings.model_fields}
    for name in named:
        before = example[: re.search(rf"^#?{name}=", example, flags=re.M).start()]  # type: ignore[union-attr]
        assert before.rstrip("\n").splitlines()[-1].startswith("# "), f"{name} has no explanation"


def test_the_example_as_it_stands_is_the_defaults(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text()
    (tmp_path / ".env").write_text(re.sub(r"^#([A-Z_]+=)", r"\1", example, flags=re.M))
    assert load_settings() == Settings(_env_file=None)  # type: ignore[call-arg]  # its own option
