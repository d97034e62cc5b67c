"""Uploading: which files go where, and what is refused before anything is sent."""

import json
import unicodedata
from pathlib import Path

import pytest

from aita.cli.files.upload_discovery import find_uploads
from aita.errors import InvalidMaterialError
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack, Raw

QUESTION = {"question_id": "1a", "question_text": "Why?", "points": 4, "question_type": "short_answer"}
EXAM = {"exam_name": "Midterm", "total_pages": 1, "questions": [QUESTION]}
UPLOADS = "/assignments/midterm/uploads"


@pytest.fixture
def exam(tmp_path: Path) -> Path:
    folder = tmp_path / "exam"
    for student in ("Ada Lovelace", "[red]Eve"):
        (folder / "scans" / student).mkdir(parents=True)
        (folder / "scans" / student / "page 1.JPG").write_bytes(b"jpeg of " + student.encode())
    (folder / "scans" / "Ada Lovelace" / ".DS_Store").write_bytes(b"x")
    (folder / "scans" / "Thumbs.db").write_bytes(b"x")
    (folder / "questions.json").write_text(json.dumps(EXAM))
    (folder / "roster.csv").write_text("Student Name,Student ID\nAda Lovelace,1\n")
    (folder / "blank_exam.pdf").write_bytes(b"%PDF")
    return folder


def names(*paths: Path) -> list[str]:
    return [one.name for one in find_uploads(paths).uploads]


def problem(*paths: Path) -> str:
    with pytest.raises(InvalidMaterialError) as caught:
        find_uploads(paths)
    return str(caught.value)


SCANS = ["scans/Ada Lovelace/page 1.JPG", "scans/[red]Eve/page 1.JPG"]


def test_an_exam_is_uploaded(stack: FakeStack, aita: Aita, exam: Path) -> None:
    code, out, _ = aita("upload", str(exam), "--assignment", "midterm")
    assert code == 0
    assert sorted(stack.uploads) == sorted([*SCANS, "blank_exam.pdf", "questions.json", "roster.csv"])
    assert stack.uploads[SCANS[1]] == b"jpeg of [red]Eve"
    assert "scans/[red]Eve  1 file" in out
    [asked] = stack.asked("POST", UPLOADS)
    assert {"name": "blank_exam.pdf", "size": 4} in asked.body["files"]


def test_uploading_answers_in_json(stack: FakeStack, aita: Aita, exam: Path) -> None:
    code, out, _ = aita("upload", str(exam), "-a", "midterm", "--json")
    assert code == 0
    assert [one["name"] for one in json.loads(out)["files"]] == names(exam)


def test_folders_and_files_are_understood(exam: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scans = exam / "scans"
    assert names(scans) == SCANS
    assert names(scans / "Ada Lovelace") == SCANS[:1]
    assert names(scans / "[red]Eve" / "page 1.JPG", exam / "roster.csv") == ["roster.csv", SCANS[1]]
    assert names(exam, scans, exam / "questions.json") == names(exam)
    monkeypatch.chdir(scans)
    assert names(Path()) == SCANS
    monkeypatch.chdir(scans / "Ada Lovelace")
    assert names(Path("page 1.JPG")) == SCANS[:1]
    moved = scans.rename(exam / "students")
    assert names(moved) == SCANS


def test_an_exam_spec_is_the_questions(exam: Path) -> None:
    (exam / "questions.json").rename(exam / "exam_spec.json")
    uploads = {one.name: one.path for one in find_uploads([exam]).uploads}
    assert uploads["questions.json"] == exam / "exam_spec.json"
    (exam / "questions.json").write_text("{}")
    assert f"it would be questions.json, as {exam / 'exam_spec.json'} would: keep one" in problem(exam)


def test_names_that_look_the_same_are_the_same(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        folder = tmp_path / form / unicodedata.normalize(form, "José")
        folder.mkdir(parents=True)
        (folder / "1.png").write_bytes(b"x")
    assert names(tmp_path / "NFD") == names(tmp_path / "NFC") == ["scans/José/1.png"]
    assert "it would be scans/José/1.png, as " in problem(tmp_path / "NFD", tmp_path / "NFC")


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("notes.docx", "x", "notes.docx: files of this kind are not taken"),
        ("scans/page.jpg", "x", "whose is it"),
        ("scans/Ada Lovelace/answers.xyz", "x", "answers.xyz: files of this kind"),
        ("scans/Ada Lovelace/more/1.jpg", "x", "holds scans and no folders"),
        ("scans/Ada Lovelace/2.jpg", "", "2.jpg: it is empty"),
        ("scans/Ada Lovelace/a\x07.jpg", "x", "without control characters"),
        ("other/1.jpg", "x", "only a folder named scans"),
        ("page.jpg", "x", "scans/<student>/"),
        ("scans/Ada Lovelace/more/1.jpg", "x", "more: a student's folder"),
    ],
)
def test_a_file_that_is_not_understood_is_refused_before_anything_is_sent(
    stack: FakeStack, aita: Aita, exam: Path, file: str, content: str, said: str
) -> None:
    (exam / file).parent.mkdir(exist_ok=True)
    (exam / file).write_text(content)
    code, out, err = aita("upload", str(exam), "-a", "midterm")
    assert (code, out) == (2, "")
    assert said in err
    assert "\x07" not in err
    assert stack.requests == []


