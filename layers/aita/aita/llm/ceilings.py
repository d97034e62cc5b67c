"""Limit of a reply's tokens that an endpoint accepts, by the numbers in its refusal of a larger one."""

import re
from dataclasses import dataclass

_NAMES = (
    r"(?:completion|output|generated) tokens|max(?:imum)?[ _]?(?:completion|output|new|reply|response)?[ _]?tokens"
    r"|maxoutputtokens|max_gen_len|num_predict"
)
_SIZE = (
    r"too (?:large|big|high|many)|exceed|at most|(?:less|lower|greater|more) than|\brange\b|[<>]|maximum|upper bound"
    r"|\blimit|must be between|取值范围|超过"
)
_CONTEXT = (
    r"\+|\bplus\b|\bsum\b|context|(?:sequence|model|max(?:imum)?|total)[ _](?:total[ _])?(?:length|len)\b"
    r"|`?inputs`? tokens|max_model_len|total (?:tokens|of)"
)
_OF_REPLY = rf"{_NAMES}|completion|output|generat|max_new_tokens"

_COMMA = r"(?<=\d)[,_](?=\d{3}\b)"
_NUMBER = r"(?<![\w.-])\d{2,7}(?![\w-])"
_PROMPT = (
    r"(\d+) (?:tokens )?(?:in|from|of) (?:the |your )?(?:text )?(?:messages?|prompt|inputs?)\b",
    r"(\d+) `?(?:input|prompt|inputs)`? tokens",
    r"(\d+) tokens from the input",
    r"(?:prompt|input)(?: tokens?)?(?: count| length)?(?: (?:is|contains|has))*:?(?: at least)? \(?(?:length )?(\d+)",
    r"messages resulted in (\d+)",
    r"\((\d+) tokens\) exceeds",
    r"too long: (\d+)",
    r"(\d+) \+ \d+ ?>",
)
_LENGTH = (
    r"\+ \d+ ?> ?(\d+)",
    r"(?:context|model|sequence)[\w' -]{0,20}(?:length|size|window|limit|len)\w*(?: is| of|:| =)?(?: only)? ?\(?(\d+)",
    r"max(?:imum)?[ _](?:total[ _])?(?:length|len|num_tokens)\D{0,20}(\d+)",
    r"<= ?(\d+)",
    r"> ?(\d+) maximum",
    r"tokens allowed \((\d+)\)",
    r"(\d+) maximum context",
    r"> ?(\d+)",
)
_TOTAL = r"requested (?:a total of )?(?:about )?(\d+)(?! output) tokens|requested tokens:? \(?(\d+)"

SHORTEST = 64
"""Shortest limit that is tried, in tokens."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Lower limit of a reply's tokens.

    ``tokens`` is ``None`` if no reply fits, as the prompt alone is too long. ``of_model`` is true if the limit is the
    model's for every reply, and false if it is what its context leaves beside one prompt, or may be.
    """

    tokens: int | None
    of_model: bool


def refuses_name(text: str, name: str) -> bool:
    """Return whether a refusal is of the parameter's name, and not of its size."""
    return re.search(rf"\b{name}\b", text) is not None and not re.search(_SIZE, text.lower())


def lower_ceiling(text: str, sent: int) -> Ceiling | None:
    """Return the limit to send next; ``None`` if a refusal has another reason than the limit or the context.

    Parameters
    ----------
    text
        Diagnostic text of the refusal.
    sent
        Limit that was sent.
    """
    text = re.sub(_COMMA, "", text.lower())
    if not re.search(_SIZE, text):
        return None
    prompt, length = _prompt(text, sent), _first(_LENGTH, text)
    if re.search(_CONTEXT, text) and prompt is not None and length is not None:
        left = length - prompt
        return Ceiling((left if left < sent else _half(sent)) if left >= SHORTEST else None, of_model=False)
    if re.search(_CONTEXT, text) and length is not None and length <= sent:
        of_model = re.search(_NAMES, text) is not None
        return Ceiling(length // 2 if length // 2 >= SHORTEST else None, of_model=of_model)
    numbers = [*map(int, re.findall(_NUMBER, text))]
    if not re.search(_NAMES, text) and sent not in numbers:
        is_of_reply = re.search(_CONTEXT, text) is not None and re.search(_OF_REPLY, text) is not None
        return Ceiling(_half(sent), of_model=False) if is_of_reply else None
    named = max((number for number in numbers if SHORTEST <= number < sent), default=None)
    if named is None:
        return Ceiling(_half(sent), of_model=re.search(_CONTEXT, text) is None)
    return Ceiling(named - ("exclusive" in text), of_model=True)


def _prompt(text: str, sent: int) -> int | None:
    """Return the tokens of the prompt, named or as what is left of the sum."""
    total = re.search(_TOTAL, text)
    summed = int(total[1] or total[2]) - sent if total is not None else 0
    return (summed if summed > 0 else None) if (named := _first(_PROMPT, text)) is None else named


def _half(sent: int) -> int | None:
    return sent // 2 if sent // 2 >= SHORTEST else None


def _first(patterns: tuple[str, ...], text: str) -> int | None:
    found = next((match for pattern in patterns if (match := re.search(pattern, text))), None)
    return None if found is None else int(found[1])
