"""Names of assignments and of files that may be uploaded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import InvalidMaterialError, RequestError
from aita.models.names import check_assignment, check_upload


@pytest.mark.parametrize("name", ["a", "7", "midterm-1", "CS_101", "x" * 64, "Runs", "cache2"])
def test_an_assignments_name(name: str) -> None:
    assert check_assignment(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a/b",
        "/a",
        "a/",
        ".",
        "..",
        "../x",
        "a.b",
        "-a",
        "_a",
        "a b",
        " a",
        "a\n",
        "a\0",
        "prüfung",
        "考试",
        "a\u0301",
        "٣",
        "x" * 65,
        "x" * 300,
        "runs",
        "cache",
        "a#b",
        "a%2fb",
        "\ud800",
    ],
)
def test_what_can_not_be_an_assignments_name_is_told_briefly(name: str) -> None:
    with pytest.raises(RequestError, match="can't be an assignment's name: use 1 to 64 letters") as caught:
        check_assignment(name)
    assert len(str(caught.value)) < 300
    assert caught.value.http_status == 400


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("questions.json", "application/json"),
        ("user_rubrics.json", "application/json"),
        ("question_specific_instructions.json", "application/json"),
        ("rubric_instructions.txt", "text/plain"),
        ("roster.csv", "text/csv"),
        ("grade_scale.json", "application/json"),
        ("blank_exam.pdf", "application/pdf"),
        ("blank_exam.JPG", "image/jpeg"),
        ("scans/Ann Lee/page 1.jpg", "image/jpeg"),
        ("scans/Ann Lee/1.JPEG", "image/jpeg"),
        ("scans/李雷/1.png", "image/png"),
        ("scans/José Ñ./1.tif", "image/tiff"),
        ("scans/x/1.tiff", "image/tiff"),
        ("scans/x/1.heic", "image/heic"),
        ("scans/x/1.heif", "image/heif"),
        ("scans/x/all.v2.pdf", "application/pdf"),
    ],
)
def test_what_may_be_uploaded(name: str, content_type: str) -> None:
    assert check_upload(name) == content_type


@pytest.mark.parametrize(
    "name",
    [
        "",
        "students.json",
        "rubrics.json",
        "Questions.json",
        "../questions.json",
        "pages/s-1/1.jpg",
        "scan.pdf",
        "scans/1.jpg",
        "scans//1.jpg",
        "scans/./1.jpg",
        "scans/../1.jpg",
        "scans/A/../1.jpg",
        "scans/A/b/1.jpg",
        "/scans/A/1.jpg",
        "scans/A/1.exe",
        "scans/A/1",
        "scans/A/.jpg",
        "scans/A/1.jpg ",
        "scans/ A/1.jpg",
        "scans/A\n/1.jpg",
        "scans/A\x00/1.jpg",
        "scans/\ud800/1.jpg",
        "scans/A/\udcff.jpg",
        "scans/" + "x" * 201 + "/1.jpg",
        "scans/" + "é" * 101 + "/1.jpg",
        "scans/A/" + "x" * 197 + ".jpg",
        "blank_exam.docx",
    ],
)
def test_what_may_not_be_uploaded(name: str) -> None:
    with pytest.raises(InvalidMaterialError, match="can't be uploaded under that name"):
        check_upload(name)


def test_the_refusal_does_not_show_a_students_name() -> None:
    with pytest.raises(InvalidMaterialError) as caught:
        check_upload("scans/Ann Lee/essay.docx")
    assert "Ann" not in str(caught.value)
    assert "essay" not in str(caught.value)


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=60))
def test_any_name_is_taken_or_refused(name: str) -> None:
    for check, refusal in ((check_assignment, RequestError), (check_upload, InvalidMaterialError)):
        try:
            check(name)
        except refusal:
            continue