def test_each_problem_is_named(exam: Path) -> None:
    for number in range(12):
        (exam / f"{number:02}.xyz").write_text("x")
    said = problem(exam, exam / "nothing")
    assert "00.xyz" in said
    assert "09.xyz" in said
    assert said.endswith("and 3 more")
    assert said.count("files of this kind are not taken") == 1, "one reason is told once"


@pytest.mark.parametrize("inside", ["guide.md", "a/b/1.jpg", "a/guide.md"])
def test_a_folder_that_is_no_exams_is_said_to_be_none(tmp_path: Path, inside: str) -> None:
    file = tmp_path / "docs" / inside
    file.parent.mkdir(parents=True)
    file.write_text("x")
    said = problem(tmp_path / "docs")
    assert said.startswith(f"nothing was uploaded: {tmp_path / 'docs'}: this is no exam's folder")
    assert inside not in said
    (tmp_path / "docs" / "1.jpg").write_text("x")
    assert f"{tmp_path / 'docs' / '1.jpg'}: whose is it?" in problem(tmp_path / "docs")


def test_a_file_that_is_too_large_is_refused(exam: Path) -> None:
    with (exam / "scans" / "Ada Lovelace" / "thick.pdf").open("wb") as file:
        file.truncate(201 * 1024 * 1024)
    assert "201 MB" in problem(exam)


