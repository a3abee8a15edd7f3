"""The moments at which something can go wrong, and what must hold after each."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

import aiohttp
import discord

from bot.app import App
from bot.domain.errors import BotError
from bot.domain.papers import SummaryOrigin
from bot.domain.subscriptions import SubscriptionState
from bot.services.summarising import EDITED_FOR
from bot.storage.errors import StorageError
from tests.builders import a_summary
from tests.faults.faults import Family, Fault, Route
from tests.faults.stage import DAY, NOW, TITLES, WITHIN, Stage, listed, paper_id, until
from tests.injections.corpus import AFTER, BEFORE
from tests.loopback.discord_faults import Broken, Cut, Held
from tests.loopback.discord_interactions import MESSAGE, Interaction
from tests.loopback.discord_objects import EPHEMERAL, Message
from tests.loopback.language_model import Later

NOWHERE: Final[Route] = ("", "")
CALLBACK: Final[Route] = ("POST", "/interactions/*/*/callback")
FOLLOW_UP: Final[Route] = ("POST", "/webhooks/*/*")
SHOWN: Final[Route] = ("PATCH", "/webhooks/*/*/messages/*")
PAPER: Final = paper_id(1)
TRIES: Final = 6
"""Of one message, before it is left to the next round."""


class Ending(StrEnum):
    """How a cell of the matrix ends. Whichever it is, at the end each paper stands exactly once,
    in order, in each channel, and the log has no traceback."""

    ONCE = "once"
    NEXT = "next round"
    KEPT = "kept"
    WAITING = "waiting"
    SUSPENDED = "suspended"
    ENDS = "ends"
    ANSWERED = "answered"
    SAID = "said"
    SILENT = "silent"
    NOTED = "noted"
    LEFT = "left"
    IMPROVED = "improved"
    LATER = "later"
    STAYS = "stays"


MEANING: Final = {
    Ending.ONCE: "each paper stands exactly once, in order, in each channel, by itself",
    Ending.NEXT: "the delivery stands still, and the log says why; the next round finds it as it "
    "was, and goes on: once",
    Ending.KEPT: "what was stored stays as it was, and the source is noted as down; the next "
    "round brings the rest: once",
    Ending.WAITING: "with nothing to post, the delivery waits (state WAITING, until six hours "
    "after its slot); as soon as there is a list: once",
    Ending.SUSPENDED: "the subscription is SUSPENDED with Discord's words as its reason, its "
    "delivery kept as far as it came, and the channel is asked nothing more; once the channel is "
    "changed: once",
    Ending.ENDS: "Discord wants nobody back: the bot ends on purpose, with one sentence; started "
    "again: once",
    Ending.ANSWERED: "the command is carried out and answered as ever",
    Ending.SAID: "the answer is a sentence that says what is wrong; the store is whole, and the "
    "next command is answered as ever",
    Ending.SILENT: "Discord itself shows that no answer came; the store is whole, the log says "
    "it in a line, and the next command is answered as ever",
    Ending.NOTED: "what readers say is stored as Discord shows it, by itself; how many they are "
    "stands on the card with the next press at the latest",
    Ending.LEFT: "what is stored of the channel's reactions stays as it was, and the channel is "
    "asked nothing more; after the next session it is what Discord shows",
    Ending.IMPROVED: "the papers are posted on time, each once; their cards, the same messages, "
    "get the better bullets by themselves",
    Ending.LATER: "the papers are posted on time, each once, with the bullets that are there; "
    "after the next round their cards, the same messages, have the better ones",
    Ending.STAYS: "the card stays as it was posted, and its channel is asked nothing more about "
    "it; the other channel's gets its better bullets",
}


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A moment of the bot's life, brought about under a fault."""

    name: str
    what: str
    run: Callable[[Stage, Fault, Ending], Awaitable[None]]


# --- collecting and planning --------------------------------------------------------------


async def collecting(stage: Stage, fault: Fault, ending: Ending) -> None:
    """A list of which one paper is stored is read again, and has two more."""
    async with stage.running() as app:
        await stage.started(app)
        stage.publish([1])
        await app.collecting.refresh()
        stage.publish()
        async with fault.arrange(stage, NOWHERE):
            reading = asyncio.create_task(app.collecting.refresh())
            with contextlib.suppress(StorageError, asyncio.CancelledError):
                await reading
            if ending is Ending.KEPT:
                assert await stage.archived(app) == TITLES[:1]
                if fault.family is Family.SOURCE:
                    assert await stage.down_since(app) is not None
            else:
                assert await stage.archived(app) == TITLES
        await stage.subscribe(app)
        await app.scheduling.collect()
        assert await stage.archived(app) == TITLES
        assert await stage.down_since(app) is None
        await stage.served(app)


