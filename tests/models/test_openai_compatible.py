"""Servers differ, stumble and refuse; what came of asking is always said in our words."""

import asyncio
import sys

import pytest
from aiohttp import web

from bot.domain.errors import SettingsError
from bot.models.answers import (
    ModelDeclined,
    ModelError,
    ModelMisconfigured,
    ModelUnavailable,
    bullets_in,
)
from bot.models.openai_compatible import OpenAiCompatible
from bot.models.prompts import Messages, asked
from tests.injections.corpus import AFTER, BEFORE, TITLE
from tests.loopback.hugging_face import Body, Cut, Failure, Status
from tests.loopback.language_model import Later, LoopbackModel, Says


def a_request(language: str = "en") -> Messages:
    return asked(TITLE, BEFORE + AFTER, language=language, language_name="English")


async def test_a_model_answers_and_its_tokens_are_counted(
    server: LoopbackModel, model: OpenAiCompatible
) -> None:
    answer = await model.ask(a_request())

    bullets = bullets_in(answer.text)
    assert bullets is not None
    assert 3 <= len(bullets) <= 6
    assert answer.tokens_in is not None
    assert answer.tokens_in > 100
    assert answer.tokens_out is not None
    [request] = server.asked
    assert request.body["response_format"]["json_schema"]["schema"]["required"] == ["bullets"]
    assert request.body["max_tokens"] == 3000


async def test_a_server_that_counts_no_tokens_leaves_them_unknown(
    server: LoopbackModel, model: OpenAiCompatible
) -> None:
    server.counts = False
    answer = await model.ask(a_request())

    assert (answer.tokens_in, answer.tokens_out) == (None, None)


@pytest.mark.parametrize(("formats", "sent"), [(["json_object"], "json_object"), ([], None)])
async def test_what_a_server_refuses_is_left_out_from_then_on(
    server: LoopbackModel, model: OpenAiCompatible, formats: list[str], sent: str | None
) -> None:
    server.formats, server.limit = tuple(formats), "max_completion_tokens"

    first = await model.ask(a_request())
    second = await model.ask(a_request())

    assert first.text
    assert second.text
    assert len(server.asked) == 2  # what was refused never got as far
    for request in server.asked:
        assert request.body.get("response_format", {}).get("type") == sent
        assert "max_tokens" not in request.body
        assert request.body["max_completion_tokens"] == 3000


async def test_a_request_that_is_refused_in_every_form_is_declined(
    server: LoopbackModel, model: OpenAiCompatible
) -> None:
    server.always(Status(400, body=b'{"error": {"message": "too long", "code": "too_long"}}'))
    with pytest.raises(ModelDeclined, match=r"it answered 400 \(too_long\)"):
        await model.ask(a_request())

    server.always(None)
    await model.ask(a_request())
    assert server.asked[-1].body["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    ("failure", "kind", "why", "pause"),
    [
        (Status(429, {"Retry-After": "7"}), ModelUnavailable, "it answered 429", 7.0),
        (Status(429, {"Retry-After": "soon"}), ModelUnavailable, "it answered 429", None),
        (Status(500), ModelUnavailable, "it answered 500", None),
        (Status(503, {"Retry-After": "30"}), ModelUnavailable, "it answered 503", 30.0),
        (Cut(), ModelUnavailable, "the connection failed", None),
        (Body(b"<html>a proxy</html>", "text/html"), ModelUnavailable, "makes no sense", None),
        (Body(b'{"choices": ['), ModelUnavailable, "makes no sense", None),
        (Body(b'{"choices": []}'), ModelUnavailable, "makes no sense", None),
        (Body(b'{"choices": 3}'), ModelUnavailable, "makes no sense", None),
        (Body(b"[]"), ModelUnavailable, "makes no sense", None),
        (Status(401), ModelMisconfigured, "it answered 401", None),
        (Status(402), ModelMisconfigured, "it answered 402", None),
        (Status(403), ModelMisconfigured, "it answered 403", None),
        (
            Status(429, body=b'{"error": {"code": "insufficient_quota", "message": "pay"}}'),
            ModelMisconfigured,
            r"it answered 429 \(insufficient_quota\)",
            None,
        ),
    ],
)
async def test_what_goes_wrong_on_the_way(
    server: LoopbackModel,
    model: OpenAiCompatible,
    failure: Failure,
    kind: type[ModelError],
    why: str,
    pause: float | None,
) -> None:
    server.then(failure)
    with pytest.raises(kind, match=why) as raised:
        await model.ask(a_request())

    assert getattr(raised.value, "pause", None) == pause
    assert "Lantern" not in str(raised.value)
    assert len(server.asked) == 1  # whoever asks decides whether to ask again