def test_nothing_is_not_uploaded(tmp_path: Path) -> None:
    assert "no files" in problem(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("questions.json", '{"exam_name": "x",\n "total_pages": }', "line 2"),
        ("questions.json", json.dumps(EXAM | {"questions": [QUESTION, QUESTION]}), "'1a' is there twice"),
        ("questions.json", json.dumps(EXAM | {"questions": [QUESTION | {"points": 0}]}), "questions[0].points"),
        ("questions.json", json.dumps(EXAM | {"choices": [{"choose": 1, "of": ["1a", "9z"]}]}), "'9z' is no question"),
        ("questions.json", json.dumps(EXAM | {"questions": [QUESTION | {"bonus": True}]}), "out of 0 points"),
        ("exam_spec.json", json.dumps(EXAM | {"questions": []}), "exam_spec.json: questions"),
        ("questions.json", json.dumps(EXAM | {"choices": {}}), "choices: it must be a list, [...]"),
        ("questions.json", json.dumps(EXAM | {"questions": [{}]}), "questions[0].question_id: it is missing"),
        ("questions.json", json.dumps(EXAM | {"questions": [QUESTION | {"bonus": "maybe"}]}), "must be true or false"),
        ("questions.json", json.dumps(EXAM | {"questions": [QUESTION | {"points": "4 p"}]}), "must be a number, such"),
        (
            "questions.json",
            json.dumps(EXAM | {"choices": [{"choose": 0, "of": ["1a"]}]}),
            "choices[0].choose: it must be 1 or more",
        ),
        ("questions.json", json.dumps(EXAM | {"questions": [QUESTION | {"Bonus": True}]}), "questions[0].Bonus: there"),
        ("questions.json", json.dumps(EXAM | {"choice": [{"choose": 1, "of": ["1a"]}]}), "name it choices"),
        (
            "user_answer_keys.json",
            '{"1a": {"correct_answer": "x", "alternative_answer": ["y"]}}',
            "alternative_answers",
        ),
        ("user_answer_keys.json", '{"9z": {"correct_answer": "x"}}', "'9z' is no question_id"),
        (
            "user_answer_keys.json",
            '{"1a": {"question_id": "2", "correct_answer": "x"}}',
            "'1a' has the question_id '2'",
        ),
        ("user_rubrics.json", '{"9z": {"total_points": 1, "criteria": []}}', "9z.criteria"),
        (
            "user_rubrics.json",
            '{"1A": {"total_points": 4, "criteria": [{"points": 4, "description": "x"}]}}',
            "use 1a,",
        ),
        ("user_answer_keys.json", '{"1A": {"correct_answer": "x"}}', "use 1a, or take it out"),
        (
            "user_answer_keys.json",
            '{"1a": {"correct_answer": "x"}, "1a": {"correct_answer": "y"}}',
            "'1a' is there twice: keep one",
        ),
        ("grade_scale.json", '{"steps": [{"letter": "A", "from_percent": 90}]}', "begin at 0 percent"),
        ("grade_scale.json", '{"steps": [{"letter": "A", "from_percent": "90%"}]}', "steps[0].from_percent"),
        (
            "user_rubrics.json",
            '{"1a": {"total_points": 3, "criteria": [{"points": 3, "description": "x"}]}}',
            "the question is worth 4",
        ),
        ("question_specific_instructions.json", '{"1a": 3}', "1a"),
        ("question_specific_instructions.json", '{"1a ": "x", "Q1": "y"}', "'1a ', 'Q1' is no question_id of the exam"),
        ("rubric_instructions.txt", b"\xff\xfe", "not UTF-8"),
        ("roster.csv", "Ada\nBo\n", "line 1"),
        ("roster.csv", b"Student Name\nA\xa4 d\xa9\n", "line 2: it is not UTF-8"),
        ("roster.csv", "Student Name,Email\nAda,a@b\n,c@d\n", "line 3"),
    ],
)
def test_wrong_material_is_named_with_its_place(
    stack: FakeStack, aita: Aita, exam: Path, name: str, content: str | bytes, said: str
) -> None:
    if name == "exam_spec.json":
        (exam / "questions.json").unlink()
    (exam / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    code, _, err = aita("upload", str(exam), "-a", "midterm")
    assert code == 2
    assert f"{exam / name}: " in err
    assert said in err
    assert stack.requests == []


@pytest.mark.parametrize("assignment", ["a/b", "..", "ü", "x" * 300, "", "runs", "a b"])
def test_an_assignment_must_have_a_plain_name(stack: FakeStack, aita: Aita, exam: Path, assignment: str) -> None:
    code, _, err = aita("upload", str(exam), f"--assignment={assignment}")
    assert code == 2
    assert "assignment" in err
    assert stack.requests == []


@pytest.mark.slow
def test_many_files_go_in_batches(stack: FakeStack, aita: Aita, exam: Path) -> None:
    for number in range(230):
        (exam / "scans" / "Ada Lovelace" / f"{number}.jpg").write_bytes(b"x")
    code, _, _ = aita("upload", str(exam), "-a", "midterm")
    assert code == 0
    assert [len(one.body["files"]) for one in stack.asked("POST", UPLOADS)] == [100, 100, 35]
    assert len(stack.uploads) == 235


def test_a_busy_bucket_is_asked_again(stack: FakeStack, aita: Aita, exam: Path) -> None:
    stack.refuse_upload.extend([503, 500])
    assert aita("upload", str(exam), "-a", "midterm")[0] == 0
    assert len(stack.uploads) == 5


def test_a_bucket_that_refuses_is_told(stack: FakeStack, aita: Aita, exam: Path) -> None:
    stack.refuse_upload.append(400)
    code, _, err = aita("upload", str(exam / "roster.csv"), "-a", "midterm")
    assert code == 1
    assert "roster.csv was not taken: S3 answers 400 EntityTooLarge" in err


def test_forms_for_other_files_are_not_used(stack: FakeStack, aita: Aita, exam: Path) -> None:
    form = {"name": "questions.json", "url": f"{stack.url}/s3/", "fields": {}}
    stack.answer("POST", UPLOADS, {"uploads": [form]})
    assert aita("upload", str(exam / "roster.csv"), "-a", "midterm")[0] == 1
    assert stack.uploads == {}


def test_an_answer_of_another_version_is_told(stack: FakeStack, aita: Aita, exam: Path) -> None:
    stack.answer("POST", UPLOADS, Raw(200, b'{"forms": []}'))
    code, _, err = aita("upload", str(exam), "-a", "midterm")
    assert code == 1
    assert "version of aita" in err


def test_what_to_check_on_a_roster_is_told(stack: FakeStack, aita: Aita, exam: Path) -> None:
    for folder in ("Ada Lovelce", "Bo Chan"):
        (exam / "scans" / folder).mkdir()
        (exam / "scans" / folder / "1.jpg").write_bytes(b"x")
    (exam / "roster.csv").write_bytes("Name;ID\nJosé;1\nBo Chan;2\nBo Chan;3\nAda Lovelace;4\n".encode("latin-1"))
    code, out, err = aita("upload", str(exam), "-a", "midterm", "--json")
    assert code == 0
    total, *notes = json.loads(out)["notes"]
    assert total == f"{exam / 'questions.json'}: out of 4 points; all questions count, and none is a bonus"
    assert [note.removeprefix(f"{exam / 'roster.csv'}: ") for note in notes] == [
        "it is not UTF-8, and was read as Windows-1252: check the names with letters beyond A to Z",
        "on the roster, and no scans are surely theirs: José; Bo Chan (2); Bo Chan (3)",
        "not on the roster: Ada Lovelce; [red]Eve",
        "matches several names on the roster: Bo Chan",
    ]
    assert "roster.csv: it is not UTF-8" in err
    assert len(stack.uploads) == 7


def test_a_roster_of_nobody_is_told(stack: FakeStack, aita: Aita, tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text("Name,Student ID\n")
    code, _, err = aita("upload", str(tmp_path / "roster.csv"), "-a", "midterm")
    assert code == 0, err
    assert list(stack.uploads) == ["roster.csv"]
    assert "there is no student on it" in " ".join(err.split())


def test_a_roster_alone_is_compared_with_no_scans(stack: FakeStack, aita: Aita, exam: Path) -> None:
    code, out, _ = aita("upload", str(exam / "roster.csv"), "-a", "midterm", "--json")
    assert (code, json.loads(out)["notes"]) == (0, [])


RUBRIC_OF_3 = {"total_points": 3, "criteria": [{"points": 3, "description": "x"}]}
RUBRIC_OF_4 = {"total_points": 4, "criteria": [{"points": 4, "description": "x"}]}


@pytest.mark.parametrize("stored", ["questions.json", "exam_spec.json"])
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("user_rubrics.json", {"1a": RUBRIC_OF_3}, "total_points is 3 and the question is worth 4"),
        ("user_rubrics.json", {"2a": RUBRIC_OF_4}, "'2a' is no question_id"),
        ("user_answer_keys.json", {"2a": {"correct_answer": "x"}}, "'2a' is no question_id"),
        ("question_specific_instructions.json", {"2a": "x"}, "'2a' is no question_id"),
    ],
)
def test_a_file_that_does_not_fit_the_questions_of_before_is_refused(
    stack: FakeStack, aita: Aita, tmp_path: Path, name: str, content: object, said: str, stored: str
) -> None:
    stack.answer("GET", "/assignments/midterm/files", {"files": [stack.file(stored, json.dumps(EXAM).encode())]})
    (tmp_path / name).write_text(json.dumps(content))
    code, _, err = aita("upload", str(tmp_path / name), "-a", "midterm")
    assert code == 2
    assert said in err
    assert f"nothing was uploaded: {tmp_path / name}: " in err
    assert stack.uploads == {}


