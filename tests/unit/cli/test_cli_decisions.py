"""Deciding on the command line: by criterion, by what was seen, on many answers, with another text, and undoing it."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from PIL import Image

from aita.errors import ConflictError, StackError
from aita.models.decision import DecisionAction
from aita.models.grade import CellState
from aita.models.review import FlagView, Proposal, ReviewPage, fingerprint
from aita.models.review_flags import FlagKind
from aita.models.student import Student, Students
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack
from tests.unit.cli.test_cli_review import CELL, FILES, PATH, QUEUE, SEEN, decision, known, line, shown

__all__ = ["known"]

WROTE = "the student's own words"
NOBODY_LEFT = ReviewPage(cells=(), open_cells=0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a person sit at the terminal, who answers so."""

    def answer(said: str) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        monkeypatch.setattr(sys, "stdin", Terminal(said))

    return answer


def sent(stack: FakeStack, path: str = PATH) -> list[dict[str, Any]]:
    return [request.body for request in stack.asked("POST", path)]


class TestSeen:
    def test_a_proposal_that_was_not_shown_is_not_accepted(self, known: FakeStack, aita: Aita) -> None:
        known.answer("GET", PATH, shown(known))
        code, _, err = aita("review", "accept", CELL, "-a", "midterm", "--by", "Ada")
        assert (code, sent(known)) == (2, [])
        assert f"say with --seen what you saw, as aita review show {CELL} --assignment midterm prints it" in err

    @pytest.mark.parametrize(("said", "accepts"), [("y\n", True), ("n\n", False), ("\n", False)])
    def test_at_a_terminal_it_is_shown_first(
        self, known: FakeStack, aita: Aita, asked: Callable[[str], None], said: str, accepts: bool
    ) -> None:
        asked(said)
        known.answer("GET", PATH, shown(known))
        known.answer("POST", PATH, decision(action=DecisionAction.ACCEPT, points=3, why=""))
        known.answer("GET", QUEUE, NOBODY_LEFT)
        code, out, _ = aita("review", "accept", CELL, "-a", "midterm", "--by", "Ada")
        assert code == (0 if accepts else 2)
        assert "3 of 5 (the graders: 3, 2.5, 3)" in out, "the proposal"
        assert [each["basis"] for each in sent(known)] == (["b1"] if accepts else [])

    @pytest.mark.parametrize(
        "command", [("accept",), ("set", "--points", "4", "--why", "x"), ("undo",)], ids=["accept", "set", "undo"]
    )
    def test_what_was_seen_is_sent_and_not_what_there_is_now(
        self, known: FakeStack, aita: Aita, command: tuple[str, ...]
    ) -> None:
        known.answer("GET", PATH, shown(known, basis="b2"))
        known.answer("POST", PATH, ConflictError("it was set to 1 by Bob"))
        code, _, err = aita("review", command[0], CELL, *command[1:], "--seen", SEEN, "-a", "midterm", "--by", "Ada")
        assert (code, "it was set to 1 by Bob" in err) == (1, True)
        assert [each["basis"] for each in sent(known)] == [SEEN]

    def test_the_code_is_in_the_documents(self, known: FakeStack, aita: Aita) -> None:
        known.answer("GET", PATH, shown(known, basis="b1, after 01J"))
        known.answer("GET", QUEUE, ReviewPage(cells=(line(),), open_cells=1))
        assert json.loads(aita("review", "list", "-a", "midterm", "--json")[1])["cells"][0]["seen"] == SEEN
        document = json.loads(aita("review", "show", CELL, "-a", "midterm", "--json")[1])
        assert document["seen"] == fingerprint("b1, after 01J") != SEEN


