"""Keys of all objects in the bucket, and names of an assignment's files."""

import hashlib

QUESTIONS = "questions.json"
USER_ANSWER_KEYS = "user_answer_keys.json"
USER_RUBRICS = "user_rubrics.json"
QUESTION_INSTRUCTIONS = "question_specific_instructions.json"
RUBRIC_INSTRUCTIONS = "rubric_instructions.txt"
ROSTER = "roster.csv"
STUDENTS = "students.json"
PILE_SETTINGS = "piles.json"
PAGE_COUNTS = "page_counts.json"
BOOKLETS = "booklets.json"
PAGES = "pages.json"
ANSWER_KEYS = "answer_keys.json"
RUBRICS = "rubrics.json"
TRANSCRIPTIONS = "transcriptions.json"
SCANS = "scans.json"
HEADS = "heads.json"
READ_NAMES = "read_names.json"
EXAM_PAGES = "exam_pages.json"
EXAM_SPEC = "exam_spec.json"
ANSWERS = "answers.json"
LEDGER = "ledger.json"
STRIPS = "strips.json"
READINGS = "readings.json"
GRADES = "grades.json"
REGRADE_SAMPLE = "regrade_sample.json"
GRADE_SCALE = "grade_scale.json"
REPORTS = "reports.json"
CLASS_REPORT = "class.html"

EXAM = "exam"
"""Placeholder for a student's id in the keys of the exam's own pages; no student has this id."""


def material(assignment: str, name: str) -> str:
    """Return the key of an assignment's file by its name."""
    return f"{assignment}/{name}"


def scans(assignment: str) -> str:
    """Return the prefix of the assignment's scans."""
    return f"{assignment}/scans/"


def piles(assignment: str) -> str:
    """Return the prefix of the assignment's piles: scans of the whole class."""
    return f"{assignment}/piles/"


def pile_pages(assignment: str) -> str:
    """Return the prefix of the images of the piles' pages, which are not masked."""
    return f"{assignment}/pile_pages/"


def pile_page(assignment: str, source: str, number: int, part: int) -> str:
    """Return the key of the image of a part of a pile's page."""
    return f"{pile_pages(assignment)}{source}-{number:05d}-{part}.jpg"


def pile_lookups(assignment: str, source: str) -> str:
    """Return the key of what a reader looks up in a pile's file before it comes to a page."""
    return f"{pile_pages(assignment)}{source}.lookups"


def blank_exam(assignment: str) -> str:
    """Return the prefix of the blank exam's files, whose keys differ in their endings."""
    return f"{assignment}/blank_exam."


def page(assignment: str, student_id: str, source: str, number: int) -> str:
    """Return the key of a page image: the ``number``-th page of one scanned file."""
    return f"{assignment}/pages/{student_id}/{source}-{number:04d}.jpg"


def source_of_page(key: str) -> str:
    """Return the id of the scanned file that a page image was made from, from the image's key."""
    return key.rpartition("/")[2].rpartition("-")[0]


def student_pages(assignment: str, student_id: str) -> str:
    """Return the prefix of a student's page images."""
    return f"{assignment}/pages/{student_id}/"


def strip(assignment: str, student_id: str, digest: str) -> str:
    """Return the key of a strip of a page image, by the digest of the image and the strip's rows."""
    return f"{student_strips(assignment, student_id)}{digest}.jpg"


def student_strips(assignment: str, student_id: str) -> str:
    """Return the prefix of a student's strips."""
    return f"{assignment}/strips/{student_id}/"


def head(assignment: str, student_id: str, source: str, number: int) -> str:
    """Return the key of a page's head, unmasked: that of the ``number``-th page of one scanned file."""
    return f"{student_heads(assignment, student_id)}{source}-{number:04d}.jpg"


def student_heads(assignment: str, student_id: str) -> str:
    """Return the prefix of the heads of a student's pages."""
    return f"{assignment}/heads/{student_id}/"


def reports(assignment: str) -> str:
    """Return the prefix of the assignment's reports."""
    return f"{assignment}/reports/"


def report(assignment: str, name: str) -> str:
    """Return the key of an assignment's report by its name."""
    return f"{reports(assignment)}{name}"


def student_report(student_id: str) -> str:
    """Return the name of a student's report. The report's file name for people may take the place of the id."""
    return f"students/{student_id}.html"


def transcription_report(student_id: str) -> str:
    """Return the name of a student's transcription report. A file name for people may take the place of the id."""
    return f"transcriptions/{student_id}.html"


def rubric_version(digest: str) -> str:
    """Return the name of the file with a version of a rubric that answers were graded against."""
    return f"rubric_versions/{digest}.json"


def kind_tasks(kind: str) -> str:
    """Return the name of the file with the custom tasks of a kind."""
    return f"tasks/{kind}.jsonl"


def kind_results(kind: str) -> str:
    """Return the name of the file with the results of a kind's custom tasks."""
    return f"{kind}.results.json"


def task_image(sha256: str, ending: str) -> str:
    """Return the name of an image that custom tasks show the model."""
    return f"images/{sha256}.{ending}"


def run_files(run_id: str) -> str:
    """Return the prefix of all of a run's files."""
    return f"runs/{run_id}/"


def stage_file(run_id: str, stage: str, name: str) -> str:
    """Return the key of a run's file for one stage, such as its inputs, items, manifest or sources."""
    return f"runs/{run_id}/{stage}/{name}.json"


def batch_requests(run_id: str, stage: str, token: str) -> str:
    """Return the key of the list of a provider batch's requests."""
    return f"runs/{run_id}/{stage}/batches/{token}.json"


def result(run_id: str, stage: str, task_id: str) -> str:
    """Return the key of a task's result in a run."""
    return f"runs/{run_id}/{stage}/results/{task_id}.json"


def cached_reply(digest: str) -> str:
    """Return the key of a cached reply."""
    return f"cache/{digest}.json"


def source_id(key: str, etag: str) -> str:
    """Return the opaque id of a scanned file, which changes with the file's content."""
    return hashlib.sha256(f"{key}\0{etag}".encode()).hexdigest()[:16]
