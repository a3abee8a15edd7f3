"""Buttons, selects and modals: what Discord takes, and what its client lets people do with them.

Limits: https://discord.com/developers/docs/components/reference and, for modals,
https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-modal
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tests.loopback.discord_errors import FieldError, Json, invalid_form
from tests.loopback.discord_fields import (
    Path,
    at_most,
    between,
    in_range,
    one_of,
    required,
    url_errors,
)

ROWS: Final = 5
ROW_BUTTONS: Final = 5
BUTTON_LABEL: Final = 80
BUTTON_URL: Final = 512
CUSTOM_ID: Final = 100
SELECT_OPTIONS: Final = 25
OPTION: Final = 100
"""An option's label, its value and its description, each."""
SELECT_PLACEHOLDER: Final = 150
MODAL_TITLE: Final = 45
MODAL_COMPONENTS: Final = 5
INPUT_LABEL: Final = 45
INPUT_DESCRIPTION: Final = 100
INPUT_PLACEHOLDER: Final = 100
INPUT: Final = 4000

ACTION_ROW, BUTTON, STRING_SELECT, TEXT_INPUT, LABEL = 1, 2, 3, 4, 18
"""Component types: …/components/reference#component-object-component-types"""

_SELECTS: Final = frozenset({STRING_SELECT, 5, 6, 7, 8})
_LINK_STYLE, _PREMIUM_STYLE = 5, 6


# --- on messages --------------------------------------------------------------------------


def row_errors(rows: Sequence[Json], at: Path) -> Iterator[FieldError]:
    """What is wrong with the components of a message."""
    yield from at_most(at, rows, ROWS)
    seen: set[str] = set()
    for number, row in enumerate(rows):
        here = (*at, number)
        if row.get("type") != ACTION_ROW:
            yield from one_of((*here, "type"), row.get("type"), (ACTION_ROW,))
            continue
        children: list[Json] = row.get("components") or []
        yield from between((*here, "components"), children, 1, ROW_BUTTONS)
        if len(children) > 1 and any(child.get("type") in _SELECTS for child in children):
            yield FieldError(
                (*here, "components"),
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                "The specified component exceeds the maximum width",
            )
        for index, child in enumerate(children):
            yield from _child_errors(child, (*here, "components", index), seen)


def _child_errors(child: Json, at: Path, seen: set[str]) -> Iterator[FieldError]:
    kind = child.get("type")
    if kind == BUTTON:
        yield from _button_errors(child, at)
    elif kind in _SELECTS:
        yield from _select_errors(child, at)
    else:
        yield from one_of((*at, "type"), kind, (BUTTON, *sorted(_SELECTS)))
        return
    if kind == BUTTON and child.get("style") in (_LINK_STYLE, _PREMIUM_STYLE):
        return
    yield from _custom_id_errors(child.get("custom_id"), (*at, "custom_id"), seen)


def _button_errors(button: Json, at: Path) -> Iterator[FieldError]:
    style = button.get("style")
    yield from at_most((*at, "label"), button.get("label"), BUTTON_LABEL)
    if style == _LINK_STYLE:
        if button.get("url") is None:
            yield required((*at, "url"))
        else:
            yield from url_errors(button["url"], (*at, "url"), limit=BUTTON_URL)
        if button.get("custom_id") is not None:
            yield FieldError(
                (*at, "custom_id"),
                "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                "A custom id and url cannot both be specified",
            )
    else:
        yield from one_of((*at, "style"), style, tuple(range(1, _PREMIUM_STYLE + 1)))
    if style != _PREMIUM_STYLE and not (button.get("label") or button.get("emoji")):
        yield required((*at, "label"))


def _select_errors(select: Json, at: Path) -> Iterator[FieldError]:
    yield from at_most((*at, "placeholder"), select.get("placeholder"), SELECT_PLACEHOLDER)
    yield from in_range((*at, "min_values"), select.get("min_values"), 0, SELECT_OPTIONS)
    yield from in_range((*at, "max_values"), select.get("max_values"), 1, SELECT_OPTIONS)
    if select["type"] != STRING_SELECT:
        return
    options: list[Json] = select.get("options") or []
    yield from between((*at, "options"), options, 1, SELECT_OPTIONS)
    seen: set[str] = set()
    for number, option in enumerate(options):
        here = (*at, "options", number)
        for name in ("label", "value"):
            if not option.get(name):
                yield required((*here, name))
        for name in ("label", "value", "description"):
            yield from at_most((*here, name), option.get(name), OPTION)
        if option.get("value") in seen:
            yield FieldError(
                (*here, "value"),
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            )
        seen.add(option.get("value") or "")


def _custom_id_errors(custom_id: str | None, at: Path, seen: set[str]) -> Iterator[FieldError]:
    if not custom_id:
        yield required(at)
        return
    yield from at_most(at, custom_id, CUSTOM_ID)
    if custom_id in seen:
        yield FieldError(
            at, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
        )
    seen.add(custom_id)