class TestCriteria:
    def test_they_are_sent_by_their_numbers(self, known: FakeStack, aita: Aita) -> None:
        known.answer("GET", PATH, shown(known))
        known.answer("POST", PATH, decision(points=2.5, criteria=(2, 0.5), feedback="Mind the unit."))
        known.answer("GET", QUEUE, NOBODY_LEFT)
        options = ("--criterion", "1=2", "-c", "2=.5", "--feedback", "Mind the unit.", "--why", "half", "--by", "Ada")
        code, out, _ = aita("review", "set", CELL, *options, "-a", "midterm")
        assert (code, "Set: 2.5 of 5 for Maya Lindqvist" in out) == (0, True)
        assert sent(known) == [
            {
                "action": "set",
                "criteria": {"1": 2, "2": 0.5},
                "feedback": "Mind the unit.",
                "why": "half",
                "by": "Ada",
                "basis": "b1",
            }
        ]

    @pytest.mark.parametrize("wrong", ["1", "1=", "a=1", "1=-1", "1=nan", "1=1e9", "0=1"])
    def test_what_is_no_criterion_is_not_sent(self, known: FakeStack, aita: Aita, wrong: str) -> None:
        known.answer("GET", PATH, shown(known))
        code, _, err = aita("review", "set", CELL, "--criterion", wrong, "--why", "x", "-a", "midterm", "--by", "Ada")
        assert (code, sent(known), "nothing was decided: --criterion" in err) == (2, [], True)

    def test_one_that_is_given_twice_is_refused(self, known: FakeStack, aita: Aita) -> None:
        known.answer("GET", PATH, shown(known))
        code, _, err = aita("review", "set", CELL, "-c", "1=1", "-c", "1=2", "--why", "x", "-a", "midterm", "--by", "A")
        assert (code, sent(known), "--criterion 1 is there twice" in err) == (2, [], True)

    def test_decisions_show_them(self, known: FakeStack, aita: Aita) -> None:
        made = decision(points=2.5, criteria=(2, 0.5), feedback="Mind the unit.")
        known.answer("GET", PATH, shown(known, decisions=(made,)))
        out = aita("review", "show", CELL, "-a", "midterm")[1]
        assert "set 2.5 (1: 2, 2: 0.5)" in out
        assert "feedback: Mind the unit." in out


class TestCorrection:
    def text(self, tmp_path: Path, data: bytes) -> str:
        path = tmp_path / "fix.txt"
        path.write_bytes(data)
        return str(path)

    def test_a_file_is_the_answers_text(self, known: FakeStack, aita: Aita, tmp_path: Path) -> None:
        known.answer("GET", PATH, shown(known))
        known.answer("POST", PATH, decision(action=DecisionAction.CORRECT, points=None, transcription=WROTE, why=""))
        known.answer("GET", QUEUE, NOBODY_LEFT)
        path = self.text(tmp_path, f"\ufeff{WROTE}\r\n".encode())
        code, out, err = aita("review", "correct", CELL, "-t", path, "-a", "midterm", "--by", "Ada")
        assert code == 0
        assert "Grade it from this text: aita grade --assignment midterm" in out
        assert WROTE not in out + err
        [body] = sent(known)
        assert (body["action"], body["transcription"]) == ("correct", WROTE)

    def test_a_file_that_is_no_text_is_refused_without_its_words(
        self, known: FakeStack, aita: Aita, tmp_path: Path
    ) -> None:
        known.answer("GET", PATH, shown(known))
        path = self.text(tmp_path, b"caf\xe9")
        code, _, err = aita("review", "correct", CELL, "-t", path, "-a", "midterm", "--by", "Ada")
        assert (code, sent(known), "byte 3 is not UTF-8" in err, "caf" in err) == (2, [], True, False)
        path = self.text(tmp_path, b"secret " * 10_000)
        code, _, err = aita("review", "correct", CELL, "-t", path, "-a", "midterm", "--by", "Ada")
        assert (code, sent(known), "--transcription" in err, "secret" in err) == (2, [], True, False)
        code, _, err = aita("review", "correct", CELL, "-t", str(tmp_path / "none"), "-a", "midterm", "--by", "Ada")
        assert (code, "none: No such file" in err) == (1, True)

    def test_a_text_that_a_person_wrote_is_replaced_if_that_is_asked_for(
        self, known: FakeStack, aita: Aita, tmp_path: Path
    ) -> None:
        made = decision(action=DecisionAction.CORRECT, points=None, transcription=WROTE, why="")
        known.answer("GET", PATH, shown(known, raw_text=WROTE, read_by_person=True, decisions=(made,)))
        known.answer("POST", PATH, made)
        known.answer("GET", QUEUE, NOBODY_LEFT)
        command = ("review", "correct", CELL, "-t", self.text(tmp_path, b"another"), "-a", "midterm", "--by", "Bob")
        code, _, err = aita(*command)
        assert (code, sent(known)) == (1, [])
        assert "Ada corrected the text, 2026-03-0" in err
        assert aita(*command, "--again")[0] == 0

    def test_a_corrected_answer_says_so(self, known: FakeStack, aita: Aita) -> None:
        made = decision(action=DecisionAction.CORRECT, points=None, transcription=WROTE, why="")
        known.answer("GET", PATH, shown(known, raw_text=WROTE, read_by_person=True, decisions=(made,)))
        out = aita("review", "show", CELL, "-a", "midterm")[1]
        assert "read by a person" in out
        assert "Ada corrected the text" in out


