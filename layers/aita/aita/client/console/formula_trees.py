"""Texts with their formulas as trees, from which pages make elements one by one, as no text may become markup there."""

import re
from xml.etree import ElementTree

from aita.reports.formulas import pieces

Tree = str | list["Tree | dict[str, str]"]
"""An element as ``[tag, attributes, child, ...]``; a text as itself."""

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def formula_trees(text: str) -> list[tuple[str, Tree | None]]:
    """Return the pieces of a text: each with its source and, if it is a formula, the tree of its MathML."""
    found = [(source, None if formula is None else _parsed(formula)) for source, formula in pieces(text)]
    return [piece for piece in found if piece[0]]


def _parsed(formula: str) -> Tree:
    return _tree(ElementTree.fromstring(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", formula)))  # noqa: S314 - cleaned


def _tree(element: ElementTree.Element) -> Tree:
    children: list[Tree | dict[str, str]] = [element.tag, dict(element.attrib)]
    if element.text:
        children.append(element.text)
    for child in element:
        children.append(_tree(child))
        if child.tail:
            children.append(child.tail)
    return children