async def planning(stage: Stage, fault: Fault, ending: Ending) -> None:
    """The hour has come: of a list that is stored, or of one that cannot be read."""
    async with stage.running() as app:
        await stage.started(app)
        if fault.family is Family.SOURCE:
            stage.publish()
            await stage.subscribe(app)
            start = app.scheduling.collect
        else:
            await stage.owe(app)
            start = app.scheduling.sweep
        async with fault.arrange(stage, NOWHERE):
            await start()
            if ending is Ending.ONCE:
                await stage.served(app)
            elif ending is Ending.WAITING:
                waiting = await stage.open_deliveries(app)
                assert {d.channel_id for d in waiting} == set(stage.channels)
                assert all(d.wait_until and d.wait_until > NOW for d in waiting)
            else:
                await _stands_still(stage, fault, ending)
                assert await stage.open_deliveries(app) == []
        await start()
        await stage.served(app)


# --- sending and recording ----------------------------------------------------------------


def _posts(stage: Stage) -> Route:
    return ("POST", f"/channels/{stage.faulted}/messages")


async def sending(stage: Stage, fault: Fault, ending: Ending) -> None:
    """A message is claimed and handed to Discord."""
    async with stage.running() as app:
        await stage.owe(app)
        match fault.family:
            case Family.GATEWAY:
                await _during_a_request(stage, fault, _posts(stage))
            case Family.STORE:
                # Discord fails until the bot leaves the rest to the next round; there it claims.
                stage.discord.inject(Broken(503), *_posts(stage), times=TRIES)
                await app.scheduling.sweep()
                async with fault.arrange(stage, NOWHERE):
                    await _stands_still(stage, fault, ending)
            case _:
                async with fault.arrange(stage, _posts(stage)):
                    await app.scheduling.sweep()
                    if ending is Ending.SUSPENDED:
                        await _suspended(stage, app)
                    await stage.served(app)
        if ending is not Ending.ENDS:
            await stage.served(app)
    if ending is Ending.ENDS:
        assert isinstance(
            stage.ended_with,
            BotError | discord.ConnectionClosed | discord.PrivilegedIntentsRequired,
        )
        async with stage.running() as app:
            await stage.served(app)
    assert stage.ended_with is None


async def writing_to_a_person(stage: Stage, fault: Fault, ending: Ending) -> None:
    """The same where the channel is that of a person's direct messages."""
    stage.faulted = stage.open_direct()
    await sending(stage, fault, ending)


async def recording(stage: Stage, fault: Fault, ending: Ending) -> None:
    """Discord has stored the message, and its answer is on the way."""
    async with stage.running() as app:
        await stage.owe(app)
        await _during_a_request(stage, fault, _posts(stage), ending)
        await stage.served(app)


async def reconciling(stage: Stage, fault: Fault, ending: Ending) -> None:
    """The answer to a message was lost, Discord has forgotten its nonce, and the bot looks for
    it in the channel's history."""
    stage.discord.world.nonce_remembered = timedelta(0)
    async with stage.running(nonce_remembered=timedelta(0)) as app:
        await stage.owe(app)
        stage.discord.inject(Cut(carried_out=True), *_posts(stage))
        history = ("GET", f"/channels/{stage.faulted}/messages")
        if fault.family is Family.STORE:
            await _during_a_request(stage, fault, history, ending)
        else:
            async with fault.arrange(stage, history):
                await app.scheduling.sweep()
                if ending is Ending.SUSPENDED:
                    await _suspended(stage, app)
                await stage.served(app)
        await stage.served(app)


async def _during_a_request(
    stage: Stage, fault: Fault, route: Route, ending: Ending = Ending.ONCE
) -> None:
    """The fault begins when Discord has done what was asked, before its answer arrives."""
    rule = stage.discord.inject(Held(carried_out=True, answered=True), *route)
    sweeping = asyncio.create_task(stage.app.scheduling.sweep())
    await rule.met()
    async with fault.arrange(stage, route):
        rule.release()
        await _stands_still(stage, fault, ending)
    await sweeping