class TestUndo:
    def test_it_tells_what_counts_now(self, known: FakeStack, aita: Aita) -> None:
        known.answer("GET", PATH, shown(known, state=CellState.OVERRIDDEN, points=4.5, counts="01J"), shown(known))
        undone = decision(
            action=DecisionAction.UNDO, points=None, undoes="01J", old_state=CellState.OVERRIDDEN, old_points=4.5
        )
        known.answer("POST", PATH, undone)
        known.answer("GET", QUEUE, NOBODY_LEFT)
        code, out, _ = aita("review", "undo", CELL, "-a", "midterm", "--by", "Ada")
        assert code == 0
        assert "question 1a: now proposed 3 of 5, waits for a decision (before: set by a person, 4.5)" in out
        assert [(each["action"], each["by"]) for each in sent(known)] == [("undo", "Ada")]

    def test_anothers_decision_is_taken_back_if_that_is_asked_for(self, known: FakeStack, aita: Aita) -> None:
        known.answer("GET", PATH, shown(known, state=CellState.OVERRIDDEN, points=4.5, counts="01J"))
        known.answer("POST", PATH, decision(action=DecisionAction.UNDO, points=None, undoes="01J"))
        known.answer("GET", QUEUE, NOBODY_LEFT)
        code, _, err = aita("review", "undo", CELL, "-a", "midterm", "--by", "Bob")
        assert (code, sent(known)) == (1, [])
        assert "Ada set 4.5, 2026-03-0" in err
        assert aita("review", "undo", CELL, "-a", "midterm", "--by", "Bob", "--again")[0] == 0

    def test_a_decision_that_was_taken_back_is_shown_as_such(self, known: FakeStack, aita: Aita) -> None:
        undone = decision(decision_id="02J", action=DecisionAction.UNDO, points=None, undoes="01J", why="a slip")
        known.answer("GET", PATH, shown(known, decisions=(decision(), undone)))
        out = aita("review", "show", CELL, "-a", "midterm")[1]
        assert "the method is right [taken back]" in " ".join(out.split())
        assert "took the last decision back" in out
        assert "review undo" not in out

    def test_a_graded_answer_whose_decision_was_taken_back_is_nobodys(self, known: FakeStack, aita: Aita) -> None:
        undone = decision(decision_id="02J", action=DecisionAction.UNDO, points=None, undoes="01J", by="Bob")
        found = shown(known, state=CellState.GRADED, basis="b1, after 02J", decisions=(decision(), undone))
        known.answer("GET", PATH, found)
        known.answer("POST", PATH, decision(points=4))
        known.answer("GET", QUEUE, NOBODY_LEFT)
        assert "--again" not in aita("review", "show", CELL, "-a", "midterm")[1]
        assert aita("review", "set", CELL, "--points", "4", "--why", "half", "-a", "midterm", "--by", "Cyd")[0] == 0


