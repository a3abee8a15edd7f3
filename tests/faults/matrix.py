"""The matrix: every fault at every phase, how it ends, or why there is no such cell.

A new capability adds its phases and faults; each new pair then needs an ending or a reason.

    python -m tests.faults.matrix     # writes docs/faults.md
"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from tests.faults.faults import FAULTS, Family, Fault
from tests.faults.phases import MEANING, PHASES, Ending, Phase

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "faults.md"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A fault at a phase, and how it ends."""

    fault: Fault
    phase: Phase
    ending: Ending

    @property
    def name(self) -> str:
        return f"{self.phase.name}-{self.fault.name}"


# --- why there is no such cell ------------------------------------------------------------

_ABSENT: Final[dict[tuple[Family, str], str]] = {
    (Family.DISCORD, "collecting"): "Discord is asked nothing while a list is read",
    (Family.DISCORD, "planning"): "Discord is asked nothing while a delivery is planned",
    (Family.DISCORD, "recording"): "Discord has answered already; an answer that is lost belongs "
    "to sending",
    (Family.GATEWAY, "collecting"): "collecting works without the gateway",
    (Family.GATEWAY, "planning"): "planning works without the gateway",
    (Family.GATEWAY, "recording"): "the same as sending: the gateway is lost between a request "
    "and its record",
    (Family.GATEWAY, "reconciling"): "the history is asked for over HTTP, as a message is sent",
    (Family.GATEWAY, "answering"): "the words go over HTTP, as the acknowledgement does",
    (Family.SOURCE, "sending"): "what is planned is sent from the store",
    (Family.SOURCE, "recording"): "what was sent is recorded without asking Hugging Face",
    (Family.SOURCE, "reconciling"): "the history is compared with what the store holds",
    (Family.SOURCE, "acknowledging"): "a command is acknowledged before anything is looked up",
    (Family.SOURCE, "answering"): "commands read the store, never a source",
    (Family.GATEWAY, "looking up"): "the list goes over HTTP, as the acknowledgement does",
    (Family.GATEWAY, "turning a page"): "the list goes over HTTP, as the acknowledgement does",
    (Family.STORE, "acknowledging"): "a command is acknowledged before the store is asked",
    (Family.SOURCE, "pressing"): "a press is acknowledged before anything is looked up",
    (Family.STORE, "pressing"): "a press is acknowledged before the store is asked",
    (Family.DISCORD, "tracking"): "Discord tells of reactions, and is asked nothing",
    (Family.SOURCE, "tracking"): "what readers say is no source's business",
    (Family.GATEWAY, "reading again"): "the history is asked for over HTTP, as a message is sent",
    (Family.SOURCE, "reading again"): "what readers say is no source's business",
    (Family.GATEWAY, "saying so"): "the counts go over HTTP, as the acknowledgement does",
    (Family.SOURCE, "saying so"): "what readers say is no source's business",
    (Family.DISCORD, "summarising"): "Discord is asked nothing for bullets",
    (Family.GATEWAY, "summarising"): "bullets are written without the gateway",
    (Family.SOURCE, "summarising"): "the abstracts are in the store",
    (Family.GATEWAY, "improving"): "cards are edited over HTTP",
    (Family.SOURCE, "improving"): "the better bullets are in the store",
    (Family.MODEL, "improving"): "the better bullets are in the store",
    **{
        (Family.MODEL, phase.name): "nothing but summarising asks the language model, or waits "
        "for it"
        for phase in PHASES
        if phase.name not in ("summarising", "improving")
    },
    (Family.GATEWAY, "following"): "direct messages are opened over HTTP",
    (Family.SOURCE, "following"): "commands read the store, never a source",
    (Family.GATEWAY, "writing to a person"): "the same as sending: a person has a channel",
    (Family.SOURCE, "writing to a person"): "what is planned is sent from the store",
    (Family.DISCORD, "showing a page"): "Discord is asked nothing for a page",
    (Family.GATEWAY, "showing a page"): "pages are shown without the gateway",
}

_ALSO_ABSENT: Final[dict[tuple[str, str], str]] = {
    **{
        (fault.name, phase): "reading changes nothing at Discord: the same as before"
        for phase in ("reconciling", "reading again")
        for fault in FAULTS
        if fault.family is Family.DISCORD and fault.name.endswith("-after")
    },
    **{
        (fault.name, phase): "the bot ends, as in sending; Discord shows that no answer came"
        for fault in FAULTS
        for phase in ("acknowledging", "pressing")
        if fault.fatal
    },
    **{
        (f"store-cancelled-{of}", phase.name): f"it is a transaction of {of}"
        for of in ("collecting", "planning", "recording")
        for phase in PHASES
        if phase.name
        not in (of, "reconciling" if of == "recording" else of, "acknowledging", "pressing")
    },
    ("store-full", "turning a page"): "turning a page writes nothing",
    ("store-full", "showing a page"): "showing a page writes nothing",
    ("store-cancelled-recording", "answering"): "only the end of the process cancels a command",
}


