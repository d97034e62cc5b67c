"""Meaning of a refused request, by the provider's words, as statuses and codes of endpoints differ or say nothing.

The rules are for kinds of wordings. A message can quote the prompt, so none of them hangs on a single common word.
Patterns are texts of lower case: they are compiled when a refusal is read, and not at a function's cold start.
"""

import re
from enum import Enum, auto


class Refused(Enum):
    """Subject of a refusal."""

    KEY = auto()
    MODEL = auto()
    REGION = auto()
    QUOTA = auto()
    ACCOUNT = auto()
    """The account is suspended or restricted."""
    URL = auto()
    """The server has no such route."""
    MEMORY = auto()
    """The server has too little memory for the model."""
    INPUT = auto()
    """A filter refuses the input."""
    TOO_LONG = auto()
    """The prompt is longer than the model's context."""
    UNSAID = auto()
    """The words give no reason that holds for one input or for all."""


_KEY_NAME = (
    r"(?:api|access|auth\w*|secret|subscription|proxy server|bearer|virtual)[ _-]?(?:key|token)s?|bearer|credentials?"
    r"|authorization header|令牌|密钥|api[ _-]?key"
)
_BAD = (
    r"not valid|invalid|incorrect|wrong|missing|malformed|expired|revoked|unknown|not found|no such|required"
    r"|not (?:been )?provided|no longer"
    r"|(?:un|not )authori[sz]ed|empty|mismatch|disabled|suspended|bad|does(?: not|n't) exist|无效|错误|过期"
)
_KEY = (
    rf"(?:{_KEY_NAME}).{{0,40}}(?:{_BAD})|(?:{_BAD}).{{0,20}}(?:{_KEY_NAME})"
    r"|api_key_invalid|invalid_(?:api_)?key|authentication[ _]?(?:error|failed|fails|required)|unauthenticated"
    r"|no auth|not authenticated|(?:no|provide an?|provide your|carry the) (?:valid )?api[ _-]?(?:secret )?key"
    r"|(?:invalid|incorrect|failed|missing|no cookie) auth|\bunauthori[sz]ed\b|token (?:has )?expired|login fail"
    r"|security token.{0,40}invalid|\binvalid token\b(?! (?:at|in|id|count))|(?:身份|认证|鉴权).{0,6}失败"
)
_MODEL = (
    r"model[ _]?(?:is[ _])?(?:not[ _](?:found|exist|available|supported)|decommissioned|deprecated|retired|unavailable)"
    r"|(?:invalid|unknown|no such|unrecognized|unsupported)[ _]model(?:\b|_)(?! (?:output|response|reply|param))"
    r"|\bmodels?\b[^.]{0,80}(?:does ?n[o']t exist|does not exist|\bnot exist|not found|not a valid model|no longer"
    r"|has been (?:deprecated|decommissioned|retired|shut)|not (?:loaded|deployed))"
    r"|not a valid model|no models? (?:are |is )?loaded|failed to load model"
    r"|deployment_?not_?found|deployment.{0,40}not exist"
    r"|\bmodel ['\"`]?[\w./:@-]+['\"`]? is not (?:supported|available)|invalid value for ['\"`]?model\b"
    r"|\bmodel\b[^.]{0,40}\bonly (?:be )?(?:supported|available|used)\b[^.]{0,20}\bv1/\w+|\bnot a chat model\b"
    r"|(?:could not|cannot|can't|unable to) (?:find|access|load) (?:the )?model|模型.{0,10}不存在"
)
_REGION = (
    r"location is not supported|(?:countr|region|territor)[^.]{0,40}(?:not supported|unsupported|not available)"
    r"|unsupported_country|not available in your (?:country|region|location)"
)
_QUOTA = (
    r"credit balance|(?:insufficient|not enough|out of|no)[ _-](?:account )?(?:balance|credit|fund|quota)"
    r"|balance.{0,20}(?:insufficient|too low|not enough)|arrear|good standing|billing[ _](?:hard|not|is|account)"
    r"|(?:add|buy|purchase|requires? more) (?:\d+ )?credits?|余额|欠费|充值"
    r"|budget[ _](?:has been |is |was )?(?:exceeded|exhausted|reached)|(?:usage|spend(?:ing)?|monthly) limits?\b"
    r"[^.]{0,20}(?:reached|exceeded)|(?:reached|exceeded) (?:your|its|the)[\w ]{0,30} (?:usage|spend(?:ing)?) limits?\b"
    r"|used all available credits"
)
_PENALTY = r"suspended|restricted|deactivated|disabled|banned|terminated|blocked|not active|inactive"
_ACCOUNT = (
    rf"\b(?:account|organi[sz]ation|workspace|team)\b[^.]{{0,60}}\b(?:is|was|been)\b[^.]{{0,15}}\b(?:{_PENALTY})\b"
    rf"|(?:account|organi[sz]ation|workspace|team)_(?:{_PENALTY})"
)
_URL = r"unexpected endpoint or method"
_MEMORY = r"requires? more (?:system |gpu )?memory"
_INPUT = (
    r"content (?:management )?(?:polic|filter)|content_(?:filter|polic)|moderation|\bflagged\b|responsible ?ai"
    r"|inappropriate content|usage (?:guideline|polic)|content exists risk|content risk|data_?inspection"
    r"|敏感|不安全|违规|风险|\bguardrail(?![ _]budget)|presidio|jailbreak|prompt[ _]injection"
    r"|blocked (?:entity|output|input|prompt|content)|content safety|safety (?:system|reason|polic|filter)|real people"
    r"|(?:output|input|prompt|content) (?:was|is|has been|were) (?:blocked|filtered)"
    r"|images? of (?:real )?(?:people|persons|minors|children)"
)
_TOO_LONG = (
    r"context[ _-]?(?:length|size|window|limit)|exceed_context|maximum (?:model|sequence|prompt|input) len"
    r"|(?:prompt|input|request|message|text|conversation)s?(?: length)? (?:is |are |was )?too (?:long|large)"
    r"|too many (?:input |prompt )?tokens|(?:reduce|shorten) (?:the|your) (?:length|size|prompt|message|input)"
    r"|(?:token|input)(?: token)? count.{0,30}exceed|exceed\w*.{0,40}number of tokens|number of tokens.{0,40}exceed"
    r"|inputs.{0,3} tokens|longer than the (?:maximum|model)|(?:input|prompt) tokens? exceed"
    r"|exceeds? max(?:imum)? length"
    r"|inputs?.{0,3} must have (?:less|fewer) than|range of input length"
    r"|(?:range of )?(?:input|prompt) length should be"
    r"|(?:exceed\w*|over|beyond)(?: the| your)?(?: model(?:'s)?)? token limit"
    r"|(?:input|prompt)s?.{0,20}exceed\w*.{0,20}token|(?:input|prompt)s?(?: length)? exceeds"
)
_ORDER = (
    (_KEY, Refused.KEY),
    (_ACCOUNT, Refused.ACCOUNT),
    (_QUOTA, Refused.QUOTA),
    (_URL, Refused.URL),
    (_MEMORY, Refused.MEMORY),
    (_TOO_LONG, Refused.TOO_LONG),
    (_MODEL, Refused.MODEL),
    (_REGION, Refused.REGION),
    (_INPUT, Refused.INPUT),
)

