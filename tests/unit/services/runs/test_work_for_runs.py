"""Work that waits for a run, as the state of an assignment counts it from upload to grades."""

from tests.support.fakes import ASSIGNMENT, Harness, right, transcription
from tests.support.grades import RUBRICS, cells


def counts(harness: Harness) -> tuple[int, int, int]:
    """Return the students to transcribe, the answers to grade and the files of piles to separate."""
    state = harness.state()
    return state.untranscribed_students, state.ungraded_answers, state.unseparated_piles


def ready() -> Harness:
    """Return a harness with questions, rubrics and a model that reads each page as one answer."""
    harness = Harness()
    harness.exam()
    harness.put("user_rubrics.json", RUBRICS)
    harness.model.otherwise = lambda request: (
        transcription(request, "four") if request.schema_name == "Transcription" else right(request)
    )
    return harness


def test_each_run_takes_its_work_away_and_leaves_the_next_one() -> None:
    harness = ready()
    harness.put("scans/Ann/1.jpg", b"a")
    harness.put("scans/Bo/1.jpg", b"b")
    assert counts(harness) == (2, 0, 0)
    harness.run("transcribe")
    assert counts(harness) == (0, 2 * len(RUBRICS), 0)
    harness.run("grade")
    assert counts(harness) == (0, 0, 0)
    assert len(cells(harness)) == 2 * len(RUBRICS)


def test_scans_that_came_or_changed_after_the_last_transcription_wait() -> None:
    harness = ready()
    harness.put("scans/Ann/1.jpg", b"a")
    harness.run("transcribe")
    harness.run("grade")
    harness.put("scans/Bo/1.jpg", b"b")
    assert counts(harness) == (1, 0, 0)
    harness.put("scans/Ann/1.jpg", b"another page")
    assert counts(harness) == (2, 0, 0)
    harness.run("transcribe")
    assert counts(harness) == (0, len(RUBRICS), 0), "Ann's cells are there, and compared with her new answers"


def test_answers_without_a_rubric_are_not_to_be_graded_yet() -> None:
    harness = ready()
    harness.put("scans/Ann/1.jpg", b"a")
    harness.run("transcribe")
    harness.put("user_rubrics.json", {"2": RUBRICS["2"]})
    assert harness.state().without_rubric == ("1a", "1b")
    assert counts(harness) == (0, 1, 0)


def test_a_pile_waits_until_a_run_has_separated_it() -> None:
    harness = ready()
    harness.put("piles/class.pdf", b"a1|b1|a2|b2")
    harness.put("piles.json", {"pages": 2})
    assert counts(harness) == (0, 0, 1)
    harness.run("transcribe")
    assert counts(harness) == (0, 2 * len(RUBRICS), 0)


def test_answers_wait_whose_rubric_came_after_they_were_left_to_a_person() -> None:
    harness = ready()
    harness.put("scans/Ann/1.jpg", b"a")
    harness.put("user_rubrics.json", {"2": RUBRICS["2"]})
    harness.run("transcribe")
    harness.run("grade")
    assert counts(harness) == (0, 0, 0)
    harness.put("user_rubrics.json", RUBRICS)
    assert counts(harness) == (0, len(RUBRICS) - 1, 0)
    harness.run("grade")
    assert counts(harness) == (0, 0, 0)


def test_a_student_whose_scans_are_gone_before_any_transcription_does_not_wait() -> None:
    harness = ready()
    harness.put("scans/Ann/1.jpg", b"a")
    harness.put("students.json", {"students": [{"student_id": "s1", "folder": "Ann", "files": {"f1": "1.jpg"}}]})
    assert counts(harness) == (1, 0, 0)
    del harness.objects.data[f"{ASSIGNMENT}/scans/Ann/1.jpg"]
    assert counts(harness) == (0, 0, 0), "no run could transcribe them"