def absence(fault: Fault, phase: Phase) -> str | None:
    """Why a fault cannot meet a phase; `None` if it can."""
    return _ABSENT.get((fault.family, phase.name)) or _ALSO_ABSENT.get((fault.name, phase.name))


# --- how the others end -------------------------------------------------------------------

_USUALLY: Final[dict[tuple[Family, str], Ending]] = {
    (Family.DISCORD, "sending"): Ending.ONCE,
    (Family.DISCORD, "reconciling"): Ending.ONCE,
    (Family.DISCORD, "acknowledging"): Ending.ANSWERED,
    (Family.DISCORD, "answering"): Ending.ANSWERED,
    (Family.GATEWAY, "sending"): Ending.ONCE,
    (Family.GATEWAY, "acknowledging"): Ending.ANSWERED,
    (Family.GATEWAY, "pressing"): Ending.ANSWERED,
    (Family.DISCORD, "pressing"): Ending.ANSWERED,
    (Family.SOURCE, "collecting"): Ending.KEPT,
    (Family.SOURCE, "planning"): Ending.WAITING,
    (Family.STORE, "collecting"): Ending.KEPT,
    (Family.STORE, "planning"): Ending.NEXT,
    (Family.STORE, "sending"): Ending.NEXT,
    (Family.STORE, "recording"): Ending.NEXT,
    (Family.STORE, "reconciling"): Ending.NEXT,
    (Family.STORE, "answering"): Ending.SAID,
    (Family.GATEWAY, "tracking"): Ending.NOTED,
    (Family.STORE, "tracking"): Ending.NOTED,
    (Family.DISCORD, "reading again"): Ending.NOTED,
    (Family.STORE, "reading again"): Ending.NOTED,
    (Family.DISCORD, "saying so"): Ending.NOTED,
    (Family.STORE, "saying so"): Ending.SAID,
    (Family.MODEL, "summarising"): Ending.LATER,
    (Family.STORE, "summarising"): Ending.LATER,
    (Family.DISCORD, "improving"): Ending.IMPROVED,
    (Family.STORE, "improving"): Ending.LATER,
    (Family.DISCORD, "following"): Ending.ANSWERED,
    (Family.STORE, "following"): Ending.SAID,
    (Family.DISCORD, "writing to a person"): Ending.ONCE,
    (Family.STORE, "writing to a person"): Ending.NEXT,
    **{
        (family, phase): Ending.ANSWERED
        for family in (Family.DISCORD, Family.SOURCE, Family.STORE)
        for phase in ("looking up", "turning a page")
    },
    (Family.SOURCE, "showing a page"): Ending.ANSWERED,
    (Family.STORE, "showing a page"): Ending.ANSWERED,
}

_DISCORD_BUT: Final[dict[str, tuple[Ending | None, Ending | None, Ending | None]]] = {
    # sending and reconciling, acknowledging and pressing, answering; `None`: as usual
    "429-shield": (None, Ending.SAID, Ending.SAID),
    **{f"{status}-before": (None, Ending.SAID, Ending.SAID) for status in (500, 502, 503, 504)},
    **{f"{status}-after": (None, Ending.SAID, None) for status in (500, 502, 503, 504)},
    "timeout-before": (None, Ending.SAID, Ending.SAID),
    "timeout-after": (None, Ending.SAID, None),
    "cut-before": (None, Ending.SILENT, Ending.SILENT),
    "cut-after": (None, Ending.SILENT, None),
    "late": (None, Ending.SAID, Ending.SAID),
    "html-200-before": (None, Ending.SILENT, Ending.SAID),
    "html-200-after": (None, Ending.SAID, None),
    "html-403-before": (None, Ending.SAID, Ending.SAID),
    "html-403-after": (None, Ending.SAID, None),
    "html-502-after": (None, Ending.SAID, None),
    "403": (Ending.SUSPENDED, Ending.SAID, Ending.SAID),
    "404": (Ending.SUSPENDED, Ending.SAID, Ending.SAID),
}