_PICTURES = r"image|vision|visual|multi-?modal|mmproj|picture|photo|modalit|图片|图像|多模态"
_NO_EYES = (
    r"unknown variant .?image_url|text[- ]only|only ['\"]?text['\"]? (?:content|input|message)|mmproj|no vision"
    r"|(?:values are|should be|must be)[: ]+['\"]text['\"]|not a (?:multi-?modal|vision)"
    r"|only (?:supports?|accepts?) text"
    r"|no endpoints found.{0,40}image"
    r"|(?:image|vision|visual|multi-?modal)s?(?: inputs?| content| understanding| messages?)?(?: modality)?"
    r" (?:is |are )?(?:not|un)[ -]?(?:supported|enabled|available|allowed|accepted)"
    r"|(?:cannot|can't|can not|does not|doesn't|do not|don't|not) (?:support|accept|take|have|see|handle)s?"
    r" (?:the )?(?:an? |any )?(?:image|vision|visual|multi-?modal|picture)"
    r"|(?:cannot|can't|does not|doesn't) process (?:images|pictures)"
    r"|image_url.{0,40}(?:only|not) (?:supported|available|allowed)|at most 0 image|missing data required for image"
    r"|(?:图片|图像|视觉|多模态).{0,10}不支持|不支持.{0,10}(?:图片|图像|视觉|多模态)"
    r"|content.{0,80}(?:must be|should be|expected|is not) (?:a |an )?(?:valid )?str(?:ing)?\b"
    r"|invalid type: sequence|cannot unmarshal array|unsupported content part|expected string, received array"
    r"|content type: map\["
)
"""Wordings of endpoints that take text alone, also of those that expect a text where parts are."""
_WEAK_NO = (
    r"(?:not|n't) (?:support|accept|allow|enable|capable|configured)|unsupported|no endpoints"
    r"|requires? an? (?:vision|multi)|can(?:no|')t use (?:images|pictures)"
)
_OF_ONE = (
    r"safety|polic|moderat|violat|inappropriate|sensitive|prohibited|offensive"
    r"|\b(?:image|picture|photo)s? (?:input )?(?:(?:that|which|of|with|containing|showing|for) (?!type\b)|is blank)"
    r"|\b(?:your|an?) (?:input |uploaded )?(?:image|picture|photo)\b(?! (?:input|content|part|message|block))"
    r"|\b(?:this|the) (?:input |uploaded )?(?:image|picture|photo) (?:is|was|has|does|can|may|you)\b"
    r"|\bimage is not (?:supported|allowed|accepted)|(?:this|the|your) (?:file|page|upload)"
    r"|images? of (?:this|that|these)"
)
"""Wordings that blame the one picture: its content, its kind or its size. A filter's refusal is one of them."""
_OF_FORMAT = r"\b(?:png|jpe?g|webp|gif|tiff?|heic|bmp)\b"
_BAD_PICTURE = (
    r"image[\w ]{0,12}(?:format|mime|media|size|dimension|resolution|data|file)|formats"
    r"|(?:mime|media|file)[ _]?type|decod|corrupt|too (?:large|big|small|many)|at most [1-9]|exceed|download|fetch"
    r"|base64|could not|unable to|unsupported image|invalid image|process (?:the |this |your )?image|https?\b|\burls?\b"
)


def classify_refused(text: str) -> Refused:
    """Return the subject of a refusal.

    Parameters
    ----------
    text
        Diagnostic text of the response's body.
    """
    text = text.lower()
    return next((meant for pattern, meant in _ORDER if re.search(pattern, text)), Refused.UNSAID)


def says_no_eyes(text: str) -> bool:
    """Return whether a refusal of a call with pictures says that the model takes none, and not that one is bad."""
    text = text.lower()
    if re.search(_OF_FORMAT, text) or re.search(_OF_ONE, text):
        return False
    if re.search(_NO_EYES, text):
        return True
    return bool(re.search(_PICTURES, text) and re.search(_WEAK_NO, text) and not re.search(_BAD_PICTURE, text))
