"""Provider's message with only such words as errors of APIs are made of, so that it can be shown and stored.

A message can quote the prompt, a picture's text, the reply or the key. Whatever is no word of the vocabulary is left
out, wherever it comes from: no comparison with the request finds a name that the model read on a picture.
"""

import re

_WORDS = frozenset(
    """
    a able about above accept accepted accepting accepts access account accounts active add added additional
    additionalproperties admin after again against allocated allow allowed allows already also alternate an and any
    anymore anyof api apikey apply are argument arguments array as ask asked assistant at attempt audio auth
    authentication authorization authorized available azure back bad balance base bearer because been before being
    below between billing bit block blocked body both budget but by bytes cache call called can cannot cap capability
    capacity certain change changed character characters chat check choice choices choose class client code
    combination compile compiled complete completion completions configuration configure configured connect connection
    console contact contain contains content context conversation conversion convert correct could count country
    create created credential credentials credit credits current currently custom data date day days deactivated
    decode decoding decommissioned default defined deleted denied deploy deployed deployment deprecated deprecation
    description detail details detected developer did different digits disabled disallowed do docs documentation does
    doesn don double down due during each effort either element empty enable enabled end endpoint endpoints english
    enough ensure entity enum environment error errors exceed exceeded exceeding exceeds exist exists expect expected
    expired extra fail failed failing fails failure false feature features field fields file files filter finish first
    fit flag follow following for forbidden form format formats found free from full function functions gateway gb
    gemini generate generated generating generation get give given global go grammar greater group groups had has have
    header headers help here high higher hint host hour hours how http https if image images implemented in
    inappropriate include included includes incorrect increase inf info inlined input inputs insert instead
    instruction instructions insufficient integer internal into invalid is isn issue it item items its json kb keep
    key keys keyword keywords kind known large larger last least length less level levels like limit limited limits
    line list load loaded loading location log login long longer low lower made make malformed many map match matches
    max maximum may mb media medium meet message messages method middle min minimal minimum minute minutes missing
    mmproj modality mode model models moderation modify month more most multimodal multiple must name named names need
    needed needs nested nesting network never new next no none not null number numbers object objects of off ollama on
    once one oneof only openai operation option optional or order org organization other out output outputs over own
    page pages parallel param parameter parameters parse parsed parsing part parts pass passed path pattern payload
    payment per permission permissions permitted pixels plan please point policies policy port positive possible
    preview problem process processed processing project projects prompt prompts properties property provide provided
    provider providers proxy purchase put quota range rate rather reach reached read ready reason reasoning received
    recheck redirect reduce reduced ref reference references refused region rejected removed renew replace reply
    request requested requests require required requires reset resolution resource resources respond response
    responses restricted result resulted results retention retired retry return returned returning role roles route
    router run same schema schemas scheme scope seconds see seed select send sending sends sent sequence server
    servers service set setting settings should sign single size small smaller so some source specified specify
    standard start status stop stopped store stream streaming strict string strings structured subscription such
    support supported supporting supports sure switch system task team temperature temporarily temporary terms text
    than that the their them then there these they thinking this those through tier time timed timeout times to token
    tokens too tool tools top total traffic true truncated try trying turn two type types unable unauthenticated
    unauthorized unavailable under unexpected unimplemented unknown unless unprocessable unrecognised unrecognized
    unsupported until up update upgrade uploaded upstream url usage use used user users uses using valid validate
    validation value values variant verification verified verify version via violated vision visit vllm wait was we
    weekly were what when where whereas which while who will window with within without word would wrong year yet you
    your zero
    aita answer answers anything exam judged knows let local question questions real replies rubric sample scans sheet
    simulated student
    arrearage decommission guardrail hook hooks insert inspection jailbreak risk sanitizer unsafe violation violations
    """.split()  # noqa: SIM905 - easier to read and to extend
)
_MOST = 240
"""Most characters of a shown message."""

