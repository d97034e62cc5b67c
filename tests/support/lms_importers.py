"""What Canvas, Moodle and Gradescope's readers make of a file, by their own rules.

Written after their documentation and what is public of their code, not from ours: Canvas's guide "How do I import
grades in the Gradebook?" and ``lib/gradebook_importer.rb``; Moodle's page "Grade import", ``lib/csvlib.class.php``
and ``grade/import/csv/classes/load_data.php``; for feedback Canvas's ``infer_comment_context_from_filename`` in
``app/models/abstract_assignment.rb`` and Moodle's ``mod/assign/feedback/file/importziplib.php``; Gradescope's help on
"Download Grades" and files that it made.
"""

import contextlib
import csv
import html
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class CanvasUser:
    """A student of a course in Canvas; ``sortable`` is the name as ``Last, First``."""

    id: int
    name: str
    sortable: str = ""
    sis_id: str = ""
    login: str = ""


@dataclass
class CanvasImport:
    """What Canvas would show before it takes the grades."""

    points_possible: str = ""
    assignment_id: int | None = None
    title: str = ""
    grades: dict[int, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def import_canvas(data: bytes, users: list[CanvasUser], assignments: dict[int, str]) -> CanvasImport:
    """Import a gradebook with one assignment into a course."""
    text = data.decode("utf-8")
    rows = [
        [_number(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    ]
    header, *rest = [row for row in rows if any(cell.strip(";, ") for cell in row)]
    assert len(header) > 3, "Invalid header row"
    assert "Student" in header[0], "Invalid header row"
    assert "ID" in header[1], "Invalid header row"
    columns = 3
    if re.search(r"SIS\s+Login\s+ID", header[2]):
        columns = 4
    elif re.search(r"SIS\s+User\s+ID", header[2]) and re.search(r"SIS\s+Login\s+ID", header[3]):
        columns = 5
    assert "Section" in header[columns - 1], "Invalid header row"
    totals = re.compile("Current Score|Current Points|Current Grade|Final Score|Final Points|Final Grade|Override")
    (name,) = [each for each in header[columns:] if not totals.search(each)]
    named = re.fullmatch(r"(.*)\s\((\d+)\)", name, re.DOTALL)
    found = CanvasImport(title=named[1] if named else name)
    by_title = next((each for each, title in assignments.items() if title == name), None)
    found.assignment_id = int(named[2]) if named and int(named[2]) in assignments else by_title
    place = header.index(name)
    for row in rest:
        if "Points Possible" in row[0]:
            found.points_possible = row[place]
            continue
        user = _canvas_user(row, users)
        if user is None:
            found.unknown.append(row[0])
        else:
            found.grades[user.id] = row[place].strip()
    return found


def _canvas_user(row: list[str], users: list[CanvasUser]) -> CanvasUser | None:
    number = re.match(r"\s*(\d+)", row[1])
    for matches in (
        lambda user: number is not None and user.id == int(number[1]),
        lambda user: row[2] != "" and user.sis_id == row[2],
        lambda user: row[3] != "" and user.login == row[3],
        lambda user: row[0] in (user.name, user.sortable),
    ):
        if (user := next(filter(matches, users), None)) is not None:
            return user
    return None


def _number(cell: str) -> str:
    """Return a pure number with a point, whatever it was written with; any other cell as it is."""
    if not re.fullmatch(r"-?[0-9.,]+%?", cell):
        return cell
    *parts, last = re.split(r"[,.]", cell)
    return f"{''.join(parts)}.{last}" if parts else last


def _delimiter(text: str) -> str:
    lines = io.StringIO(text, newline="").readlines()[:3]
    counts = dict.fromkeys(";,", 0)
    for delimiter in counts:
        with contextlib.suppress(csv.Error):
            sizes = {len(next(csv.reader([line], delimiter=delimiter, strict=True), [])) for line in lines}
            counts[delimiter] = sizes.pop() if len(sizes) == 1 else 0
    return ";" if counts[";"] > counts[","] else ","


class MoodleRefused(Exception):
    """Moodle ends the whole import."""


def import_moodle(data: bytes, users: set[str], most: float = 100) -> dict[str, tuple[float, str]]:
    """Import a file of key, grade and feedback; return both as Moodle shows them by the user's key."""
    text = data.decode("utf-8").removeprefix("\ufeff")
    rows = list(_fgetcsv(re.sub(r"\r\n?", "\n", text).strip()))
    header = [cell.strip() for cell in rows[0]]
    if any(len(row) != len(header) for row in rows):
        raise MoodleRefused("csvweirdcolumns")
    if header[0] not in ("Email address", "ID number") or not header[2].endswith("(Feedback)"):
        raise MoodleRefused("the columns must be mapped by hand")
    found: dict[str, tuple[float, str]] = {}
    for row in rows[1:]:
        key, grade, feedback = (cell.strip() for cell in row)
        if key not in users:
            raise MoodleRefused("usermappingerror")
        if not re.fullmatch(r"-?[0-9]+([.,][0-9]+)?", grade):
            raise MoodleRefused("badgrade")
        if float(grade.replace(",", ".")) > most:
            raise MoodleRefused("gradevaluetoobig")
        if "<" in feedback:
            raise AssertionError("Moodle takes it for HTML")
        found[key] = float(grade.replace(",", ".")), html.unescape(feedback)
    return found


def _fgetcsv(text: str) -> Iterator[list[str]]:
    """Yield rows as PHP's fgetcsv does, to which a quote behind a backslash is no end of a cell."""
    row, cell, place, quoted = [], "", 0, False
    while place < len(text):
        character = text[place]
        if quoted and character == "\\":
            cell += text[place : place + 2]
            place += 1
        elif quoted and character == '"':
            if text[place + 1 : place + 2] == '"':
                cell += '"'
                place += 1
            else:
                quoted = False
        elif quoted:
            cell += character
        elif character == '"' and cell == "":
            quoted = True
        elif character in ",\n":
            row.append(cell)
            cell = ""
            if character == "\n":
                yield row
                row = []
        else:
            cell += character
        place += 1
    yield [*row, cell]


@dataclass(frozen=True)
class GradescopeRow:
    """A student in a file of Gradescope's; ``questions`` by id: points and what they are of."""

    first: str
    last: str
    sid: str
    email: str
    total: float
    out_of: float
    questions: dict[str, tuple[float, float]]


def read_gradescope(data: bytes) -> list[GradescopeRow]:
    """Read a file as scripts that know Gradescope's export do: by header, the questions by ``1.1 (3.0 pts)``."""
    reader = csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""))
    named = {
        header: re.fullmatch(r"(.+?)(?:: .*)? \((\d+\.\d+) pts\)", header, re.DOTALL)
        for header in reader.fieldnames or ()
    }
    rows = []
    for row in reader:
        if row["Status"] != "Graded":
            continue
        questions = {
            match[1]: (float(row[header]), float(match[2])) for header, match in named.items() if match is not None
        }
        rows.append(
            GradescopeRow(
                first=row["First Name"],
                last=row["Last Name"],
                sid=row["SID"],
                email=row["Email"],
                total=float(row["Total Score"]),
                out_of=float(row["Max Points"]),
                questions=questions,
            )
        )
    return rows


def import_moodle_feedback(archive: bytes, participants: set[int]) -> dict[int, dict[str, bytes]]:
    """Return the files that Moodle gives to each participant of an assignment; it passes over all others."""
    found: dict[int, dict[str, bytes]] = {}
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for name in opened.namelist():
            parts = ["", "import", *name.split("/")]
            if parts[-1].startswith((".", "~")):
                continue
            while parts:
                info = parts.pop(0).split("_", 4)
                if len(info) < 4 or not re.fullmatch(r"[+-]?\d+(\.\d+)?", info[1], re.ASCII):
                    continue
                participant = int(float(info[1]))
                if participant not in participants or (info[2], info[3]) != ("assignsubmission", "file"):
                    continue
                path = "/".join([*info[4:], *parts]).strip("/")
                found.setdefault(participant, {})[path] = opened.read(name)
                break
    return found


def import_canvas_feedback(
    archive: bytes, submissions: Mapping[int, Mapping[int, str]]
) -> tuple[dict[int, list[tuple[str, bytes]]], list[str]]:
    """Return the files, with the names that they are shown under, that Canvas gives to each user, and ignored ones.

    ``submissions`` has the names of each user's submitted files by id, by the user's id.
    """
    found: dict[int, list[tuple[str, bytes]]] = {}
    ignored: list[str] = []
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for path in opened.namelist():
            name = path.rpartition("/")[2]
            parts = [part for part in name.split("_") if part != "LATE"]
            numbers = [int(part) for part in parts if re.search(r"^\d+$", part, re.ASCII | re.MULTILINE)]
            user, file = (*numbers, 0, 0)[:2]
            anonymous, no_file = parts[0] == "anon", parts[-1].startswith("link") or name.startswith("._")
            if anonymous or no_file or file not in submissions.get(user, {}):
                ignored.append(path)
            else:
                found.setdefault(user, []).append((submissions[user][file], opened.read(path)))
    return found, ignored