@pytest.mark.slow
class TestCommandsThatAreShown:
    """Each command that ``show`` prints is taken as it is printed, whoever pastes it."""

    STATES: ClassVar[dict[str, dict[str, Any]]] = {
        "open": {},
        "set by a colleague": {"state": CellState.OVERRIDDEN, "points": 4.5, "counts": "01J"},
        "corrected by a colleague": {
            "read_by_person": True,
            "decisions": (decision(action=DecisionAction.CORRECT, points=None, transcription=WROTE, why=""),),
        },
        "without a proposal": {
            "points": None,
            "proposal": Proposal(points=None, criteria=(), feedback="", graders=()),
        },
    }

    @pytest.mark.parametrize("state", STATES)
    def test_they_are_taken(self, known: FakeStack, aita: Aita, tmp_path: Path, state: str) -> None:
        found = shown(known, **self.STATES[state])
        known.answer("GET", PATH, found)
        known.answer("POST", PATH, decision())
        known.answer("GET", QUEUE, NOBODY_LEFT)
        file = tmp_path / "fix.txt"
        file.write_text("another text")
        lines = [each.strip() for each in aita("review", "show", CELL, "-a", "midterm")[1].splitlines()]
        commands = [each for each in lines if each.startswith("aita review ")]
        assert {each.split()[2] for each in commands} == {"set", "correct", "undo"} | (
            set() if state == "without a proposal" else {"accept"}
        )
        for each in commands:
            words = each.replace("=P", "=1").replace(" P ", " 1 ").replace("FILE", str(file)).split()[1:]
            code, _, err = aita(*words, "--by", "Cyd")
            assert (code, err) == (0, ""), each
            assert sent(known)[-1]["basis"] == found.basis
            known.answers["GET", PATH].clear()
            known.answer("GET", PATH, shown(known, **self.STATES[state], basis="b9"))
            assert aita(*words, "--by", "Cyd")[0] == 0
            assert sent(known)[-1]["basis"] == fingerprint(found.basis), "what was seen, and not what there is now"
            known.answers["GET", PATH].clear()
            known.answer("GET", PATH, found)

    def test_without_a_proposal_all_criteria_are_to_be_given(self, known: FakeStack, aita: Aita) -> None:
        known.answer("GET", PATH, shown(known, **self.STATES["without a proposal"]))
        assert "--criterion 1=P --criterion 2=P" in aita("review", "show", CELL, "-a", "midterm")[1]

    def test_of_a_rubric_for_other_points_no_criteria_are_set(self, known: FakeStack, aita: Aita) -> None:
        known.answer("GET", PATH, shown(known, max_points=6))
        assert "--criterion" not in aita("review", "show", CELL, "-a", "midterm")[1]


class TestList:
    def test_a_filter_is_sent(self, known: FakeStack, aita: Aita) -> None:
        known.answer("GET", QUEUE, NOBODY_LEFT)
        options = (
            "--question",
            "2",
            "--flag",
            "quote_not_found",
            "--student",
            "Lindqvist Maya",
            "--mine",
            "--by",
            "Ada",
        )
        assert aita("review", "list", "-a", "midterm", *options)[0] == 0
        assert known.asked("GET", QUEUE)[0].query == {
            "limit": "50",
            "closed": "true",
            "question": "2",
            "flag": "quote_not_found",
            "student": "s-1",
            "decided_by": "Ada",
        }

    @pytest.mark.parametrize(
        ("options", "code", "told"),
        [
            (("--student", "Nobody"), 1, "nobody has this folder"),
            (("--student", "Maya"), 1, "'aita students list --assignment midterm' lists the students"),
            (("--student", "oona bracegirdle"), 1, "no folder is surely of this line of the roster"),
            (("--student", "Christina Miller"), 1, "no folder is surely of this line of the roster"),
            (("--student", "S1009"), 1, "no folder is surely of this line of the roster"),
            (("--student", "Maya Lindqvist"), 2, "name one by id (s-1, s-2)"),
            (("--by", "Ada"), 2, "--by goes with --mine"),
            (("--flag", "none"), 2, "--flag"),
        ],
    )
    def test_a_filter_that_fits_nothing_is_refused(
        self, known: FakeStack, aita: Aita, options: tuple[str, ...], code: int, told: str
    ) -> None:
        self.enrol(known)
        found, _, err = aita("review", "list", "-a", "midterm", *options)
        assert (found, told in " ".join(err.split()), known.asked("GET", QUEUE)) == (code, True, [])
        assert options[1] not in err or options[0] != "--student", "what was given may be a name"

    @pytest.mark.parametrize(
        "given", ["S1004", "s1004", "priya castellane", "Castellane, Priya", "priya s1004", "s-4", "S-4"]
    )
    def test_a_student_is_found_however_the_letters_are_written(self, known: FakeStack, aita: Aita, given: str) -> None:
        self.enrol(known)
        known.answer("GET", QUEUE, NOBODY_LEFT)
        code, _, err = aita("review", "list", "-a", "midterm", "--student", given)
        assert (code, err) == (0, "")
        assert known.asked("GET", QUEUE)[0].query["student"] == "s-4"

    @staticmethod
    def enrol(known: FakeStack) -> None:
        folders = (
            Student(student_id="s-4", folder="Priya S1004"),
            Student(student_id="s-5", folder="Christian Miller"),
        )
        students = Students(
            students=(*(Student(student_id=f"s-{n}", folder=f"Maya Lindqvist {n}") for n in (1, 2)), *folders)
        )
        people = ("Maya Lindqvist,1", "Maya Lindqvist,2", "Priya Castellane,S1004", "Oona Bracegirdle,S1009")
        roster = "\n".join(("name,student_id", *people, "Christina Miller,S1010"))
        known.answers["GET", FILES].clear()
        files = {"students.json": students.model_dump_json(), "roster.csv": roster}
        known.answer("GET", FILES, {"files": [known.file(name, text.encode()) for name, text in files.items()]})