async def _stands_still(stage: Stage, fault: Fault, ending: Ending) -> None:
    """The log says that it does; of what was cancelled only the store tells."""
    if ending is Ending.NEXT and not fault.name.startswith("store-cancelled"):
        await stage.logged("stands still")


async def _suspended(stage: Stage, app: App) -> None:
    """It is visible, the other channel is served, and changing the channel mends it."""
    subscription = await stage.subscription(app, stage.faulted)
    assert subscription is not None
    assert subscription.state is SubscriptionState.SUSPENDED
    assert subscription.suspension is not None
    assert subscription.suspension.reason
    await stage.served(app, stage.well)
    if subscription.reader_id is None:
        stage.discord.allow(stage.faulted)
    else:
        told = await stage.ask(stage.faulted, "follow list")
        [message] = await told.followed_up(within=WITHIN)
        assert "were closed to me" in message.content


# --- answering a command ------------------------------------------------------------------


async def acknowledging(stage: Stage, fault: Fault, ending: Ending) -> None:
    """A command has come, and the bot tells Discord that it is thinking."""
    async with stage.running() as app:
        if fault.family is Family.GATEWAY:
            rule = stage.discord.inject(Held(carried_out=True, answered=True), *CALLBACK)
            interaction = await _subscribe(stage)
            await rule.met()
            async with fault.arrange(stage, CALLBACK):
                rule.release()
                await _answered(stage, interaction, ending)
        else:
            async with fault.arrange(stage, CALLBACK):
                await _answered(stage, await _subscribe(stage), ending)
        await _answers_again(stage, app)


async def answering(stage: Stage, fault: Fault, ending: Ending) -> None:
    """The bot does what was asked, and sends the words that tell of it."""
    async with stage.running() as app:
        async with fault.arrange(stage, FOLLOW_UP):
            await _answered(stage, await _subscribe(stage), ending)
        if fault.family is Family.STORE and ending is Ending.SAID:
            assert await stage.subscription(app, stage.faulted) is None
        await _answers_again(stage, app)


async def _subscribe(stage: Stage) -> Interaction:
    return await stage.ask(stage.faulted, "subscribe", {"timezone": "Asia/Seoul"})


async def _answered(stage: Stage, interaction: Interaction, ending: Ending) -> None:
    if ending is Ending.SILENT:
        await stage.logged("the answer did not arrive")
        return
    content = (await interaction.message(within=WITHIN)).content
    if ending is Ending.ANSWERED:
        assert "daily at 09:00 (Asia/Seoul)" in content
    else:
        assert "daily at" not in content
        assert content
        assert stage.file not in content


async def _answers_again(stage: Stage, app: App) -> None:
    """The next command is answered, by the state that the first one left."""
    before = await stage.subscription(app, stage.faulted)
    content = (await (await _subscribe(stage)).message()).content
    assert ("gets the daily papers already" if before else "daily at 09:00") in content
    assert await stage.subscription(app, stage.faulted) is not None


# --- looking up ---------------------------------------------------------------------------


async def looking_up(stage: Stage, fault: Fault, ending: Ending) -> None:
    """Somebody asks for a list that has two pages; the bot has said that it is thinking."""
    async with stage.running() as app:
        await _archive(stage, app)
        async with fault.arrange(stage, SHOWN):
            if fault.family is Family.SOURCE:
                await app.collecting.refresh()
            message = await (await _list(stage)).message(within=WITHIN)
            if ending is Ending.ANSWERED:
                assert "Paper 1]" in _shown(message)
            else:
                _is_a_sentence(stage, message)
        again = await (await _list(stage)).message(within=WITHIN)
        assert "Paper 1]" in _shown(again)


async def pressing(stage: Stage, fault: Fault, ending: Ending) -> None:
    """A button has been pressed, and the bot tells Discord that it has seen it."""
    async with stage.running() as app:
        message = await _archived_list(stage, app)
        if fault.family is Family.GATEWAY:
            rule = stage.discord.inject(Held(carried_out=True, answered=True), *CALLBACK)
            pressed = await _press(stage, message)
            await rule.met()
            async with fault.arrange(stage, CALLBACK):
                rule.release()
                await _turned(stage, message, pressed, ending)
        else:
            async with fault.arrange(stage, CALLBACK):
                await _turned(stage, message, await _press(stage, message), ending)
        await _turns_again(stage, app)


