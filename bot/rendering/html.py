"""HTML that cannot be broken by what stands in it: all text is escaped but what was made here."""

from html import escape
from typing import Final, TypeAlias

_VOID: Final = frozenset({"img", "link", "meta"})


class Html(str):
    """Markup that `element` made, and that stands as it is."""

    __slots__ = ()


Child: TypeAlias = Html | str | None
Attribute: TypeAlias = str | int | bool | None


def element(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """The element `name`; `children` are its text and elements, in their order, without `None`.

    An attribute's name is written with underscores for hyphens, and with one behind it where
    Python has the word (`class_`). `None` and `False` leave it out, `True` writes the name alone.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Html:
    """Several children one after the other, text escaped."""
    return Html(
        "".join(
            child if isinstance(child, Html) else escape(child)
            for child in children
            if child is not None
        )
    )


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
