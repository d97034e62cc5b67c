"""Makes the sample exam's scans, its blank PDF and truth.json: ``python samples/render.py``.

It reads ``exam/questions.json``, ``answers.toml``, ``answer_key.toml`` and ``grades.toml``. Every
random choice is seeded by the student and the page, so running it again gives the same bytes as long
as Pillow and pypdfium2 are of the same versions.
"""

import json
import random
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image
from rendering import scan, truth
from rendering.handwriting import Pen, load_font
from rendering.layout import LEFT, PageLayout, lay_out
from rendering.pdf import printed_pdf, scanned_pdf

HERE = Path(__file__).parent
EXAM = HERE / "exam"
SCALE = scan.DPI / 72  # pixels per point


def main() -> None:
    """Write the blank exam, the scans and truth.json."""
    exam = json.loads((EXAM / "questions.json").read_text("utf-8"))
    students = tomllib.loads((HERE / "answers.toml").read_text("utf-8"))["students"]
    layouts = lay_out(exam)
    blank = printed_pdf(layouts)
    (EXAM / "blank_exam.pdf").write_bytes(blank)
    backgrounds = _render_pages(blank)
    shutil.rmtree(EXAM / "scans", ignore_errors=True)
    pages = [page for student in students for page in _write_student(student, layouts, backgrounds)]
    keys = tomllib.loads((HERE / "answer_key.toml").read_text("utf-8"))["questions"]
    grades = tomllib.loads((HERE / "grades.toml").read_text("utf-8"))["grades"]
    entries = {
        "exam_name": exam["exam_name"],
        "exam_pages": [
            truth.exam_page(layout, scan.jpeg(background))
            for layout, background in zip(layouts, backgrounds, strict=True)
        ],
        "pages": pages,
        "questions": [truth.question(key, exam["questions"]) for key in keys],
        "grades": [truth.grade(grade, students) for grade in grades],
    }
    (HERE / "truth.json").write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", "utf-8")
    size = sum(
        path.stat().st_size
        for path in HERE.rglob("*")
        if path.is_file() and not {"__pycache__", ".mypy_cache"} & set(path.parts)
    )
    sys.stdout.write(f"{len(pages)} pages; samples/ is {size / 1e6:.2f} MB\n")


def _render_pages(pdf: bytes) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(pdf)
    images = [page.render(scale=SCALE).to_pil().convert("RGB").resize(scan.SIZE) for page in document]
    document.close()
    return images


def _write_student(
    student: dict[str, Any], layouts: list[PageLayout], backgrounds: list[Image.Image]
) -> list[dict[str, Any]]:
    """Write one student's files, and return what is on each page."""
    folder = EXAM / "scans" / student["folder"]
    folder.mkdir(parents=True)
    jpegs, entries = [], []
    for layout, background in zip(layouts, backgrounds, strict=True):
        jpeg = _scan_page(student, layout, background)
        jpegs.append(jpeg)
        entries.append(truth.student_page(student, layout, jpeg))
    if len(student["files"]) == 1:
        (folder / student["files"][0]).write_bytes(scanned_pdf(jpegs, scan.SIZE, scan.DPI))
    else:
        for name, jpeg in zip(student["files"], jpegs, strict=True):
            (folder / name).write_bytes(jpeg)
    return entries


def _scan_page(student: dict[str, Any], layout: PageLayout, background: Image.Image) -> bytes:
    chance = random.Random(f"{student['folder']} {layout.number}")
    written = student["name"] + "".join(
        answer["text"] for answer in student["answers"].values() if "forces" not in answer
    )
    font = load_font(HERE / "fonts" / student["font"], student["size"], written)
    image = background.copy()
    pen = Pen(image, font, tuple(student["ink"]), SCALE, chance)
    pen.line(student["name"], LEFT + 50, 86)
    for question_id, space in layout.answers.items():
        answer = student["answers"].get(question_id)
        if answer and "forces" in answer:
            pen.sketch(answer["forces"], space)
        elif answer:
            pen.answer(answer["text"], space)
    return scan.jpeg(scan.scan(image, chance), sideways=layout.number in student.get("sideways", ()))


if __name__ == "__main__":
    main()
