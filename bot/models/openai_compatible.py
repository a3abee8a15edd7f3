"""Any server that speaks OpenAI's chat completions: OpenAI's own, a proxy's, Ollama, vLLM.

They differ in what they take: not all know `json_schema`, or `max_tokens`. What a server refuses
is left out for it from then on, once leaving it out has helped.
"""

import re
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from bot.domain.errors import SettingsError
from bot.models.answers import (
    LONGEST_ANSWER,
    Answer,
    ModelDeclined,
    ModelMisconfigured,
    ModelUnavailable,
)
from bot.models.prompts import FORM, Messages

if TYPE_CHECKING:
    import openai

MOST_TOKENS_OUT: Final = 3_000
"""Of one answer, what the model thinks before it included: six bullets are some 600."""

TIMEOUT: Final = 120.0
"""Seconds for one answer: a model on one's own machine takes its time."""

MISSING: Final = (
    "LLM_MODEL is set and the package openai is missing: `make .venv/llm` installs it, or "
    "`pip install 'daily-papers[llm]'`."
)

_FORMATS: Final[tuple[Mapping[str, Any], ...]] = (
    {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "summary", "strict": True, "schema": FORM},
        }
    },
    {"response_format": {"type": "json_object"}},
    {},
)
_LIMITS: Final = ("max_tokens", "max_completion_tokens")
_CODE: Final = re.compile(r"[A-Za-z][\w.-]{0,60}")
_NO_SECRET: Final = "none"  # noqa: S105 - servers on one's own machine want none, the client some
_SPENT: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


class OpenAiCompatible:
    """The language model `name` at `base_url`; use it as an async context manager.

    `SettingsError` if the extra `llm` is not installed.
    """

    def __init__(
        self, name: str, *, base_url: str, api_key: str | None, timeout: float = TIMEOUT
    ) -> None:
        _openai()
        self.name = name
        self._base_url = base_url
        self._api_key = api_key or _NO_SECRET
        self._timeout = timeout
        self._format = 0
        self._limit = 0
        self._client: openai.AsyncOpenAI | None = None

    async def __aenter__(self) -> Self:
        self._client = _openai().AsyncOpenAI(
            base_url=self._base_url,
            api_key=self._api_key,
            timeout=self._timeout,
            max_retries=0,  # whoever asks knows how long that may take, and pauses
        )
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self._opened.close()
        self._client = None

    async def ask(self, messages: Messages) -> Answer:
        """The model's answer, empty if it refused to say anything; raises a `ModelError`."""
        form, limit = self._format, self._limit
        while True:
            try:
                answer = await self._ask(messages, _FORMATS[form], _LIMITS[limit])
            except _Unwanted as unwanted:
                if unwanted.named("max_tokens") and limit == 0:
                    limit = 1
                elif form + 1 < len(_FORMATS):
                    form += 1
                else:
                    raise ModelDeclined(str(unwanted)) from unwanted
            else:
                self._format, self._limit = form, limit
                return answer

    async def models(self) -> tuple[str, ...] | None:
        """The names of the models that the server has, `None` if it does not tell.

        Raises a `ModelError`, as `ask` does.
        """
        try:
            return tuple(sorted([model.id async for model in self._opened.models.list()]))
        except _openai().APIError as error:
            told = _translated(error)
            if isinstance(told, _Unwanted) or getattr(error, "status_code", None) in (404, 501):
                return None
            raise told from error
        except (TypeError, ValueError, AttributeError) as error:
            raise ModelUnavailable("the answer is no list of models") from error

    @property
    def _opened(self) -> "openai.AsyncOpenAI":
        if self._client is None:
            raise RuntimeError("the model is used outside its `async with`")
        return self._client

    async def _ask(self, messages: Messages, form: Mapping[str, Any], limit: str) -> Answer:
        said: Any = [dict(message) for message in messages]
        more: dict[str, Any] = {**form, limit: MOST_TOKENS_OUT}
        try:
            made: Any = await self._opened.chat.completions.create(
                model=self.name, messages=said, **more
            )
        except _openai().APIError as error:
            raise _translated(error) from error
        except (TypeError, ValueError) as error:
            raise ModelUnavailable("the answer makes no sense") from error
        return _read(made)


class _Unwanted(Exception):  # not a BotError: it never leaves this module
    """The server refuses the request as such."""

    def __init__(self, message: str, body: str) -> None:
        super().__init__(message)
        self._body = body

    def named(self, what: str) -> bool:
        return what in self._body


def _openai() -> Any:
    try:
        import openai  # an extra, and slow to load: where there is a model
    except ImportError:
        raise SettingsError(MISSING) from None
    return openai


def _read(made: Any) -> Answer:
    """What the client made of a server's answer, which may be anything."""
    choices = getattr(made, "choices", None)
    if not isinstance(choices, list) or not choices:
        raise ModelUnavailable("the answer makes no sense")
    text = getattr(getattr(choices[0], "message", None), "content", None)
    if not isinstance(text, str):
        text = ""
    usage = getattr(made, "usage", None)
    return Answer(
        text=text[:LONGEST_ANSWER],
        tokens_in=_count(getattr(usage, "prompt_tokens", None)),
        tokens_out=_count(getattr(usage, "completion_tokens", None)),
    )


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 10**9 else None


def _translated(error: Any) -> Exception:
    """What an error of the client's means. Its text is not handed on: it may repeat the request."""
    openai = _openai()
    if isinstance(error, openai.APITimeoutError):
        return ModelUnavailable("no answer in time")
    status = getattr(error, "status_code", None)
    if status is None:
        return ModelUnavailable(f"the connection failed ({type(error.__cause__).__name__})")
    code = error.code or error.type
    code = code if isinstance(code, str) and _CODE.fullmatch(code) else ""
    why = f"it answered {status}" + (f" ({code})" if code else "")
    if status in (401, 402, 403, 404) or code in _SPENT:
        return ModelMisconfigured(why)
    if status in (408, 409, 425, 429) or status >= 500:
        return ModelUnavailable(why, _pause(error.response.headers))
    return _Unwanted(why, str(error.body))


def _pause(headers: Mapping[str, str]) -> float | None:
    """The seconds that the server asks us to wait."""
    asked = headers.get("retry-after", "").strip()
    return float(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else None