async def turning_a_page(stage: Stage, fault: Fault, ending: Ending) -> None:
    """A button has been pressed, which is acknowledged; the bot shows the page."""
    async with stage.running() as app:
        message = await _archived_list(stage, app)
        async with fault.arrange(stage, SHOWN):
            if fault.family is Family.SOURCE:
                await app.collecting.refresh()
            await _turned(stage, message, await _press(stage, message), ending)
        await _turns_again(stage, app)


async def _archived_list(stage: Stage, app: App) -> Message:
    """A list of twelve papers, on two pages, as it was shown to somebody."""
    await _archive(stage, app)
    return await (await _list(stage)).message(within=WITHIN)


async def _press(stage: Stage, message: Message) -> Interaction:
    return await stage.discord.click(message, stage.manager, _next(message))


async def _turned(stage: Stage, message: Message, pressed: Interaction, ending: Ending) -> None:
    if ending is Ending.ANSWERED:
        await pressed.changed(within=WITHIN)
        assert "Paper 11]" in _shown(message)
    elif ending is Ending.SILENT:
        await stage.logged("the answer did not arrive")
    else:
        _is_a_sentence(stage, await _said(pressed))


async def _said(pressed: Interaction) -> Message:
    """What the presser is told, as the first answer or after it."""
    if (await pressed.answered(within=WITHIN))["type"] == MESSAGE:
        return await pressed.message(within=WITHIN)
    [said] = await pressed.followed_up(within=WITHIN)
    return said


async def _turns_again(stage: Stage, app: App) -> None:
    """The next list is turned as ever."""
    message = await _archived_list(stage, app)
    await _turned(stage, message, await _press(stage, message), Ending.ANSWERED)


async def _archive(stage: Stage, app: App) -> None:
    """A list of twelve papers is stored."""
    stage.publish(range(1, 13))
    await app.collecting.refresh()


async def _list(stage: Stage) -> Interaction:
    return await stage.ask(stage.faulted, "papers day", {"date": DAY.isoformat()})


def _shown(message: Message) -> str:
    return "\n".join(embed.get("description", "") for embed in message.embeds)


def _is_a_sentence(stage: Stage, message: Message) -> None:
    assert message.content
    assert message.flags & EPHEMERAL
    assert stage.file not in message.content


def _next(message: Message) -> str:
    """The `custom_id` of the button that leads on."""
    buttons = [child for row in message.components for child in row["components"]]
    return next(str(button["custom_id"]) for button in buttons if button.get("label") == "Next")


# --- what readers say ---------------------------------------------------------------------

_SAVED: Final = f"saved:{PAPER}"
"""The button that saves the first paper."""


async def tracking(stage: Stage, fault: Fault, ending: Ending) -> None:
    """Somebody reacts to a card."""
    async with stage.running() as app:
        card = await _a_card(stage, app)
        async with fault.arrange(stage, NOWHERE):
            stage.discord.react(stage.faulted, card.id, stage.manager, "🔖")
            if fault.name in ("store-full", "store-locked-long"):
                await stage.logged("their messages will be read again")
            elif fault.family is Family.STORE:
                await _stored(stage, app, "saved")
        if ending is not Ending.ENDS:
            await _stored(stage, app, "saved")
    if ending is Ending.ENDS:
        async with stage.running() as app:
            await _stored(stage, app, "saved")
    assert stage.ended_with is None


async def reading_again(stage: Stage, fault: Fault, ending: Ending) -> None:
    """Somebody has reacted to a card while nobody heard, and there is a new session."""
    async with stage.running() as app:
        card = await _a_card(stage, app)
        card.reactions["🔖"] = [stage.manager]
        history = ("GET", f"/channels/{stage.faulted}/messages")
        async with fault.arrange(stage, history):
            app.tracking.lost(lambda _guild_id: True)
            if fault.name in ("store-full", "store-locked-long"):
                await stage.logged("reactions cannot be read again yet")
            else:
                await app.tracking.caught_up()
                await _stored(stage, app, *([] if ending is Ending.LEFT else ["saved"]))
        stage.discord.allow(stage.faulted)
        if ending is Ending.LEFT:
            app.tracking.lost(lambda _guild_id: True)
        await _stored(stage, app, "saved")


