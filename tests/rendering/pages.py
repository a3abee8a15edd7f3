"""HTML read as a browser would, by a strict reader: what is open must be closed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"img", "link", "meta"}


@dataclass
class Node:
    """An element; what it holds is other elements and text, in order."""

    name: str
    attributes: dict[str, str | None]
    holds: list["Node | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(one if isinstance(one, str) else one.text for one in self.holds)

    def __iter__(self) -> Iterator["Node"]:
        """The elements within, in the order of the page."""
        for one in self.holds:
            if isinstance(one, Node):
                yield one
                yield from one

    def all(self, name: str, **attributes: str) -> list["Node"]:
        wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
        return [
            node for node in self if node.name == name and wanted.items() <= node.attributes.items()
        ]

    def one(self, name: str, **attributes: str) -> "Node":
        (found,) = self.all(name, **attributes)
        return found


def read_html(written: str) -> Node:
    """The page, or the piece of one; `AssertionError` if an element is not closed in order."""
    reader = _Reader()
    reader.feed(written)
    reader.close()
    assert len(reader.open) == 1, f"not closed: {[node.name for node in reader.open[1:]]}"
    return reader.open[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Node("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        assert len(node.attributes) == len(attrs), f"<{tag}> repeats an attribute"
        self.open[-1].holds.append(node)
        if tag not in _VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        node = self.open.pop()
        assert node.name == tag, f"</{tag}> where <{node.name}> is open"

    def handle_data(self, data: str) -> None:
        self.open[-1].holds.append(data)
