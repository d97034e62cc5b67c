"""Consequences of the transcriber's warnings about a page for the answers on it."""

from collections.abc import Collection, Iterator, Mapping

from aita.models.review_flags import Flag, FlagKind
from aita.models.transcription import LineKind, PageTranscription, WarningKind

_FLAGS = {
    WarningKind.FAINT: (FlagKind.LOW_CONFIDENCE, "its writing is faint"),
    WarningKind.TURNED: (FlagKind.LOW_CONFIDENCE, "it is turned"),
    WarningKind.CUT_OFF: (FlagKind.CUT_OFF, "the transcriber reports it"),
    WarningKind.OTHER_EXAM: (FlagKind.OTHER_EXAM, "the transcriber reports it"),
    WarningKind.OTHER_STUDENT: (FlagKind.OTHER_STUDENT, "the transcriber reports it"),
}
"""Flag of all answers on the page, by the kind of warning. ``OTHER`` has none: people read its note in the report."""


def warning_flags(
    transcription: PageTranscription, holders: Mapping[str, Collection[int]]
) -> Iterator[tuple[str, Flag]]:
    """Yield the flags that a page's warnings, and lines addressed to the reader, give its answers, by question id.

    The warnings' notes are left out: they may hold a student's words.

    Parameters
    ----------
    holders
        Numbers of the page's lines in each answer that has a place on the page.
    """
    warned = {warning.kind for warning in transcription.warnings}
    for warning, (kind, note) in _FLAGS.items():
        if warning in warned:
            flag = Flag(kind=kind, note=f"page {transcription.page}: {note}")
            yield from ((question_id, flag) for question_id in holders)
    addressed = {number for number, line in enumerate(transcription.lines, 1) if line.kind is LineKind.TO_READER}
    if addressed or WarningKind.TO_READER in warned:
        flag = Flag(kind=FlagKind.INSTRUCTION, note=f"page {transcription.page}: the transcriber reports it")
        holding = [question_id for question_id, lines in holders.items() if addressed.intersection(lines)]
        elsewhere = not addressed or addressed.difference(*holders.values())
        yield from ((question_id, flag) for question_id in (holders if elsewhere else holding))
