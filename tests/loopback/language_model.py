"""A language model of our own on 127.0.0.1, which answers well, badly, slowly or not at all.

It speaks OpenAI's chat completions (https://platform.openai.com/docs/api-reference/chat). What it
writes is made from the abstract that it is sent, so that it stands up to the checks; what it is
told to write instead need not.

    async with LoopbackModel() as model:
        model.then(Status(429, {"Retry-After": "1"}), Says("no JSON at all"), Invents())
        await summarising.caught_up()
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, Self, TypeAlias

from aiohttp import web

from bot.domain.abstracts import abstract_summary
from tests.injections.corpus import INJECTIONS
from tests.loopback.hugging_face import Failure

_LANGUAGE: Final = re.compile(r"language tag ([\w-]+)")
_PAPER: Final = re.compile(
    r"^(<<\w+>>)\nTitle: (?P<title>.*?)\n\nAbstract: (?P<abstract>.*)\n\1$", re.S
)
_TERM: Final = re.compile(r"[A-Za-z][a-z-]{4,}")
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")

# Three statements with a word of the abstract in each, for languages that have other words.
_TEMPLATES: Final[Mapping[str, tuple[str, str, str]]] = {
    "ko": (
        "이 논문은 새로운 방법을 제안한다({0}).",
        "핵심은 읽은 것을 다시 살피는 데 있다({1}).",
        "측정한 결과가 이전보다 좋아졌다({2}).",
    ),
    "ja": (
        "この論文は新しい手法を提案しています({0})。",
        "要点は読んだものを見直すことにあります({1})。",
        "測った結果は以前より良くなりました({2})。",
    ),
    "zh": (
        "这篇论文提出了一种新的方法({0})。",
        "关键在于重新查看读过的内容({1})。",
        "测量的结果比以前更好({2})。",
    ),
    "ru": (
        "В работе предложен новый метод ({0}), который прост.",
        "Главное в нём — второй взгляд на прочитанное ({1}).",
        "Измерения показали лучшие результаты, чем раньше ({2}).",
    ),
    "de": (
        "Die Arbeit schlägt ein neues Verfahren vor ({0}), das einfach ist.",
        "Sein Kern ist ein zweiter Blick auf das Gelesene ({1}).",
        "Gemessen wurden bessere Ergebnisse als bisher ({2}).",
    ),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the paper in it, the language it is wanted in, and all that was sent."""

    title: str
    abstract: str
    language: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def again(self) -> bool:
        """Whether an answer of before was refused."""
        return len(self.body["messages"]) > 2


class Writing(Protocol):
    """What the model writes, instead of what it would write by itself."""

    def text(self, asked: Asked, /) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Says:
    """Just this; `None` is a refusal."""

    said: str | None

    def text(self, _asked: Asked, /) -> str | None:
        return self.said


@dataclass(frozen=True, slots=True)
class Writes:
    """These bullets, in the right form."""

    bullets: Sequence[str]

    def text(self, _asked: Asked, /) -> str:
        return in_form(self.bullets)


@dataclass(frozen=True, slots=True)
class Invents:
    """A number that nobody measured."""

    def text(self, asked: Asked, /) -> str:
        first, *rest = well(asked)
        return in_form([f"{first[:-1]} 7391.", *rest])


@dataclass(frozen=True, slots=True)
class Mistakes:
    """The language for another one."""

    language: str

    def text(self, asked: Asked, /) -> str:
        other = Asked(asked.title, asked.abstract, self.language, asked.body, asked.headers)
        return in_form(well(other))


@dataclass(frozen=True, slots=True)
class Obeys:
    """Whatever an abstract of the corpus tells it to do; it writes well if none does."""

    def text(self, asked: Asked, /) -> str:
        for injection in INJECTIONS:
            if injection.said in asked.abstract and asked.language in injection.obeyed:
                return in_form(injection.obeyed[asked.language])
        return in_form(well(asked))


@dataclass(frozen=True, slots=True)
class Cuts:
    """The first half of a good answer, as a model that ran out of tokens."""

    def text(self, asked: Asked, /) -> str:
        written = in_form(well(asked))
        return written[: len(written) // 2]


@dataclass(frozen=True)
class Later:
    """A good answer once `released` is set; `met` is set when somebody asks."""

    met: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, _request: web.Request, body: bytes, /) -> web.StreamResponse:
        self.met.set()
        await self.released.wait()
        return web.Response(body=body, content_type="application/json")


Way: TypeAlias = Writing | Failure