def test_questions_of_before_that_cannot_be_read_are_named(stack: FakeStack, aita: Aita, tmp_path: Path) -> None:
    stack.answer("GET", "/assignments/midterm/files", {"files": [stack.file("questions.json", b"{oops")]})
    (tmp_path / "user_rubrics.json").write_text(json.dumps({"1a": RUBRIC_OF_4}))
    code, _, err = aita("upload", str(tmp_path / "user_rubrics.json"), "-a", "midterm")
    assert (code, stack.uploads) == (2, {})
    assert "nothing was uploaded: the questions that were uploaded before can't be read: questions.json: " in err


def test_a_file_that_fits_the_questions_of_before_is_uploaded(stack: FakeStack, aita: Aita, tmp_path: Path) -> None:
    stack.answer(
        "GET", "/assignments/midterm/files", {"files": [stack.file("questions.json", json.dumps(EXAM).encode())]}
    )
    (tmp_path / "user_rubrics.json").write_text(json.dumps({"1a": RUBRIC_OF_4}))
    assert aita("upload", str(tmp_path / "user_rubrics.json"), "-a", "midterm")[0] == 0
    assert [*stack.uploads] == ["user_rubrics.json"]


def test_questions_that_files_of_before_do_not_fit_are_uploaded_with_a_note(
    stack: FakeStack, aita: Aita, exam: Path
) -> None:
    """Either may come first; the rubric of before must fit before anything is graded."""
    rubrics = json.dumps({"1a": RUBRIC_OF_3}).encode()
    stack.answer("GET", "/assignments/midterm/files", {"files": [stack.file("user_rubrics.json", rubrics)]})
    code, out, _ = aita("upload", str(exam / "questions.json"), "-a", "midterm", "--json")
    assert code == 0
    assert "user_rubrics.json, '1a': total_points is 3 and the question is worth 4" in json.loads(out)["notes"][1]
    (exam / "user_rubrics.json").write_text(json.dumps({"1a": RUBRIC_OF_4}))
    code, out, _ = aita("upload", str(exam), "-a", "midterm", "--json")
    assert len(json.loads(out)["notes"]) == 2, "the rubric of before is replaced"


def test_further_fields_are_passed_over(aita: Aita, stack: FakeStack, exam: Path) -> None:
    """Files of other tools have fields of their own, some of whose names are like ones that are there, too."""
    question = QUESTION | {"question": "Why?", "question_num": 1, "section": "A", "answer": "B"}
    (exam / "questions.json").write_text(json.dumps(EXAM | {"questions": [question], "course": "Physics"}))
    assert aita("upload", str(exam), "-a", "midterm")[0] == 0
    assert "questions.json" in stack.uploads
