"""The bot's settings: one parsed value from the environment and `.env`, read once at start."""

import re
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import (
    Field,
    InstanceOf,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.domain.errors import SettingsError
from bot.domain.interests import DEFAULT_MEANINGS, Meanings

MOST_SHARDS: Final = 100_000
DEFAULT_DATABASE: Final = "sqlite+aiosqlite:///daily-papers.db"


class Settings(BaseSettings):
    """Every setting, with its default. A field's description says what to write there."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    discord_token: SecretStr | None = Field(
        None, description="the bot's token, from https://discord.com/developers/applications"
    )
    discord_api_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+$",
        description="the base of Discord's API as a proxy serves it, such as "
        "http://127.0.0.1:8080/api/v10",
    )
    shard_count: int | None = Field(
        None,
        ge=1,
        le=MOST_SHARDS,
        description="how many shards the bot has in all processes, such as 4",
    )
    shard_ids: Annotated[tuple[int, ...] | None, NoDecode] = Field(
        None, description="the shards of this process, such as 0-3 or 0,2 (with SHARD_COUNT)"
    )
    database_url: str = Field(
        DEFAULT_DATABASE,
        pattern=r"^sqlite(\+aiosqlite)?:///.+",
        description=f"a SQLite file, such as {DEFAULT_DATABASE}",
    )
    sources: str = Field(
        "huggingface",
        min_length=1,
        description="where lists come from, the most trusted first, such as "
        "huggingface,markdown:./digests",
    )
    huggingface_url: str = Field(
        "https://huggingface.co",
        pattern=r"^https?://[^\s?#]+$",
        description="the address of Hugging Face or of a mirror, such as https://huggingface.co",
    )
    hf_token: SecretStr | None = Field(None, description="a Hugging Face access token")
    markdown_language: str | None = Field(
        None,
        pattern=r"^[a-z]{2,3}(-[a-z0-9]{2,8})*$",
        description="the language of Markdown digests as a lower-case tag, such as ko; "
        "without it the script tells",
    )
    collect_every: int = Field(
        15, ge=1, le=720, description="the minutes between two readings of a list, from 1 to 720"
    )
    reactions: Annotated[InstanceOf[Meanings], NoDecode] = Field(
        DEFAULT_MEANINGS,
        description="which emoji say what, each only one thing, such as liked=👍❤️ saved=🔖 "
        "dismissed=👎; a server's own as name:id",
    )
    llm_model: str | None = Field(
        None,
        pattern=r"^\S{1,200}$",
        description="the name of a language model, such as gpt-5-mini or qwen3:8b",
    )
    llm_base_url: str = Field(
        "https://api.openai.com/v1",
        pattern=r"^https?://[^\s?#]+$",
        description="the address of an OpenAI-compatible service, such as "
        "http://127.0.0.1:11434/v1",
    )
    llm_api_key: SecretStr | None = Field(None, description="the key of that service")
    llm_concurrency: int = Field(
        4, ge=1, le=64, description="how many summaries are asked for at once, from 1 to 64"
    )
    llm_tokens_a_day: int = Field(
        1_000_000,
        ge=10_000,
        le=10**12,
        description="how many tokens a day may have, in and out together, from 10000",
    )
    llm_price_in: Decimal = Field(
        Decimal(0), ge=0, le=10_000, description="the price of a million tokens in, such as 0.25"
    )
    llm_price_out: Decimal = Field(
        Decimal(0), ge=0, le=10_000, description="the price of a million tokens out, such as 2"
    )
    llm_cost_a_day: Decimal | None = Field(
        None,
        gt=0,
        le=1_000_000,
        description="what a day may cost, in the currency of the prices, such as 0.5",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="text for people, or json for programs"
    )
    http_host: str = Field(
        "127.0.0.1",
        pattern=r"^[A-Za-z0-9.:_-]+$",
        description="the address that pages, health and metrics are served on, such as 127.0.0.1",
    )
    http_port: int | None = Field(
        None,
        ge=1,
        le=65_535,
        description="the port that pages, health and metrics are served on, from 1 to 65535, "
        "such as 9090; without it they are not",
    )

    @field_validator("database_url")
    @classmethod
    def _with_driver(cls, value: str) -> str:
        return re.sub(r"^sqlite:", "sqlite+aiosqlite:", value)

    @field_validator("reactions", mode="before")
    @classmethod
    def _meanings(cls, value: Any) -> Any:
        return Meanings.parse(value) if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("log_format", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("shard_ids", mode="before")
    @classmethod
    def _ranges(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        ids: list[int] = []
        for part in value.split(","):
            first, _, last = part.partition("-")
            if not 0 <= int(first) <= int(last or first) < MOST_SHARDS:
                raise ValueError("shards are counted up from 0")
            ids += range(int(first), int(last or first) + 1)
        return tuple(ids)

    @model_validator(mode="after")
    def _shards_fit(self) -> "Settings":
        if self.shard_ids is not None:
            if self.shard_count is None:
                raise ValueError(
                    "SHARD_IDS needs SHARD_COUNT: set how many shards there are in all."
                )
            if not self.shard_ids or not all(0 <= i < self.shard_count for i in self.shard_ids):
                raise ValueError(
                    f"SHARD_IDS must lie between 0 and {self.shard_count - 1} (SHARD_COUNT - 1)."
                )
        return self

    @model_validator(mode="after")
    def _cost_has_prices(self) -> "Settings":
        if self.llm_cost_a_day is not None and not (self.llm_price_in or self.llm_price_out):
            raise ValueError(
                "LLM_COST_A_DAY needs LLM_PRICE_IN and LLM_PRICE_OUT: set what a million tokens "
                "cost."
            )
        return self

    def token(self) -> str:
        """The bot's token; `SettingsError` with the cure if there is none."""
        if self.discord_token is None:
            raise SettingsError(
                "DISCORD_TOKEN is missing: put the bot's token in .env or in the environment "
                "(no token yet? `daily-papers demo` needs none)."
            )
        return self.discord_token.get_secret_value()


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; `SettingsError` names each wrong one and says what to write instead."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(problem) for problem in error.errors())) from None


def _sentence(problem: Any) -> str:
    if not problem["loc"]:
        return str(problem["ctx"]["error"])
    field = str(problem["loc"][0])
    return f"{field.upper()} is wrong: write {Settings.model_fields[field].description}."