_NAMES = frozenset(
    """
    Able April Block Body Day English Field Free Given Good Group Hint Key Light Line Long Low Map Mark Max May Min Name
    New Page Part Point Port Price Reason Role Same Send Single Small Start Turn Will Word Young
    """.split()  # noqa: SIM905 - as above
)
"""Words that are names of people, too, and begin no sentence of a provider that needs them."""

_ACRONYMS = frozenset(("AI", "API", "GB", "HTTP", "HTTPS", "ID", "JSON", "KB", "MB", "TLS", "URL"))
_PIECE = re.compile(r"[^\W\d_]+|\d[\d.,]*|.", re.DOTALL)
_SENTENCE_END = re.compile(r"(?:^|[.!?]\s)\W*$")
_SHOWN_SIGNS = frozenset(" .,:;()[]{}'\"`/_-=<>+*$#!?")
_MOST_DIGITS, _MOST_MEASURED = 4, 7
_UNIT = re.compile(
    r"\W{0,2}\s?(?:input |output |prompt |completion |total |maximum |max )?"
    r"(?:tokens|bytes|characters|pixels|[kmg]b|images|requests|seconds|minutes|ms|s)\b",
    re.IGNORECASE,
)
"""What follows a number that measures something."""

_IDENTITY = re.compile(
    r"\b(?:by|code|id|identifier|key|named?|numbers?(?! of)|users?)\b(?:\W{1,4}\w{1,20}){0,2}\W{0,4}$", re.IGNORECASE
)
"""What precedes a number that is somebody's or something's identity."""
_LEFT_OUT = "…"
_FEWEST = 3
"""Fewest words that make a message worth showing."""


def plain_words(message: str) -> str:
    """Return a message without whatever is no word of the vocabulary; empty if too little is left.

    A number is shown if a word of the vocabulary stands before it that is not of an identity. One of more than four
    digits must have a unit, as a student's number has none. A word with a capital is shown where a sentence of several
    words begins, as words such as "will" and "may" are names, too.
    """
    shown: list[str] = []
    words, follows_word = 0, False
    text = " ".join(message.split())
    for found in _PIECE.finditer(text):
        piece = found.group()
        if piece.isalpha():
            plain = piece.islower() or _begins_sentence(text, found)
            known = piece in _ACRONYMS or (plain and piece.lower() in _WORDS)
            follows_word = known
            words += known
        elif piece[0].isdigit():
            most = _MOST_MEASURED if _UNIT.match(text, found.end()) else _MOST_DIGITS
            is_short = piece.isascii() and sum(map(str.isdigit, piece)) <= most
            known = is_short and follows_word and not _IDENTITY.search(text, max(0, found.start() - 60), found.start())
        else:
            known = piece in _SHOWN_SIGNS
        shown.append(piece if known else _LEFT_OUT)
    text = re.sub(rf"(?:{_LEFT_OUT}[^\w\s]*\s*)*{_LEFT_OUT}", _LEFT_OUT, "".join(shown)).strip()
    if words < _FEWEST:
        return ""
    return text if len(text) <= _MOST else f"{text[:_MOST]}{_LEFT_OUT}"


def plain_name(name: str) -> str:
    """Return a code or the name of a parameter if it is made of words of the vocabulary and short numbers; or empty.

    An endpoint may put any text there.
    """
    pieces = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+", name)
    plain = all(piece.lower() in _WORDS or (piece.isdecimal() and len(piece) <= _MOST_DIGITS) for piece in pieces)
    return name if plain else ""


def _begins_sentence(text: str, found: re.Match[str]) -> bool:
    """Return whether a word with a capital begins a sentence, in which a word without one follows."""
    word = found.group()
    if (
        not word.istitle()
        or word in _NAMES
        or not re.match(r"\W{1,3}(?:[a-z]|[A-Z]{2})", text[found.end() : found.end() + 5])
    ):
        return False
    return _SENTENCE_END.search(text, 0, found.start()) is not None