# --- in modals ----------------------------------------------------------------------------


def check_modal(modal: Json, *, prefix: Path = ()) -> None:
    """Raise what Discord answers if `modal` is none; `prefix` leads to it in the request."""
    if errors := tuple(_modal_errors(modal, prefix)):
        raise invalid_form(*errors)


def _modal_errors(modal: Json, at: Path) -> Iterator[FieldError]:
    if not modal.get("title"):
        yield required((*at, "title"))
    yield from at_most((*at, "title"), modal.get("title"), MODAL_TITLE)
    yield from _custom_id_errors(modal.get("custom_id"), (*at, "custom_id"), set())
    components: list[Json] = modal.get("components") or []
    yield from between((*at, "components"), components, 1, MODAL_COMPONENTS)
    seen: set[str] = set()
    for number, holder in enumerate(components):
        here = (*at, "components", number)
        yield from one_of((*here, "type"), holder.get("type"), (ACTION_ROW, LABEL))
        if holder.get("type") == LABEL:
            if not holder.get("label"):
                yield required((*here, "label"))
            yield from at_most((*here, "label"), holder.get("label"), INPUT_LABEL)
            yield from at_most((*here, "description"), holder.get("description"), INPUT_DESCRIPTION)
        for path, child in _children(holder):
            yield from _input_errors(child, (*here, *path), seen)


def _input_errors(child: Json, at: Path, seen: set[str]) -> Iterator[FieldError]:
    kind = child.get("type")
    if kind == TEXT_INPUT:
        yield from one_of((*at, "style"), child.get("style"), (1, 2))
        yield from at_most((*at, "label"), child.get("label"), INPUT_LABEL)
        yield from at_most((*at, "placeholder"), child.get("placeholder"), INPUT_PLACEHOLDER)
        yield from at_most((*at, "value"), child.get("value"), INPUT)
        yield from in_range((*at, "min_length"), child.get("min_length"), 0, INPUT)
        yield from in_range((*at, "max_length"), child.get("max_length"), 1, INPUT)
    elif kind == STRING_SELECT:
        yield from _select_errors(child, at)
    else:
        yield from one_of((*at, "type"), kind, (STRING_SELECT, TEXT_INPUT))
    yield from _custom_id_errors(child.get("custom_id"), (*at, "custom_id"), seen)


def _children(holder: Json) -> list[tuple[Path, Json]]:
    """What a row or a label holds, with the path to it."""
    if "component" in holder:
        return [(("component",), holder["component"])]
    return [(("components", i), c) for i, c in enumerate(holder.get("components") or [])]


# --- what people do with them -------------------------------------------------------------


def component_of(rows: Sequence[Json], custom_id: str) -> Json:
    """The button or select with this id, which can be used; `LookupError` and `ValueError` for
    one that is not there or is disabled."""
    children: Iterator[Json] = (child for row in rows for child in row.get("components") or [])
    found = next((child for child in children if child.get("custom_id") == custom_id), None)
    if found is None:
        raise LookupError(f"there is no component {custom_id!r}")
    if found.get("disabled"):
        raise ValueError(f"{custom_id!r} is disabled")
    return found


def chosen(select: Json, values: Sequence[str]) -> list[str]:
    """`values`, if a select's options allow these and so many."""
    offered = [option["value"] for option in select["options"]]
    for value in values:
        if value not in offered:
            raise ValueError(f"{select['custom_id']!r} offers {offered}, not {value!r}")
    low, high = select.get("min_values", 1), select.get("max_values", 1)
    if not low <= len(values) <= high:
        raise ValueError(f"{select['custom_id']!r} takes {low} to {high} options")
    return list(values)


def filled(modal: Json, texts: Mapping[str, str]) -> list[Json]:
    """The components of a modal as they are submitted with these texts, by custom id."""
    inputs = {c["custom_id"]: c for holder in modal["components"] for _, c in _children(holder)}
    if unknown := set(texts) - set(inputs):
        raise LookupError(f"the modal has no {', '.join(sorted(unknown))}")
    values = {}
    for custom_id, definition in inputs.items():
        text = texts.get(custom_id, definition.get("value") or "")
        low, high = definition.get("min_length") or 0, definition.get("max_length") or INPUT
        if definition.get("required", True):
            low = max(low, 1)
        if not low <= len(text) <= high:
            raise ValueError(f"{custom_id!r} takes {low} to {high} characters")
        values[custom_id] = {"type": TEXT_INPUT, "custom_id": custom_id, "value": text}
    return [_submitted(holder, values) for holder in modal["components"]]


def _submitted(holder: Json, values: Mapping[str, Json]) -> Json:
    """.../receiving-and-responding#interaction-object-modal-submit-data-structure"""
    submitted: list[Any] = [values[child["custom_id"]] for _, child in _children(holder)]
    if "component" in holder:
        return {"type": LABEL, "component": submitted[0]}
    return {"type": ACTION_ROW, "components": submitted}