async def test_the_text_of_an_error_is_not_handed_on(
    server: LoopbackModel, model: OpenAiCompatible
) -> None:
    body = b'{"error": {"message": "you sent: Lantern ...", "code": "key sk-123 is bad"}}'
    server.then(Status(401, body=body))
    with pytest.raises(ModelMisconfigured) as raised:
        await model.ask(a_request())

    assert str(raised.value) == "it answered 401"


async def test_a_slow_model_is_not_waited_for_for_ever(server: LoopbackModel) -> None:
    held = Later()
    server.then(held)
    async with OpenAiCompatible(
        "loopback-1", base_url=server.url, api_key=None, timeout=0.05
    ) as model:
        with pytest.raises(ModelUnavailable, match="no answer in time"):
            await model.ask(a_request())
    held.released.set()


async def test_nobody_there() -> None:
    async with OpenAiCompatible(
        "loopback-1", base_url="http://127.0.0.1:9/v1", api_key=None, timeout=5
    ) as model:
        with pytest.raises(ModelUnavailable, match="the connection failed"):
            await model.ask(a_request())


async def test_a_refusal_is_an_empty_answer(server: LoopbackModel, model: OpenAiCompatible) -> None:
    server.then(Says(None))
    assert (await model.ask(a_request())).text == ""


async def test_the_key_is_sent_and_a_wrong_one_is_known(server: LoopbackModel) -> None:
    server.key = "right"
    async with OpenAiCompatible("loopback-1", base_url=server.url, api_key="right") as model:
        assert await model.models() == ("loopback-1",)
        assert (await model.ask(a_request())).text
    async with OpenAiCompatible("loopback-1", base_url=server.url, api_key="wrong") as model:
        with pytest.raises(ModelMisconfigured, match="invalid_api_key"):
            await model.models()


async def test_a_model_that_the_server_has_not_is_misconfigured(server: LoopbackModel) -> None:
    async with OpenAiCompatible("other", base_url=server.url, api_key=None) as model:
        with pytest.raises(ModelMisconfigured, match="model_not_found"):
            await model.ask(a_request())


@pytest.mark.parametrize("status", [400, 404, 405, 501])
async def test_a_server_need_not_tell_its_models(
    server: LoopbackModel, model: OpenAiCompatible, status: int
) -> None:
    server.lists = web.Response(status=status)
    assert await model.models() is None


@pytest.mark.parametrize("answer", ['{"data": 3}', '{"data": [3]}', "[]", "<html>"])
async def test_a_list_of_models_may_be_anything(
    server: LoopbackModel, model: OpenAiCompatible, answer: str
) -> None:
    server.lists = web.Response(text=answer, content_type="application/json")
    with pytest.raises(ModelUnavailable):
        await model.models()


async def test_many_may_ask_at_once(server: LoopbackModel, model: OpenAiCompatible) -> None:
    held = Later()
    server.always(held)
    asking = asyncio.gather(*(model.ask(a_request()) for _ in range(8)))
    await server.has(at_once=8)
    held.released.set()

    assert all(answer.text for answer in await asking)


async def test_without_the_extra_somebody_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(SettingsError, match=r"pip install 'daily-papers\[llm\]'"):
        OpenAiCompatible("m", base_url="http://127.0.0.1:9/v1", api_key=None)


async def test_a_model_is_asked_only_while_it_is_open() -> None:
    model = OpenAiCompatible("m", base_url="http://127.0.0.1:9/v1", api_key=None)
    with pytest.raises(RuntimeError, match="outside"):
        await model.ask(a_request())