async def saying_so(stage: Stage, fault: Fault, ending: Ending) -> None:
    """Save has been pressed under a card, which is acknowledged."""
    async with stage.running() as app:
        card = await _a_card(stage, app)
        async with fault.arrange(stage, SHOWN):
            pressed = await stage.discord.click(card, stage.manager, _SAVED)
            if ending is Ending.SAID:
                _is_a_sentence(stage, await _said(pressed))
                await _stored(stage, app)
            else:
                await _stored(stage, app, "saved")
            if fault.family is Family.DISCORD:
                await until(lambda: "Save 1" in _labels(card) or "did not arrive" in stage.log.text)
        if ending is Ending.SAID:
            await stage.discord.click(card, stage.manager, _SAVED)
            await _stored(stage, app, "saved")
        other = stage.discord.add_member(stage.guild, "seojun")
        await stage.discord.click(card, other, _SAVED)
        await until(lambda: "Save 2" in _labels(card))


async def _a_card(stage: Stage, app: App) -> Message:
    """The first paper's card in the faulted channel; nothing is left to be done."""
    await stage.owe(app)
    await app.scheduling.sweep()
    await stage.served(app)
    await app.tracking.caught_up()
    return stage.discord.messages(stage.faulted)[0]


async def _stored(stage: Stage, app: App, *verdicts: str) -> None:
    """Return once the manager has said this of the first paper, and nothing else of any."""
    async with asyncio.timeout(WITHIN):
        while True:
            async with app.database.reading() as stores:
                said = await stores.interests.of_reader(stage.manager)
            if [(each.paper_id, each.verdict.value) for each in said] == [
                (PAPER, verdict) for verdict in verdicts
            ]:
                return
            await asyncio.sleep(0.01)


def _labels(message: Message) -> list[str]:
    return [child["label"] for row in message.components for child in row["components"]]


# --- summaries ----------------------------------------------------------------------------

_BEFORE, _BETTER = "abstract", "AI summary"
"""What the footer of a card says of its bullets."""


async def summarising(stage: Stage, fault: Fault, ending: Ending) -> None:
    """A list of abstracts was read, and the language model is asked for bullets."""
    stage.reads_with_a_model()
    async with stage.running() as app:
        assert app.summarising is not None
        _publish_abstracts(stage)
        await app.collecting.refresh()
        await stage.subscribe(app)
        if fault.family is Family.STORE:
            held = Later()
            stage.model.always(held)
            await app.scheduling.collect()
            await stage.served(app)
            await held.met.wait()
            async with fault.arrange(stage, NOWHERE):
                stage.model.always(None)
                held.released.set()
                await app.summarising.caught_up()
                if ending is Ending.LATER:
                    await stage.logged("no summary of")
        else:
            async with fault.arrange(stage, NOWHERE):
                await app.scheduling.collect()
                await stage.served(app)
                if ending is Ending.LATER:
                    await stage.logged(
                        "the language model" if "key" in fault.name else "no summary"
                    )
                    assert _origins(stage, stage.well) == [_BEFORE] * len(TITLES)
        if ending is Ending.LATER:
            await app.collecting.refresh()
        await _improved(stage, stage.faulted, stage.well)
        await stage.served(app)


async def improving(stage: Stage, fault: Fault, ending: Ending) -> None:
    """Better bullets are kept, and a card is edited."""
    async with stage.running() as app:
        await stage.owe(app)
        await app.scheduling.sweep()
        await stage.served(app)
        edits: Route = ("PATCH", f"/channels/{stage.faulted}/messages/*")
        await _summarised(stage, app)
        if fault.family is Family.STORE:
            rule = stage.discord.inject(Held(carried_out=True, answered=True), *edits)
            app.improving.wake()
            await rule.met()
            async with fault.arrange(stage, edits):
                rule.release()
                if ending is Ending.LATER:
                    await stage.logged("no card is edited")
        else:
            async with fault.arrange(stage, edits):
                app.improving.wake()
                await _improved(
                    stage, *([stage.well] if ending is Ending.STAYS else stage.channels)
                )
                await app.improving.caught_up()
        if ending is Ending.STAYS:
            assert _BEFORE in _origins(stage, stage.faulted)
            app.improving.wake()
        else:
            await _improved(stage, *stage.channels)
        await app.improving.caught_up()
        await stage.served(app)


def _publish_abstracts(stage: Stage) -> None:
    papers = [listed(n, upvotes=50 - n, summary=BEFORE + AFTER) for n in (1, 2, 3)]
    stage.hub.list(DAY, papers)