_BUT: Final[dict[tuple[str, str], Ending]] = {
    **{
        (name, phase): but
        for name, (in_channel, at_first, then) in _DISCORD_BUT.items()
        for phase, but in (
            ("sending", in_channel),
            ("writing to a person", in_channel),
            ("reconciling", in_channel),
            ("acknowledging", at_first),
            ("pressing", at_first),
            ("answering", then),
        )
        if but is not None
    },
    # A list that cannot be put in its place is told of beside it.
    **{
        (name, phase): Ending.SAID
        for name in (
            "429-shield",
            *(f"{status}-before" for status in (500, 502, 503, 504)),
            *("timeout-before", "cut-before", "html-200-before", "html-403-before", "403", "404"),
        )
        for phase in ("looking up", "turning a page")
    },
    ("late", "looking up"): Ending.SAID,
    # Whether direct messages could be opened is not known: the person is asked to try again.
    **{
        (name, "following"): Ending.SAID
        for name in (
            "429-shield",
            *(f"{status}-before" for status in (500, 502, 503, 504)),
            *("503-after", "timeout-before", "timeout-after", "cut-before", "cut-after", "late"),
            *("html-200-before", "html-200-after", "html-403-before", "html-403-after"),
            *("403", "404"),
        )
    },
    # What a source stumbles over once is asked for again in the same reading.
    **{
        (name, phase): Ending.ONCE
        for name in ("source-stumble", "source-429")
        for phase in ("collecting", "planning")
    },
    # Writers wait their turn.
    **{
        ("store-locked", phase): Ending.ONCE
        for phase in (
            *("collecting", "planning", "sending", "recording", "reconciling"),
            "writing to a person",
        )
    },
    ("store-locked", "answering"): Ending.ANSWERED,
    ("store-locked", "following"): Ending.ANSWERED,
    ("store-locked", "saying so"): Ending.NOTED,
    # Of these the model is asked again at once.
    **{
        (f"model-{name}", "summarising"): Ending.IMPROVED
        for name in ("stumble", "429", "talk", "half", "refusal", "invented", "script")
    },
    ("store-locked", "summarising"): Ending.IMPROVED,
    ("store-locked", "improving"): Ending.IMPROVED,
    ("403", "improving"): Ending.STAYS,
    ("404", "improving"): Ending.STAYS,
    ("403", "reading again"): Ending.LEFT,
    ("404", "reading again"): Ending.LEFT,
}


def ending(fault: Fault, phase: Phase) -> Ending:
    """How a fault at a phase ends."""
    if fault.fatal:
        return Ending.ENDS
    return _BUT.get((fault.name, phase.name)) or _USUALLY[fault.family, phase.name]


CELLS: Final = tuple(
    Cell(fault=fault, phase=phase, ending=ending(fault, phase))
    for phase, fault in product(PHASES, FAULTS)
    if absence(fault, phase) is None
)


# --- the same for people ------------------------------------------------------------------


def document() -> str:
    """docs/faults.md."""
    lines = [
        "# Faults",
        "",
        "What the bot does when Discord, Hugging Face, the language model or its store misbehave, "
        "at each moment",
        "that they can. Each cell with an ending is a test of the whole bot "
        "(`tests/faults/test_matrix.py`); this",
        "page is written from the same table by `python -m tests.faults.matrix`.",
        "",
        "However a cell ends: nothing is lost, nothing is posted twice. That one channel's trouble "
        "is its own, and",
        "that the bot's every request to Discord has an end, `tests/faults/test_isolation.py` "
        "shows.",
        "",
        "## How it ends",
        "",
        "| In the tables | Means |",
        "|---|---|",
        *(f"| {ending} | {meaning} |" for ending, meaning in MEANING.items()),
        "",
        "## When",
        "",
        "| Phase | What happens in it |",
        "|---|---|",
        *(f"| {phase.name} | {phase.what} |" for phase in PHASES),
    ]
    reasons: dict[str, int] = {}
    for family in Family:
        lines += [
            "",
            f"## {family[0].upper()}{family[1:]}",
            "",
            "| Fault | What | " + " | ".join(phase.name for phase in PHASES) + " |",
            "|---|---|" + "---|" * len(PHASES),
        ]
        for fault in FAULTS:
            if fault.family is family:
                cells = " | ".join(_cell(fault, phase, reasons) for phase in PHASES)
                lines.append(f"| {fault.name} | {fault.what} | {cells} |")
    lines += ["", "## Why there is no such cell", "", "The numbers in brackets:", ""]
    lines += [f"{number}. {reason[0].upper()}{reason[1:]}." for reason, number in reasons.items()]
    return "\n".join([*lines, ""])


def _cell(fault: Fault, phase: Phase, reasons: dict[str, int]) -> str:
    if (reason := absence(fault, phase)) is None:
        return ending(fault, phase)
    return f"({reasons.setdefault(reason, len(reasons) + 1)})"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