class TestAcceptAll:
    FLAG = FlagView(kind=FlagKind.QUOTE_NOT_FOUND, text="a quote is not in the transcription")

    def offer(self, stack: FakeStack) -> None:
        cells = (
            line("c-1", flags=(self.FLAG,), basis="b1"),
            line("c-2", flags=(self.FLAG,), basis="b2, after 01J", points=4.5),
            line("c-3", flags=(self.FLAG,), state=CellState.FAILED, points=None),
        )
        stack.answer("GET", QUEUE, ReviewPage(cells=cells, open_cells=3))
        for cell in ("c-1", "c-2"):
            stack.answer("POST", f"{QUEUE}/{cell}", decision(action=DecisionAction.ACCEPT, points=3, why=""))

    def bases(self, stack: FakeStack) -> list[str]:
        return [each["basis"] for cell in ("c-1", "c-2", "c-3") for each in sent(stack, f"{QUEUE}/{cell}")]

    def test_exactly_what_was_previewed_is_accepted(self, known: FakeStack, aita: Aita) -> None:
        self.offer(known)
        code, out, _ = aita(
            "review", "accept", "--all", "--flag", "quote_not_found", "--yes", "-a", "midterm", "--by", "A"
        )
        assert code == 0
        assert [text.strip() for text in out.splitlines()][:6] == [
            "2 proposals to accept",
            "Question 1a: 2 answers, 7.5 of 10 points proposed",
            "c-1  Maya Lindqvist (Lindqvist Maya)  3 of 5",
            "c-2  Maya Lindqvist (Lindqvist Maya)  4.5 of 5",
            "2 with: a quote is not in the transcription, or is no evidence [quote_not_found]",
            "1 answer without a proposal: not accepted",
        ]
        assert "Accepted: 2 proposals" in out
        assert "3 answers still to review" in out
        assert self.bases(known) == ["b1", "b2, after 01J"]
        assert known.asked("GET", QUEUE)[0].query == {"limit": "100", "flag": "quote_not_found"}

    def test_what_has_changed_meanwhile_is_left_and_told(self, known: FakeStack, aita: Aita) -> None:
        self.offer(known)
        known.answers["POST", f"{QUEUE}/c-1"].clear()
        known.answer("POST", f"{QUEUE}/c-1", ConflictError("c-1 was set to 1 of 5 points by Bob"))
        code, out, _ = aita("review", "accept", "--all", "-q", "1a", "-y", "-a", "midterm", "--by", "Ada", "--json")
        assert code == 3
        assert json.loads(out) == {
            "accepted": ["c-2"],
            "changed": {"c-1": "c-1 was set to 1 of 5 points by Bob"},
            "without_proposal": 1,
            "outdated": 0,
            "asked": 0,
            "open_cells": 3,
        }

    @pytest.mark.parametrize(("choice", "accepts"), [(("-q", "1a"), False), (("--flag", "asked"), True)])
    def test_what_was_left_to_the_instructor_is_accepted_only_by_name(
        self, known: FakeStack, aita: Aita, choice: tuple[str, str], accepts: bool
    ) -> None:
        self.offer(known)
        known.answers["GET", QUEUE].clear()
        asked = FlagView(kind=FlagKind.ASKED, text="left to the instructor: Bob left a note on 2026-03-02")
        cells = (line("c-1", basis="b1", flags=(asked,)), line("c-2", basis="b2"))
        known.answer("GET", QUEUE, ReviewPage(cells=cells, open_cells=2))
        code, out, _ = aita("review", "accept", "--all", *choice, "-y", "-a", "midterm", "--by", "Ada")
        assert (code, self.bases(known)) == (0, ["b1", "b2"] if accepts else ["b2"])
        assert ("1 answer left to the instructor: not accepted" in out) is not accepts

    @pytest.mark.parametrize(("choice", "accepts"), [(("-q", "1a"), False), (("--flag", "changed"), True)])
    def test_what_grading_opens_again_is_accepted_only_by_name(
        self, known: FakeStack, aita: Aita, choice: tuple[str, str], accepts: bool
    ) -> None:
        self.offer(known)
        known.answers["GET", QUEUE].clear()
        cells = (line("c-1", basis="b1", outdated=True), line("c-2", basis="b2"))
        known.answer("GET", QUEUE, ReviewPage(cells=cells, open_cells=2))
        code, out, _ = aita("review", "accept", "--all", *choice, "-y", "-a", "midterm", "--by", "Ada")
        assert (code, self.bases(known)) == (0, ["b1", "b2"] if accepts else ["b2"])
        assert "1 proposal of before a change: " in out
        assert "grading again (aita grade --assignment midterm) opens them" in " ".join(out.split())

    def test_one_that_grading_opens_again_says_so_before_and_after(self, known: FakeStack, aita: Aita) -> None:
        known.answer("GET", PATH, shown(known, outdated=True))
        known.answer("POST", PATH, decision(action=DecisionAction.ACCEPT, points=3, why=""))
        known.answer("GET", QUEUE, NOBODY_LEFT)
        told = "or it never was. Grading opens it, whatever was decided: aita grade --assignment midterm"
        assert told in " ".join(aita("review", "show", CELL, "-a", "midterm")[1].split())
        code, out, _ = aita("review", "accept", CELL, "--seen", SEEN, "-a", "midterm", "--by", "Ada")
        assert (code, told in " ".join(out.split())) == (0, True)

    def test_it_names_the_commands_that_come_before_grading(self, known: FakeStack, aita: Aita) -> None:
        """Grading is refused as long as a rubric is of another answer key."""
        steps = "Write its rubric anew (aita generate-rubric -a midterm), then grade again (aita grade -a midterm)"
        flags = (FlagView(kind=FlagKind.CHANGED, text=f"changed: the answer key. {steps}"),)
        known.answer("GET", PATH, shown(known, outdated=True, flags=flags))
        known.answer("POST", PATH, decision(action=DecisionAction.ACCEPT, points=3, why=""))
        known.answer("GET", QUEUE, NOBODY_LEFT)
        told = f"Grading opens it, whatever was decided: changed: the answer key. {steps}"
        assert told in " ".join(aita("review", "show", CELL, "-a", "midterm")[1].split())
        out = " ".join(aita("review", "accept", CELL, "--seen", SEEN, "-a", "midterm", "--by", "Ada")[1].split())
        assert told in out

    def test_a_stack_that_fails_in_between_tells_how_far_it_came(self, known: FakeStack, aita: Aita) -> None:
        self.offer(known)
        known.answers["POST", f"{QUEUE}/c-2"].clear()
        known.answer("POST", f"{QUEUE}/c-2", StackError("it is gone"))
        code, _, err = aita("review", "accept", "--all", "-q", "1a", "-y", "-a", "midterm", "--by", "Ada")
        assert (code, "1 of 2 answers were accepted, and then:" in err) == (1, True)

    @pytest.mark.parametrize(("said", "accepts"), [("y\n", 2), ("n\n", 0)])
    def test_a_person_at_the_terminal_is_asked(
        self, known: FakeStack, aita: Aita, asked: Callable[[str], None], said: str, accepts: int
    ) -> None:
        self.offer(known)
        asked(said)
        code, out, err = aita("review", "accept", "--all", "-q", "1a", "-a", "midterm", "--by", "Ada")
        assert (code, len(self.bases(known))) == (0 if accepts else 2, accepts)
        assert "2 proposals to accept" in out
        assert "Accept 2 proposals?" in err

    def test_one_proposal_is_asked_about_in_the_singular(
        self, known: FakeStack, aita: Aita, asked: Callable[[str], None]
    ) -> None:
        asked("n\n")
        known.answer("GET", QUEUE, ReviewPage(cells=(line(),), open_cells=1))
        err = aita("review", "accept", "--all", "-q", "1a", "-a", "midterm", "--by", "Ada")[2]
        assert "Accept 1 proposal?" in err

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            (("--all",), "say of which answers"),
            (("--all", "-q", "1a"), "add --yes"),
            (("--all", "-q", "1a", CELL), "no ANSWER"),
            (("--all", "-q", "1a", "--again"), "no ANSWER, --seen or --again"),
            ((CELL, "-q", "1a"), "give an ANSWER, or --all"),
            ((), "give an ANSWER, or --all"),
        ],
    )
    def test_what_is_not_clear_is_not_done(
        self, known: FakeStack, aita: Aita, options: tuple[str, ...], told: str
    ) -> None:
        self.offer(known)
        code, _, err = aita("review", "accept", *options, "-a", "midterm", "--by", "Ada")
        assert (code, told in err, self.bases(known)) == (2, True, [])