class LoopbackModel:
    """The server; use it as an async context manager.

    `formats` are the kinds of `response_format` that it takes, `limit` is what it calls the most
    tokens of an answer; with anything else it answers 400. `key` is the only key it takes, if
    given; `counts` tells whether it says how many tokens were used, `lists` is what it answers
    instead of telling its models.
    """

    def __init__(
        self,
        *,
        names: Sequence[str] = ("loopback-1",),
        formats: Sequence[str] = ("json_schema", "json_object"),
        limit: str = "max_tokens",
        key: str | None = None,
        counts: bool = True,
        lists: web.Response | None = None,
    ) -> None:
        self.names = tuple(names)
        self.formats = tuple(formats)
        self.limit = limit
        self.key = key
        self.counts = counts
        self.lists = lists
        self.asked: list[Asked] = []
        self.answered = 0
        self.most_at_once = 0
        self.url = ""
        self._at_once = 0
        self._grown = asyncio.Event()
        self._next: deque[Way | None] = deque()
        self._always: Way | None = None
        self._of: dict[str, Way] = {}
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def then(self, *ways: Way | None) -> None:
        """How the next requests are answered, one each, in this order; `None` is well."""
        self._next.extend(ways)

    def always(self, way: Way | None) -> None:
        """How every request is answered from now on; `None` ends that."""
        self._always = way

    def about(self, title: str, way: Way) -> None:
        """How every request about the paper with this title is answered."""
        self._of[title] = way

    async def has(self, at_once: int) -> None:
        """Wait until so many requests are under way."""
        async with asyncio.timeout(10):
            while self._at_once < at_once:
                self._grown.clear()
                await self._grown.wait()

    def titles(self, language: str | None = None) -> list[str]:
        """The papers asked for, in order, in one language or in all."""
        return [one.title for one in self.asked if language in (None, one.language)]

    async def _models(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        if self.lists is not None:
            return self.lists
        data = [
            {"id": name, "object": "model", "created": 0, "owned_by": "us"} for name in self.names
        ]
        return web.json_response({"object": "list", "data": data})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._refused(request)) is not None:
            return refused
        body = await request.json()
        if body["model"] not in self.names:
            return _error(404, "model_not_found", f"the model {body['model']} does not exist")
        kind = body.get("response_format", {}).get("type")
        if kind is not None and kind not in self.formats:
            return _error(400, "invalid_request_error", f"response_format {kind} is not supported")
        if any(name in body and name != self.limit for name in _LIMITS):
            return _error(400, "unsupported_parameter", f"use {self.limit}, not max_tokens")
        asked = _asked(body, request.headers)
        self.asked.append(asked)
        way = self._of.get(asked.title)
        if way is None:
            way = self._next.popleft() if self._next else self._always
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        self._grown.set()
        try:
            if way is None:
                written: str | None = in_form(well(asked))
            elif isinstance(way, _WRITINGS):
                written = way.text(asked)
            else:
                good = json.dumps(self._answer(asked, in_form(well(asked)))).encode()
                return await way.answer(request, good)  # type: ignore[union-attr]
            self.answered += 1
            return web.json_response(self._answer(asked, written))
        finally:
            self._at_once -= 1

    def _answer(self, asked: Asked, text: str | None) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if text is None:
            message["refusal"] = "I will not say."
        answer: dict[str, Any] = {
            "id": f"chatcmpl-{len(self.asked)}",
            "object": "chat.completion",
            "created": 0,
            "model": asked.body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        }
        if self.counts:
            tokens_in = sum(len(one["content"]) for one in asked.body["messages"]) // 4
            tokens_out = len(text or "") // 3
            answer["usage"] = {
                "prompt_tokens": tokens_in,
                "completion_tokens": tokens_out,
                "total_tokens": tokens_in + tokens_out,
            }
        return answer

    def _refused(self, request: web.Request) -> web.Response | None:
        if self.key is None or request.headers.get("Authorization") == f"Bearer {self.key}":
            return None
        return _error(401, "invalid_api_key", "this key is not known")


_LIMITS: Final = ("max_tokens", "max_completion_tokens")
_WRITINGS: Final = (Says, Writes, Invents, Mistakes, Obeys, Cuts)


def well(asked: Asked) -> list[str]:
    """Bullets about the abstract, in the language asked for, that stand up to the checks."""
    if asked.language.partition("-")[0] == "en":
        summary = abstract_summary(asked.abstract)
        assert summary is not None
        return [bullet.text for bullet in summary.bullets]
    terms = list(dict.fromkeys(_TERM.findall(asked.abstract))) * 3
    numbers = _NUMBER.findall(asked.abstract)
    words = [*terms[:2], f"{terms[2]}, {numbers[-1]}" if numbers else terms[2]]
    templates = _TEMPLATES[asked.language.partition("-")[0]]
    return [template.format(*words) for template in templates]


def in_form(bullets: Sequence[str]) -> str:
    """Bullets as the JSON that is asked for."""
    return json.dumps({"bullets": list(bullets)}, ensure_ascii=False)


def _asked(body: Mapping[str, Any], headers: Mapping[str, str]) -> Asked:
    system, user = body["messages"][:2]
    language, paper = _LANGUAGE.search(system["content"]), _PAPER.search(user["content"])
    assert language is not None
    assert paper is not None
    return Asked(paper["title"], paper["abstract"], language[1], body, dict(headers))


def _error(status: int, code: str, message: str) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return web.json_response({"error": error}, status=status)
