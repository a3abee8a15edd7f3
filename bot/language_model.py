"""The language model that the settings name, if they name one, and what may be asked of it."""

from typing import Final

from bot.domain.errors import SettingsError
from bot.domain.usage import MILLION, Allowance, Prices
from bot.models.openai_compatible import OpenAiCompatible
from bot.settings import Settings

NO_MODEL: Final = (
    "LLM_MODEL is missing: set it to the name of a language model, with LLM_BASE_URL and "
    "LLM_API_KEY as its service wants them."
)


def model_of(settings: Settings) -> OpenAiCompatible | None:
    """The model, to be opened with `async with`; `None` if none is set."""
    if settings.llm_model is None:
        return None
    key = settings.llm_api_key
    return OpenAiCompatible(
        settings.llm_model,
        base_url=settings.llm_base_url,
        api_key=key.get_secret_value() if key is not None else None,
    )


def required_model_of(settings: Settings) -> OpenAiCompatible:
    """The model; `SettingsError` with the cure if none is set."""
    if (model := model_of(settings)) is None:
        raise SettingsError(NO_MODEL)
    return model


def prices_of(settings: Settings) -> Prices:
    """What its tokens cost."""
    return Prices(tokens_in=settings.llm_price_in, tokens_out=settings.llm_price_out)


def allowance_of(settings: Settings) -> Allowance:
    """What a day may have of it."""
    cost = settings.llm_cost_a_day
    return Allowance(
        tokens=settings.llm_tokens_a_day,
        cost=int(cost * MILLION) if cost is not None else None,
    )
