"""Meaning of a 403: providers send it for an input that a filter flags, a spent limit, a region, and a key.

OpenRouter sends it with ``metadata.reasons`` for a flagged input, with ``metadata.limit_source`` for a spent limit
(openrouter.ai/docs, "Errors and Debugging"); xAI with "Content violates usage guidelines"; OpenAI for a region and for
a project that may not use a model (help.openai.com, "API error codes").
"""

import re
from enum import Enum, auto

from aita.llm.error_body import diagnostic_text


class Forbidden(Enum):
    """Subject of a 403."""

    INPUT = auto()
    RATE = auto()
    QUOTA = auto()
    REGION = auto()
    KEY = auto()
    FIREWALL = auto()
    """A web page or firewall in front of the API sent it."""
    UNSAID = auto()
    """The body gives no clear reason."""


_FLAGS = ("reasons", "flagged_input", "content_filter_result", "content_filter_results", "safety_ratings")
"""Fields that occur only in refusals of an input."""

_MOST_TEXT = 4_000
_DEEPEST = 6

_OWNER = r"account|organi[sz]ation|api[ _-]?key|key|workspace|subscription|project"
_PENALTY = r"flagged|suspended|disabled|deactivated|banned|blocked|terminated|revoked|expired|restricted"
_RATE = re.compile(r"rate[ _-]?limit|too[ _-]many[ _-]requests|throttl")
_QUOTA = re.compile(
    r"(?:key|spend(?:ing)?|credits?|usage|cost|daily|weekly|monthly|total|hard)[ _-]{0,3}limit|budget|quota|billing"
    r"|\blimit[ _]{0,2}(?:has been |was |is )?(?:exceeded|reached|hit)|payment|arrear|overdue|purchase|top[ -]up"
    r"|(?:insufficient|not enough|out of|low)[ _-]{0,2}(?:credit|balance|fund)|balance.{0,20}insufficient"
    r"|余额|额度|配额|欠费|充值"
    r"|exceed\w{0,4}.{0,40}(?:credit|balance|fund|limit)|free[ _-]tier.{0,60}exhausted"
)
_PENALISED = re.compile(
    rf"\b(?:{_OWNER})\b[^.]{{0,60}}\b(?:is|was|been)\b[^.]{{0,15}}\b(?:{_PENALTY})\b|\b(?:{_PENALTY}) (?:{_OWNER})\b"
    rf"|\b(?:you|user|access) (?:has been|have been|was|were) (?:{_PENALTY})\b|(?:user|access|account)_(?:{_PENALTY})"
)
_TERMS = re.compile(r"terms[ _]of[ _](?:service|use)")
"""Providers name a breach of their terms for accounts, regions and single inputs alike."""
_FILTER = re.compile(
    r"moderat|flagged|guardrail|content[ _-]{0,2}(?:filter|polic|violat|block(?:ed|ing)|management|check)|safety|unsafe"
    r"|violat|prohibited|inappropriate|harmful|sensitive|offensive|(?:usage|acceptable use) (?:guideline|polic)"
    r"|data[ _-]?inspection|responsible[ _-]?ai|\brefusal|injection|jailbreak|敏感|不安全|违规"
    r"|(?:prompt|input|request|content) (?:was |is |has been )?(?:blocked|rejected|refused|denied)"
)
_REGION = re.compile(r"\bregion|countr|territor|\blocation|geograph|sanction")
_KEY = re.compile(
    r"\bkey\b|api_?key|\btoken|permission|authori[sz]|authenticat|credential|\bscope|verif|subscri|\bplan\b|\btier\b"
    r"|project|organi[sz]ation|account|model.{0,40}(?:access|available|enabled|allowed)|access.{0,40}model|model_not_found"
)
_FILTER_CODE = re.compile(
    r"content_?(?:filter|policy|block|violat|moderat)|moderat|sensitive|data_?inspection|responsible_?ai|safety"
    r"|^refusal$|prohibited|flagged|guardrail_(?!budget)"
)
_PAGE = re.compile(
    r"\A\s{0,99}<(?:!doctype|html|head|\?xml|!--)|cloudflare|akamai|error code: 10\d\d|firewall|virtual network",
    re.IGNORECASE,
)


def classify_forbidden(body: object) -> Forbidden:
    """Return the subject of a 403.

    Parameters
    ----------
    body
        Body of the response: parsed JSON, or a text that is not JSON.
    """
    if _flags(body):
        return Forbidden.INPUT
    text = diagnostic_text(body)[:_MOST_TEXT].lower()
    if _PAGE.search(text):
        return Forbidden.FIREWALL
    order = (
        (_RATE, Forbidden.RATE),
        (_QUOTA, Forbidden.QUOTA),
        (_PENALISED, Forbidden.KEY),
        (_TERMS, Forbidden.UNSAID),
        (_FILTER, Forbidden.INPUT),
        (_REGION, Forbidden.REGION),
        (_KEY, Forbidden.KEY),
    )
    return next((meant for pattern, meant in order if pattern.search(text)), Forbidden.UNSAID)


def refuses_input(body: object) -> bool:
    """Return whether an error without a status is a filter's refusal of the input."""
    return not isinstance(body, str) and classify_forbidden(body) is Forbidden.INPUT


def names_a_filter(code: str) -> bool:
    """Return whether an error's code is that of a filter's refusal."""
    return _FILTER_CODE.search(code.lower()) is not None


def _flags(body: object, depth: int = 0) -> bool:
    if isinstance(body, list):
        return depth < _DEEPEST and any(_flags(each, depth + 1) for each in body)
    if not isinstance(body, dict) or depth >= _DEEPEST:
        return False
    return any(body.get(name) for name in _FLAGS) or any(_flags(each, depth + 1) for each in body.values())
