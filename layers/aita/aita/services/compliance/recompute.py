"""Recompute every total of an audit bundle, without a network and with Python's standard library alone.

    python3 recompute.py [audit.json]

A cell is one student's graded answer to one question. It counts with the sum of its criteria's points, or with the
points of a person's last decision about exactly this grade that was not taken back; if the person set points for each
criterion, they must sum to the decision's. A cell is open if its inputs have changed since it was
graded, or if a part of a page that belongs to no answer may belong to it and no person has decided on the part, or on
the cell with the part in view. While it is open it does not count, and the total is not final. Of a choice the best
cells count, and of equal ones the first. A total is out of the questions that are no bonus, and of as many of each
choice as count. The exit status is 1 if a number differs from the bundle's, and 2 if there is no bundle to read.
"""

import hashlib
import json
import sys
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

CLOSED = ("GRADED", "BLANK")
UNUSABLE = 2
"""Exit status without a bundle to read."""

POINTS, NOTE = ("accept", "set"), "note"
"""Actions of decisions about points."""


def exact(points: float | Decimal) -> Decimal:
    """Return points rounded to the hundredth, for comparison."""
    return Decimal(str(points)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def full_points(question: dict[str, Any]) -> Decimal:
    """Return a question's points without rounding, for addition: a third of a point is not yet 0.33."""
    return Decimal(str(question["points"]))


def recompute(bundle: dict[str, Any]) -> list[str]:
    """Return a line for each number that differs from the bundle's."""
    decisions: dict[str, list[dict[str, Any]]] = {}
    for decision in standing(sorted(bundle["decisions"], key=lambda each: (time_of(each), each["decision_id"]))):
        place = decision["student_id"] + "\0" + question_of(decision, bundle["exam"]["questions"])
        decisions.setdefault(place, []).append(decision)
    undecided = undecided_parts(bundle)
    problems = [problem for decision in bundle["decisions"] for problem in wrong_decision(decision)]
    for student_id, total in bundle["totals"].items():
        cells = bundle["cells"][student_id]
        problems += [f"{student_id}, {problem}" for cell in cells.values() for problem in wrong_sums(cell)]
        closed: dict[str, Decimal] = {}
        open_questions = []
        for question in bundle["exam"]["questions"]:
            question_id = question["question_id"]
            beside = {part["part_id"] for part in undecided.get(student_id, []) if question_id in part["opens"]}
            counts = counted(cells[question_id], decisions.get(f"{student_id}\0{question_id}", []), beside)
            if counts is None:
                open_questions.append(question_id)
            else:
                closed[question_id] = full_points(question) if counts == exact(question["points"]) else counts
        found = total_of(bundle["exam"], closed) | {"open_questions": open_questions}
        letter = letter_of(found["points"], found["out_of"], bundle["grade_scale"]["steps"])
        found["letter"] = None if open_questions else letter
        recorded = {"bonus_points": 0, "not_counted": []} | total  # a bundle before version 0.3 has neither
        recorded |= {name: exact(recorded[name]) for name in ("points", "out_of", "bonus_points")}
        problems += [
            f"{student_id}: {name} is {found[name]}, and the bundle says {recorded[name]}"
            for name in found
            if found[name] != recorded[name]
        ]
    return problems


def total_of(exam: dict[str, Any], closed: dict[str, Decimal]) -> dict[str, Any]:
    """Return a student's total of the closed cells' points, by question id in the exam's order."""
    left_out, never_counted = set(), set()
    for choice in exam.get("choices", []):
        best_first = sorted((each for each in closed if each in choice["of"]), key=lambda each: -closed[each])
        left_out |= {*best_first[choice["choose"] :]}
        never_counted |= {*choice["of"][choice["choose"] :]}  # they are worth the same, so it may be any of them
    bonus = {question["question_id"] for question in exam["questions"] if question.get("bonus")}
    out_of = [full_points(each) for each in exam["questions"] if each["question_id"] not in bonus | never_counted]
    return {
        "points": exact(sum((points for each, points in closed.items() if each not in left_out), Decimal(0))),
        "out_of": exact(sum(out_of, Decimal(0))),
        "bonus_points": exact(sum((points for each, points in closed.items() if each in bonus), Decimal(0))),
        "not_counted": [each for each in closed if each in left_out],
    }


def question_of(decision: dict[str, Any], questions: list[dict[str, Any]]) -> str:
    """Return the id of the question that a decision is about, by its wording if the id was given to another one."""
    asked, then = {each["question_id"]: wording(each) for each in questions}, decision.get("question", "")
    fit = [question_id for question_id, version in asked.items() if version == then]
    renamed = asked.get(decision["question_id"]) != then and len(fit) == 1
    return fit[0] if renamed else str(decision["question_id"])


def wording(question: dict[str, Any]) -> str:
    """Return the version of a question's wording."""
    return hashlib.sha256(f"{question['question_type']}\0{question['question_text']}".encode()).hexdigest()[:32]


def time_of(decision: dict[str, Any]) -> datetime:
    """Return the time of a decision."""
    return datetime.fromisoformat(decision["at"].replace("Z", "+00:00"))


def wrong_sums(cell: dict[str, Any]) -> list[str]:
    """Return a line if a graded cell's points are not the sum of its criteria's."""
    if cell["state"] != "GRADED":
        return []
    total = sum((exact(criterion["points"]) for criterion in cell["criteria"]), Decimal(0))
    if total == exact(cell["points"]):
        return []
    return [f"question {cell['question_id']}: the criteria sum to {total}, and the points are {cell['points']}"]


def wrong_decision(decision: dict[str, Any]) -> list[str]:
    """Return a line if a decision's points are not the sum of the criteria that a person set."""
    criteria = decision.get("criteria", ())
    total = sum(map(exact, criteria), Decimal(0))
    if not criteria or total == exact(decision["points"]):
        return []
    return [f"decision {decision['decision_id']}: its criteria sum to {total}, and its points are {decision['points']}"]


def standing(decisions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the decisions about points, and the notes, that were not taken back; before version 0.3 none are.

    A corrected transcription is no decision about points: the cell's inputs have it.
    """
    taken_back = {each.get("undoes") for each in decisions}
    return [each for each in decisions if each["action"] in (*POINTS, NOTE) and each["decision_id"] not in taken_back]


def undecided_parts(bundle: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return each student's parts of pages that belong to no answer and that no decision is about.

    The last decision about a part counts. One that gives it to a question counts while the exam has this question in
    the same words, also under another id. Bundles before version 0.3 have no parts.
    """
    exam = bundle["exam"]["questions"]
    wordings = {each["question_id"]: wording(each) for each in exam}
    last = {}
    for decision in sorted(bundle.get("part_decisions", []), key=lambda each: (time_of(each), each["decision_id"])):
        counts = decision["action"] != "belongs" or wordings.get(question_of(decision, exam)) == decision["question"]
        last[decision["student_id"], decision["part_id"]] = counts
    return {
        student_id: [
            part for part in parts if part["owner"] == "unplaced" and not last.get((student_id, part["part_id"]))
        ]
        for student_id, parts in bundle.get("ledger", {}).items()
    }


def counted(cell: dict[str, Any], decisions: list[dict[str, Any]], beside: set[str]) -> Decimal | None:
    """Return the points with which a cell counts; ``None`` while it is open.

    ``beside`` are the ids of the undecided parts that may belong to the answer.
    """
    points = cell["points"]
    last, is_left = None, False
    for decision in decisions:
        is_left = decision["action"] == NOTE  # to the instructor, until somebody decides on points
        if is_left:
            continue
        if is_about(decision, cell) and agrees(decision, cell):
            last = decision
        elif is_about(decision, cell) and decision["proposal"]:  # accepted in place of those before, and gone
            last = None
    if is_left:
        return None
    if last is not None:
        is_open = last["action"] != "set" and beside - {*last.get("parts", ())}
        return None if is_open else exact(last["points"])
    if decisions or beside or cell["state"] not in CLOSED or points is None:
        return None
    return exact(points)


def is_about(decision: dict[str, Any], cell: dict[str, Any]) -> bool:
    """Return whether a decision is about exactly this grade, or about a grade of aita 0.1.0 from the same inputs."""
    return decision["basis"] in (cell["basis"], cell["older_basis"])


def agrees(decision: dict[str, Any], cell: dict[str, Any]) -> bool:
    """Return whether a decision sets points, or accepted the present proposal."""
    if decision["action"] == "set":
        return True
    same_points = cell["points"] is not None and exact(cell["points"]) == exact(decision["points"])
    return same_points and decision["proposal"] in ("", cell["proposal"])


def extras_of(exam: dict[str, Any]) -> str:
    """Return the exam's choices and bonus questions in words; empty without any."""
    bonus = [question["question_id"] for question in exam["questions"] if question.get("bonus")]
    rules = []
    for choice in exam.get("choices", []):
        counts = "counts" if choice["choose"] == 1 else "count"
        *others, last = choice["of"]
        rules.append(f"best {choice['choose']} of questions {', '.join(others)} and {last} {counts}")
    return "; ".join([*rules, *([f"bonus: {', '.join(bonus)}"] if bonus else [])])


def letter_of(points: Decimal, out_of: Decimal, steps: list[dict[str, Any]]) -> str:
    """Return the letter of the first step whose percentage is reached, compared without rounding."""
    reached = (step["letter"] for step in steps if points * 100 >= Decimal(str(step["from_percent"])) * out_of)
    return str(next(reached))


def main() -> int:
    """Recompute the bundle beside this script, or the one in the first argument."""
    arguments = sys.argv[1:]
    if {"-h", "--help"} & {*arguments} or len(arguments) > 1:
        print(__doc__)
        return 0 if len(arguments) == 1 else UNUSABLE
    path = Path(arguments[0]) if arguments else Path(__file__).with_name("audit.json")
    try:
        bundle = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        print(f"{path} can't be read as an audit bundle: {error}", file=sys.stderr)
        return UNUSABLE
    if not isinstance(bundle, dict) or not {"exam", "cells", "totals", "decisions", "grade_scale"} <= bundle.keys():
        print(f"{path} is no audit bundle: give the audit.json of an audit", file=sys.stderr)
        return UNUSABLE
    problems = recompute(bundle)
    for problem in problems:
        print(problem)
    if extras := extras_of(bundle["exam"]):
        print(f"out of {total_of(bundle['exam'], {})['out_of']} points: {extras}")
    print(f"{recomputed(bundle['totals'])}: {differing(len(problems))}")
    return 1 if problems else 0


def recomputed(totals: dict[str, Any]) -> str:
    """Return the number of totals, and of those that are not final, in words."""
    provisional = sum(bool(total["open_questions"]) for total in totals.values())
    counted = f"{len(totals)} total{'' if len(totals) == 1 else 's'} recomputed"
    return counted + (f", {provisional} of them not final" if provisional else "")


def differing(problems: int) -> str:
    """Return the number of numbers that differ, in words."""
    if not problems:
        return "all as recorded"
    return f"{problems} number{' differs' if problems == 1 else 's differ'}"


if __name__ == "__main__":
    sys.exit(main())