class TestCrops:
    def jpeg(self) -> bytes:
        out = io.BytesIO()
        page = Image.new("L", (80, 100), 255)
        page.paste(0, (0, 30, 80, 40))
        page.save(out, "JPEG")
        return out.getvalue()

    def test_the_place_is_cut_out_for_the_owner_alone(self, known: FakeStack, aita: Aita, tmp_path: Path) -> None:
        known.answer("GET", PATH, shown(known))
        known.files["file-1"] = self.jpeg()  # the page of shown()
        code, out, err = aita("review", "show", CELL, "-a", "midterm", "--out", str(tmp_path / "o"), "--json")
        crop = tmp_path / "o" / f"{CELL}-place-1.jpg"
        assert (code, json.loads(out)["crops"]) == (0, [str(crop)])
        assert f"place on page 2: {crop}" in err
        assert crop.stat().st_mode & 0o777 == 0o600
        with Image.open(crop) as image:
            assert image.size[0] == 80
            assert 25 <= image.size[1] <= 30
            assert image.convert("L").getpixel((40, 10)) < 60, "the strokes are in it"  # type: ignore[operator]

    def test_without_pillow_the_page_is_all_there_is(
        self, known: FakeStack, aita: Aita, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "aita.imaging.place_crop", None)
        known.answer("GET", PATH, shown(known))
        known.files["file-1"] = self.jpeg()
        code, out, err = aita("review", "show", CELL, "-a", "midterm", "--out", str(tmp_path / "o"), "--json")
        assert (code, json.loads(out)["crops"]) == (0, [])
        assert "page image:" in err
        assert json.loads(out)["pages"][0]["top"] == 0.25

    def test_an_image_that_can_not_be_read_leaves_the_page(self, known: FakeStack, aita: Aita, tmp_path: Path) -> None:
        known.answer("GET", PATH, shown(known))
        code, out, err = aita("review", "show", CELL, "-a", "midterm", "--out", str(tmp_path / "o"), "--json")
        assert (code, json.loads(out)["crops"], "can't be cut out" in err) == (0, [], True)
