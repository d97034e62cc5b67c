"""First and last names, which gradebooks have in two columns."""

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "md"})


def split_name(name: str) -> tuple[str, str]:
    """Return a person's first and last name.

    ``Last, First`` is split at its comma, unless a suffix such as ``Jr.`` follows the comma. Without a comma, the last
    name is the last word, together with a suffix behind it and lower-case words before it, as in ``Ludwig van
    Beethoven``; in a name that is all lower case, no such words are added. A single word is the first name. Two last
    names, as in ``Inés Muñoz Tarrés``, are not recognised; they need a roster with a column for each part.

    >>> split_name("de la Cruz, Juana")
    ('Juana', 'de la Cruz')
    >>> split_name("Juana de la Cruz")
    ('Juana', 'de la Cruz')
    """
    before, comma, after = name.partition(",")
    if comma and before.strip() and after.strip() and not _is_suffix(after):
        return " ".join(after.split()), " ".join(before.split())
    words = name.split()
    start = len(words) - 1
    if start > 1 and _is_suffix(words[start]):
        start -= 1
    if name != name.lower():
        while start > 1 and words[start - 1][0].islower():
            start -= 1
    start = max(start, 1)
    return " ".join(words[:start]), " ".join(words[start:])


def first_name_first(name: str) -> str:
    """Return ``Last, First`` as ``First Last``, and any other name unchanged."""
    return " ".join(split_name(name)).strip() if "," in name else name


def _is_suffix(text: str) -> bool:
    return text.strip().replace(".", "").lower() in _SUFFIXES
