"""Ids on a roster as spreadsheets and LMSs spoil them."""

import re

_TEXT_FORMULA = re.compile(r'="([^"]*)"')
_TEXT_MARK = re.compile(r"'(\w.*)")
_DECIMALS = re.compile(r"(\d+)(?:\.0+|,0{1,2})")
_ROUNDED = re.compile(r"\d([.,]\d+)?[eE]\+\d+")
_ERROR = re.compile(r"#[\u00a1\u00bf]?[^\W\d_]+(/0)?[!?]|##+")
_PARTICIPANT = re.compile(r"(?i)(participante?|partecipante|deelnemer|teilnehmer([/*:_]?in)?)\s*\d+")


def plain_id(value: str) -> str:
    """Return an id without the additions of spreadsheets: ``12345`` of ``12345.0``, ``0012345`` of ``="0012345"``.

    The comma is the decimal point of most languages, and the apostrophe of ``'0012345`` Excel's mark of a text.
    """
    for form in (_TEXT_FORMULA, _TEXT_MARK, _DECIMALS):
        if spelled := form.fullmatch(value):
            return spelled[1].strip()
    return value


def is_rounded(value: str) -> bool:
    """Return whether a spreadsheet has rounded a number, as in ``1.23457E+11``."""
    return _ROUNDED.fullmatch(value) is not None


def is_error(value: str) -> bool:
    """Return whether it is a spreadsheet's error in any language, such as ``#REF!``, or its sign of a narrow column."""
    return _ERROR.fullmatch(value) is not None


def is_participant(value: str) -> bool:
    """Return whether it is Moodle's number of a participant, as its grading worksheets have in a column ``ID``."""
    return _PARTICIPANT.fullmatch(value) is not None
