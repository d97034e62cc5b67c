"""A graded exam of a class, made in a moment: drawn pages, their answers, and a grader that reads what it is told."""

import hashlib
import io
import json
import re
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from aita.models.grade import cell_id
from aita.models.pile import Booklet, Doubt, PilePage, Separation, UnplacedPage
from aita.services.assignments import object_keys
from tests.integration.in_process import BUCKET
from tests.integration.provider import Answer
from tests.integration.stack import Stack

QUESTIONS = [
    {
        "question_id": "1a",
        "question_text": r"Find the root of $x^2 = 2$ that is positive, and give its unit.",
        "points": 5,
        "question_type": "short_answer",
        "page_number": 1,
    },
    {
        "question_id": "2",
        "question_text": "Draw a cell.",
        "points": 4,
        "question_type": "diagram",
        "page_number": 1,
    },
]
RUBRICS = {
    "1a": {
        "total_points": 5,
        "criteria": [
            {"points": 2, "description": r"isolates $x$"},
            {"points": 2, "description": r"gives $\sqrt{2}$"},
            {"points": 1, "description": "has the unit"},
        ],
    },
    "2": {
        "total_points": 4,
        "criteria": [{"points": 3, "description": "membrane"}, {"points": 1, "description": "labels"}],
    },
}
KEYS = {"1a": {"correct_answer": r"$x = \sqrt{2}$ m"}, "2": {"correct_answer": "a cell"}}
WROTE = "x = $\\sqrt{2}$\nso 1.41 m"
PLACE = {"page": 1, "top": 0.2, "bottom": 0.4}
FLAGS = ("low_confidence", "quote_not_found", "graders_disagree")


@dataclass
class Exam:
    """The exam of a test, as it stands in the bucket."""

    stack: Stack
    assignment: str
    students: tuple[str, ...]

    def upload(self) -> None:
        """Put the exam with its pages and answers into the bucket."""
        pages, answers, scans = {}, {}, {}
        for student in self.students:
            image = page_image(student)
            key = f"{self.assignment}/pages/{student}/1.jpg"
            self.stack.put(key, image)
            digest = hashlib.sha256(image).hexdigest()
            pages[student] = [{"page": 1, "key": key, "sha256": digest, "width": 850, "height": 1100}]
            answers[student] = {
                "question_answers": [
                    {"question_id": "1a", "raw_text": WROTE, "confidence": 0.9, "pages": [PLACE]},
                    {
                        "question_id": "2",
                        "raw_text": "[a cell with a membrane]",
                        "confidence": 0.8,
                        "pages": [PLACE | {"top": 0.5, "bottom": 0.8}],
                    },
                ]
            }
            ink = {"exam_page": 1, "likeness": 0.9, "bands": "80" * 100}
            scans[student] = {"ink": [ink], "unreadable": 0}
        exam = {"exam_name": "Roots", "total_pages": 1, "questions": QUESTIONS}
        scanned = [{"student_id": each, "folder": name_of(each), "files": {}} for each in self.students]
        for name, content in (
            ("questions", exam),
            ("students", {"students": scanned}),
            ("user_rubrics", RUBRICS),
            ("user_answer_keys", KEYS),
            ("pages", pages),
            ("answers", answers),
            ("scans", scans),
        ):
            self.put(name, content)

    def grade(self) -> None:
        """Grade all answers by a run, and leave the first question's to a person."""
        run = self.stack.wait(self.stack.start(self.assignment, "grade", batch_size=50))
        assert run["status"] == "SUCCEEDED", run
        self.change(lambda number, cells: open_cell(cells["1a"], FLAGS[number % len(FLAGS)]))

    def copy(self, assignment: str) -> "Exam":
        """Return the same exam under another name, as it is now; nothing is graded for it."""
        for key in self.stack.keys(f"{self.assignment}/"):
            content = self.stack.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
            if key.endswith(".json"):
                content = content.replace(f"{self.assignment}/".encode(), f"{assignment}/".encode())
            self.stack.put(assignment + key.removeprefix(self.assignment), content)
        return Exam(self.stack, assignment, self.students)

    def change(self, edit: Any) -> None:
        """Edit the graded cells of each student: ``edit(number, cells)``."""
        grades = self.get("grades")
        for number, student in enumerate(self.students):
            edit(number, grades[student])
        self.put("grades", grades)

    def decisions(self) -> list[dict[str, Any]]:
        """Return the decisions on the server."""
        status, found = self.stack.call("GET", f"/assignments/{self.assignment}/decisions")
        assert status == 200, found
        return list(found["decisions"])

    def answer(self, student: str, question: str = "1a") -> dict[str, Any]:
        """Return an answer as the server has it."""
        status, found = self.stack.call("GET", f"/assignments/{self.assignment}/answers/{cell_id(student, question)}")
        assert status == 200, found
        return dict(found["answers"][0])

    def scan_pile(self, name: str = "class.pdf") -> None:
        """Put a pile with two pages in a booklet, and three in none, of which the last one can't be read."""
        key = f"{self.assignment}/piles/{name}"
        self.stack.put(key, b"%PDF")
        etag = self.stack.s3.head_object(Bucket=BUCKET, Key=key)["ETag"]
        source = object_keys.source_id(key, etag)
        pages = []
        for number in range(1, 6):
            image = object_keys.pile_page(self.assignment, source, number, 1) if number < 5 else ""
            if image:
                self.stack.put(image, page_image(f"page {number}"))
            pages.append(PilePage(source=source, page=number, key=image, sha256=str(number)))
        loose = zip(pages[2:], (Doubt.UNLIKE, Doubt.BOUNDARY, Doubt.UNREADABLE), strict=True)
        found = Separation(
            booklets=(Booklet(pages=tuple(pages[:2]), owner="Nova 01"),),
            unplaced=tuple(UnplacedPage(page=page, doubt=doubt) for page, doubt in loose),
            counted={source: 5},
        )
        self.put("booklets", found.model_dump(mode="json"))

    def get(self, name: str) -> Any:
        return self.stack.get(f"{self.assignment}/{name}.json")

    def put(self, name: str, content: Any) -> None:
        self.stack.put(f"{self.assignment}/{name}.json", content)


