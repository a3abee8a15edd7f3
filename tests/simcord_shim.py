"""What simcord 3.2.1 leaves out of Discord, added for tests.

`stricter(env)` makes a simulated Discord honour nonces, refuse what Discord refuses, fail on
demand, and speak a user's language. It reaches into simcord's internals, all of them here, so
the version is checked: another one has to be looked at first.
"""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import aiohttp
import discord
import simcord
from simcord.backend.errors import BackendError
from simcord.http import router
from simcord.http.client import _FakeResponse

from tests.loopback.discord_errors import ApiError
from tests.loopback.discord_faults import Broken, Cut
from tests.loopback.discord_validation import check_message

SIMCORD: Final = "3.2.1"

IDLE: Final = 0.005
"""Seconds between two looks at whether the bot has settled; simcord takes ten times as long."""

Fault: TypeAlias = ApiError | Broken | Cut

_SEND: Final = re.compile(r"/channels/(?P<channel>\d+)/messages")
_EDIT: Final = re.compile(r"/channels/\d+/messages/\d+")
_CALLBACK: Final = re.compile(r"/interactions/\d+/[^/]+/callback")
_FOLLOW_UP: Final = re.compile(r"/webhooks/\d+/[^/]+(?P<edit>/messages/[^/]+)?")
_MESSAGE_CALLBACKS: Final = frozenset({4, 7})


class StricterDiscord:
    """A simulated Discord that is as strict, and as unreliable, as the real one.

    - A message with the nonce of an earlier one in the same channel is that earlier one, as
      with `enforce_nonce`; it is never forgotten here.
    - A message or an answer that breaks a limit is 400 with code 50035, an empty one 50006.
    - Embeds without Embed Links in the channel are 403 with code 50013.
    - `locale` is the language of those who use commands.
    """

    def __init__(self, env: simcord.Env) -> None:
        if simcord.__version__ != SIMCORD:
            raise RuntimeError(f"simcord is {simcord.__version__}: this module knows {SIMCORD}")
        self.locale = discord.Locale.american_english
        self._env = env
        self._sends = 0
        self._faults: dict[int, Fault] = {}
        self._posted: dict[tuple[str, str], str] = {}
        self._dispatch = router.dispatch
        self._emit = env.backend.emit
        self._settle = env._settle_internal

    def fail_send(self, fault: Fault, *, nth: int = 1) -> None:
        """Let the `nth` message from now on that the bot sends to a channel meet `fault`.

        An `ApiError` is answered as it is. A `Broken` or `Cut` that is `carried_out` loses the
        answer of a message that is stored; else the message is lost before it is.
        """
        self._faults[self._sends + nth] = fault

    def dispatch(
        self, backend: Any, method: str, path: str, *, json: Any = None, **options: Any
    ) -> Any:
        """simcord's answer to a request, but for what it leaves out."""
        if backend is not self._env.backend:
            return self._dispatch(backend, method, path, json=json, **options)
        try:
            _check(method, path, json)
            if method == "POST" and (send := _SEND.fullmatch(path)):
                return self._send(send["channel"], path, json, options)
        except ApiError as error:
            raise BackendError(
                error.status, error.code, error.message, errors=error.body().get("errors")
            ) from error
        return self._dispatch(backend, method, path, json=json, **options)

    def emit(self, event: str, payload: Mapping[str, Any]) -> None:
        """A gateway event; of an interaction, in the language of its user."""
        if event == "INTERACTION_CREATE":
            payload = {**payload, "locale": str(self.locale)}
        self._emit(event, payload)

    async def settle(self, **options: Any) -> None:
        await self._settle(**{**options, "idle": IDLE})

    def _send(self, channel: str, path: str, body: Any, options: dict[str, Any]) -> Any:
        backend = self._env.backend
        self._sends += 1
        fault = self._faults.pop(self._sends, None)
        if isinstance(fault, ApiError):
            raise fault
        if fault is not None and not fault.carried_out:
            raise _lost(fault)
        if body.get("embeds") and not self._may_embed(int(channel)):
            raise ApiError(403, 50013)
        nonce = body.get("nonce") if body.get("enforce_nonce") else None
        if nonce is not None and (known := self._posted.get((channel, str(nonce)))):
            answer = self._dispatch(backend, "GET", f"{path}/{known}")
        else:
            answer = self._dispatch(backend, "POST", path, json=body, **options)
        if nonce is not None:
            self._posted[channel, str(nonce)] = answer["id"]
            answer["nonce"] = nonce
        if fault is not None:
            raise _lost(fault)
        return answer

    def _may_embed(self, channel_id: int) -> bool:
        backend = self._env.backend
        guild_id = backend.get_channel(channel_id).guild_id
        if guild_id is None:
            return True
        granted = backend.compute_permissions(guild_id, backend.bot_user.id, channel_id)
        return discord.Permissions(granted).embed_links


@contextmanager
def stricter(env: simcord.Env) -> Generator[StricterDiscord]:
    """Close the gaps of `env`'s Discord while the context lasts; before or after its start."""
    strict = StricterDiscord(env)
    plain = router.dispatch
    router.dispatch = strict.dispatch
    env.backend.emit = strict.emit  # type: ignore[method-assign]
    env._settle_internal = strict.settle  # type: ignore[method-assign]
    try:
        yield strict
    finally:
        router.dispatch = plain
        del env.backend.emit, env._settle_internal


def _check(method: str, path: str, body: Any) -> None:
    """Raise what Discord answers, if this request carries a message that it does not take."""
    if method == "POST" and _SEND.fullmatch(path):
        check_message(body)
    elif method == "PATCH" and _EDIT.fullmatch(path):
        check_message(body, editing=True)
    elif method == "POST" and _CALLBACK.fullmatch(path):
        if body["type"] in _MESSAGE_CALLBACKS:
            check_message(body["data"], prefix=("data",), editing=body["type"] == 7)
    elif method in ("POST", "PATCH") and (follow_up := _FOLLOW_UP.fullmatch(path)):
        check_message(body, editing=follow_up["edit"] is not None)


def _lost(fault: Broken | Cut) -> Exception:
    """What discord.py raises once it has given up."""
    if isinstance(fault, Cut):
        return aiohttp.ServerDisconnectedError()
    response: Any = _FakeResponse(fault.status)
    return discord.DiscordServerError(response, "")