async def _summarised(stage: Stage, app: App) -> None:
    """A model's bullets are kept, of every paper."""
    summary = a_summary("It waits.", "It reads again.", origin=SummaryOrigin.MODEL)
    async with app.database.transaction() as stores:
        for number in (1, 2, 3):
            await stores.summaries.keep(paper_id(number), summary, posted_since=NOW - EDITED_FOR)


async def _improved(stage: Stage, *channels: int) -> None:
    """Return once the cards of these channels have the better bullets."""
    await until(lambda: all(_origins(stage, each) == [_BETTER] * len(TITLES) for each in channels))


def _origins(stage: Stage, channel: int) -> list[str]:
    """Where the bullets of a channel's cards come from, as their footers say."""
    return [
        message.embeds[0]["footer"]["text"].rpartition(" · ")[2]
        for message in stage.discord.messages(channel)
    ]


# --- following ----------------------------------------------------------------------------


async def following(stage: Stage, fault: Fault, ending: Ending) -> None:
    """Somebody follows for the first time, and their direct messages are opened."""
    async with stage.running() as app:
        async with fault.arrange(stage, ("POST", "/users/@me/channels")):
            content = (await (await _follow(stage)).message(within=WITHIN)).content
            assert stage.file not in content
            if ending is Ending.ANSWERED:
                assert "You follow `diffusion` now" in content
            else:
                assert content
                assert "You follow" not in content
                assert await app.following.follows(stage.manager) == ()
                assert await app.following.subscription(stage.manager) is None
        async with asyncio.timeout(WITHIN):
            while "You follow `diffusion`" not in content:  # a shield blocks for a second
                await asyncio.sleep(0.3)
                content = (await (await _follow(stage)).message(within=WITHIN)).content
        [follow] = await app.following.follows(stage.manager)
        assert follow.said == "diffusion"
        subscription = await app.following.subscription(stage.manager)
        assert subscription is not None
        assert subscription.channel_id == stage.open_direct()


async def _follow(stage: Stage) -> Interaction:
    return await stage.ask(stage.faulted, "follow words", {"words": "diffusion"})


# --- pages --------------------------------------------------------------------------------


async def showing_a_page(stage: Stage, fault: Fault, ending: Ending) -> None:
    """A browser asks for a day and for the feed, which have not been asked for before."""
    assert ending is Ending.ANSWERED
    stage.settings["http_port"] = str(_unused_port())
    async with stage.running() as app:
        await _archive(stage, app)
        assert app.web is not None
        address = f"http://127.0.0.1:{app.web.port}"
        async with aiohttp.ClientSession(address) as browser, fault.arrange(stage, SHOWN):
            if fault.family is Family.SOURCE:
                await app.collecting.refresh()
            for path in (f"/day/{DAY}", "/feed.atom"):
                async with browser.get(path) as answer:
                    assert answer.status == 200
                    assert "Paper 1" in await answer.text()


def _unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


PHASES: Final = (
    Phase(name="collecting", what="a list is read", run=collecting),
    Phase(name="planning", what="a delivery is decided and written down", run=planning),
    Phase(name="sending", what="a message is claimed and handed to Discord", run=sending),
    Phase(name="recording", what="that Discord has it is written down", run=recording),
    Phase(name="reconciling", what="the channel's history is looked through", run=reconciling),
    Phase(name="acknowledging", what="a command is acknowledged", run=acknowledging),
    Phase(name="answering", what="a command is carried out and answered", run=answering),
    Phase(name="looking up", what="a look-up is answered from the store", run=looking_up),
    Phase(name="pressing", what="a button is acknowledged", run=pressing),
    Phase(name="turning a page", what="the list under a button is changed", run=turning_a_page),
    Phase(name="tracking", what="a reaction under a card is noted", run=tracking),
    Phase(name="reading again", what="reactions are read after a gap", run=reading_again),
    Phase(name="summarising", what="a language model is asked for bullets", run=summarising),
    Phase(name="improving", what="a card is edited, for better bullets", run=improving),
    Phase(name="saying so", what="a press of Like or Save is noted and counted", run=saying_so),
    Phase(name="following", what="a person's direct messages are opened", run=following),
    Phase(
        name="writing to a person",
        what="a paper is sent as a direct message",
        run=writing_to_a_person,
    ),
    Phase(name="showing a page", what="a browser is shown a day's list", run=showing_a_page),
)
