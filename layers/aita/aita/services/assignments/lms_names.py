"""Names that LMSs give to downloaded submissions: whose each is, in which the feedback goes back to them.

Formats as instructors have them, each with a sample in the tests:

- Canvas: ``mustererika_LATE_12345_678901_exam.pdf``, last and first name joined, the user's id, and the file's, which
  differs between the files of one submission (``lib/content_zipper.rb``, ``add_upload_submission``).
  Where the assignment is graded without names, ``LATE_anon_Ab12C_678901_exam.pdf`` has the submission's anonymous id
  (``get_filename``), which is nobody's until a person decides.
- Moodle: a folder ``Erika Muster_123456_assignsubmission_file``, or a file that begins so; the participant's id
  (``mod/assign/locallib.php``, ``download_submissions``). Where teams hand in, each member has a copy under the team's
  name, a hyphen and the own one.
- Brightspace: ``12345-67890 - Erika Muster - Oct 1, 2025 1130 AM``, as a folder or before a file's name.
- Blackboard: ``Exam 1_emuster_attempt_2025-10-01-11-30-00_exam.pdf``; the user's login name behind the title.

Students name their files: a name is read from its start, so that none of them makes it another student's.
"""

import re
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LmsName:
    """Name of a submission, or of a file of one.

    Parameters
    ----------
    system
        Name of the LMS.
    person
        Name of the student, as far as it is in it.
    user_id
        The LMS's own id of the user or participant.
    login
        Login name, behind the assignment's title and ``_`` where it has one; both may hold ``_``.
    folder
        Name of the student's folder under ``scans/``, the same for all of a submission's files.
    submitted_at
        Time of the submission in the instructor's time zone, which is not told; ``None`` without one, or where it is
        not understood.
    submitted
        The time as it is written.
    file
        Name of the student's file; empty in a folder's name.
    file_id
        Canvas's own id of the file; empty in a folder's name.
    is_text
        Whether it holds what was typed into the LMS.
    """

    system: str
    person: str = ""
    user_id: str = ""
    login: str = ""
    folder: str = ""
    is_late: bool = False
    submitted_at: datetime | None = None
    submitted: str = ""
    file: str = ""
    file_id: str = ""
    is_text: bool = False


_MOODLE = re.compile(
    r"(?P<name>[^_](?:(?!_attempt_\d{4}-).)*?)_(?P<id>\d+)_assignsubmission_(?P<kind>file|onlinetext)(?:_(?P<file>.*))?"
)
_TEAM = re.compile(
    r"(?i)([^-]*\d[^-]*|(default )?(group|groupe|gruppe|grupo|gruppo|groep|team|standardgruppe)\b[^-]*)-(?=.*[^\W\d_])"
)
"""Name of a team before a member's: it has a digit, as no person's name has, or a word that says so."""

_CANVAS = re.compile(
    r"(?P<name>[^\W_A-Z][^_A-Z\s]*)_(?P<late>LATE_)?(?P<id>\d+)_(?:canvas|(?P<file_id>\d+)(?:_(?P<file>.+))?)"
)
_CANVAS_WITHOUT_NAMES = re.compile(
    r"(?:(?P<late>LATE)_)?(?P<id>anon_[A-Za-z0-9]{5,})_(?:canvas|(?P<file_id>\d+)(?:_(?P<file>.+))?)"
)
_BRIGHTSPACE = re.compile(
    r"(?P<ids>(?P<id>\d+)-\d+) - (?P<name>.+?)(?: - (?P<at>[^-]*?\d{4}[^-]*?))?(?: - (?P<file>.+\.\w+))?"
)
_BLACKBOARD = re.compile(
    r"(?P<login>.+?)_attempt(?:_(?P<at>\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)(?:_(?P<file>.+)|(?P<text>\.txt))?)?"
)
_TIMES = (
    "%Y-%m-%d-%H-%M-%S",
    "%b %d, %Y %I%M %p",
    "%B %d, %Y %I%M %p",
    "%d %b %Y %I%M %p",
    "%d %B, %Y %H%M",
    "%b %d, %Y %H%M",
)


def parse(name: str) -> LmsName | None:
    """Return what the name of a folder or file says of a submission; ``None`` if none gives such a name, or two do."""
    if found := _BRIGHTSPACE.fullmatch(name):
        return LmsName(
            "Brightspace",
            person=found["name"],
            user_id=found["id"],
            folder=f"{found['ids']} - {found['name']}",
            submitted_at=_time(found["at"] or ""),
            submitted=found["at"] or "",
            file=found["file"] or "",
        )
    if found := _MOODLE.fullmatch(name):
        return LmsName(
            "Moodle",
            person=_TEAM.sub("", found["name"], count=1) if _TEAM.match(found["name"]) else found["name"],
            user_id=found["id"],
            folder=f"{found['name']}_{found['id']}_assignsubmission_file",
            file=found["file"] or "",
            is_text=found["kind"] == "onlinetext",
        )
    if _CANVAS.fullmatch(name) and _BLACKBOARD.fullmatch(name):
        return None
    if found := _BLACKBOARD.fullmatch(name):
        return LmsName(
            "Blackboard",
            login=found["login"],
            folder=f"{found['login']}_attempt",
            submitted_at=_time(found["at"] or ""),
            submitted=found["at"] or "",
            file=found["file"] or "",
            is_text=found["text"] is not None,
        )
    if found := _CANVAS_WITHOUT_NAMES.fullmatch(name):
        return LmsName(
            "Canvas",
            user_id=found["id"],
            folder=f"{found['id']}_canvas",
            is_late=found["late"] is not None,
            file=found["file"] or "",
            file_id=found["file_id"] or "",
        )
    if found := _CANVAS.fullmatch(name):
        return LmsName(
            "Canvas",
            person=found["name"],
            user_id=found["id"],
            folder=f"{found['name']}_{found['id']}_canvas",
            is_late=found["late"] is not None,
            file=found["file"] or "",
            file_id=found["file_id"] or "",
        )
    return None


def _time(text: str) -> datetime | None:
    for form in _TIMES:
        try:
            return datetime.strptime(text.strip().replace("Sept ", "Sep "), form)  # noqa: DTZ007 - the name has no zone
        except ValueError:
            continue
    return None