def name_of(student: str) -> str:
    """Return the name of a student's folder."""
    return f"Nova {student.removeprefix('s-')}"


def open_cell(cell: dict[str, Any], flag: str, note: str = "") -> None:
    """Leave a graded cell to a person, for a reason."""
    cell |= {"state": "NEEDS_REVIEW", "flags": [{"kind": flag, "note": note}]}


def page_image(student: str) -> bytes:
    """Return a page on which something is written by hand, or nearly so."""
    image = Image.new("L", (850, 1100), 252)
    draw = ImageDraw.Draw(image)
    print_font, hand = ImageFont.load_default(22), ImageFont.load_default(44)
    draw.text((60, 60), "Roots, page 1", font=print_font, fill=40)
    draw.text((60, 190), "1a", font=print_font, fill=40)
    draw.text((140, 250), "x = sqrt 2", font=hand, fill=60)
    draw.text((140, 330), f"so 1.41 m   ({student})", font=hand, fill=60)
    draw.text((60, 540), "2", font=print_font, fill=40)
    draw.ellipse((160, 600, 520, 840), outline=60, width=5)
    draw.ellipse((300, 680, 380, 750), outline=60, width=5)
    data = io.BytesIO()
    image.save(data, "JPEG")
    return data.getvalue()


def grader(request: dict[str, Any]) -> Answer:
    """Grade an answer: its first line has all points but the last criterion's; with the word "corrected", all."""
    worth = re.findall(r"^Criterion \d+ \((.*) points?\)", request["messages"][0]["content"], re.MULTILINE)
    content = request["messages"][1]["content"]
    said = content if isinstance(content, str) else str(content[-1]["text"])
    text = said.partition("\n<<<answer ")[2].partition("\n")[2]
    quote = text.split("\n")[0]
    criteria = [
        {
            "criterion": number,
            "quote": quote,
            "reason": "the first line says so" if number < len(worth) else "no unit is quoted",
            "points": float(points) if number < len(worth) or "corrected" in text else 0,
        }
        for number, points in enumerate(worth, 1)
    ]
    return Answer(json.dumps({"criteria": criteria, "feedback": "Which unit?", "addresses_grader": False}))
