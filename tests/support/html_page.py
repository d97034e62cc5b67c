"""An HTML file as a browser takes it: its elements, their attributes and their text."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_CELLS = {"td", "th"}
_VOID = {"meta", "link", "br", "img", "hr", "input"}


@dataclass
class Element:
    """An element with the text of everything in it; cells of a table are set apart by bars."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class HtmlPage(HTMLParser):
    """A parsed page; ``elements`` in the order of their start tags."""

    elements: list[Element] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    @classmethod
    def of(cls, html: bytes) -> "HtmlPage":
        page = cls()
        HTMLParser.__init__(page)
        page.feed(html.decode())
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag in _CELLS:
            self.handle_data(" | ")
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Return the elements of a tag that have these attributes; ``class_`` stands for one of its classes."""
        wanted = attributes.pop("class_", None)
        return [
            element
            for element in self.elements
            if element.tag == tag
            and attributes.items() <= element.attributes.items()
            and (wanted is None or wanted in element.attributes.get("class", "").split())
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        """Return the one element of that kind."""
        (found,) = self.all(tag, **attributes)
        return found

    @property
    def text(self) -> str:
        """All that is read on the page, with its spaces as one."""
        return words(self.one("body").text)


def words(text: str) -> str:
    return " ".join(text.split())
