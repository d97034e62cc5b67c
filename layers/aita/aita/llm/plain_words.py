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
    """.split()  # noqa: SIM905 - easier to read and to extend
)
_MOST = 240
"""Most characters of a shown message."""

_ACRONYMS = frozenset(("AI", "API", "GB", "HTTP", "HTTPS", "ID", "JSON", "KB", "MB", "TLS", "URL"))
_PIECE = re.compile(r"[^\W\d_]+|\d[\d.,]*|.", re.DOTALL)
_SENTENCE_END = re.compile(r"(?:^|[.!?]\s)\W*$")
_SHOWN_SIGNS = frozenset(" .,:;()[]{}'\"`/_-=<>+*$#!?")
_MOST_DIGITS = 7
_MOST_CODE = 5
"""Most digits of a number in a code's or a parameter's name."""
_LEFT_OUT = "…"
_FEWEST = 3
"""Fewest words that make a message worth showing."""


def plain_words(message: str) -> str:
    """Return a message without whatever is no word of the vocabulary; empty if too little is left.

    A number is shown if a word of the vocabulary stands before it. A word with a capital is shown where a sentence
    begins, as words such as "will" and "may" are names, too.
    """
    shown: list[str] = []
    words, follows_word = 0, False
    text = " ".join(message.split())
    for found in _PIECE.finditer(text):
        piece = found.group()
        if piece.isalpha():
            plain = piece.islower() or (piece.istitle() and _SENTENCE_END.search(text, 0, found.start()) is not None)
            known = follows_word = piece in _ACRONYMS or (plain and piece.lower() in _WORDS)
            words += known
        elif piece[0].isdigit():
            known = follows_word and piece.isascii() and sum(map(str.isdigit, piece)) <= _MOST_DIGITS
        else:
            known = piece in _SHOWN_SIGNS
        shown.append(piece if known else _LEFT_OUT)
    text = re.sub(rf"(?:{_LEFT_OUT}[^\w\s]*\s*)*{_LEFT_OUT}", _LEFT_OUT, "".join(shown)).strip()
    if words < _FEWEST:
        return ""
    return text if len(text) <= _MOST else f"{text[:_MOST]}{_LEFT_OUT}"


def plain_name(name: str) -> str:
    """Return the name of a code or a parameter; empty if a part of it is no word of the vocabulary."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)
    is_plain = all(len(part) <= _MOST_CODE if part.isdecimal() else part.lower() in _WORDS for part in parts)
    return name if is_plain else ""
