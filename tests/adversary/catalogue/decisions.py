"""Mishaps of people who decide."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from aita.models.decision import Decision, DecisionAction
from tests.adversary.catalogue.grading import err_on, invent_quotes
from tests.adversary.catalogue.scene import Course, Scene, Spot, Step, mishap
from tests.adversary.model import Graded


def _decided_points(scene: Scene, spot: Spot) -> float:
    """Return points that a person may set and that the answer does not deserve by the scheme."""
    right = scene.exam_class.truth(spot.sitter, spot.question_id)
    whole = scene.exam_class.item(spot.question_id).points
    return 0.0 if right else whole


def _pick_alone(scene: Scene) -> Spot:
    spot = scene.pick(scene.earning(), lambda each: len(each.lines[0].text) > 1)
    scene.touch(spot.sitter, spot.question_id)
    return spot


@mishap(Step.DECISIONS)
def accepted_after_regrading(scene: Scene) -> Course:
    """A person accepts the proposal that they saw, after the answer was graded again with another one."""
    spot = _pick_alone(scene)
    scene.touch_all()
    model, session = scene.session.model, scene.session
    error = err_on(spot, invent_quotes)
    model.errors.append(error)
    yield
    seen = session.cell(spot.sitter, spot.question_id)
    basis = session.shown_basis(seen)
    model.errors.remove(error)

    def less(graded: Graded) -> None:
        invent_quotes(graded)
        for entry in graded.criteria:
            entry["points"] = 0.0 if entry["criterion"] > 1 else min(entry["points"], scene.exam_class.step)

    model.errors.append(err_on(spot, less))
    session.put("rubric_instructions.txt", "Be strict.")
    session.run("grade")
    if seen.points is not None and session.ask(seen, basis, action=DecisionAction.ACCEPT):
        session.decided[spot.sitter.name, spot.question_id] = seen.points
    yield


@mishap(Step.DECISIONS)
def two_people(scene: Scene) -> Course:
    """Two people have an open answer before them; one sets points, and then the other accepts the proposal."""
    spot = _pick_alone(scene)
    session = scene.session
    session.model.errors.append(err_on(spot, invent_quotes))
    yield
    seen = session.cell(spot.sitter, spot.question_id)
    basis = session.shown_basis(seen)
    session.set_points(spot.sitter, spot.question_id, _decided_points(scene, spot))
    session.ask(seen, basis, "Mr Ito", action=DecisionAction.ACCEPT)
    yield


@mishap(Step.DECISIONS)
def set_and_folder_renamed(scene: Scene) -> Course:
    """A person sets points, and then the student's folder gets another name."""
    spot = _pick_alone(scene)
    scene.touch_all(spot.sitter)
    yield
    session = scene.session
    session.set_points(spot.sitter, spot.question_id, _decided_points(scene, spot))
    yield
    session.rename_folder(spot.sitter, f"{spot.sitter.folder} (exam)")
    yield from scene.runs("exam")


@mishap(Step.DECISIONS)
def set_and_rubric_changed(scene: Scene) -> Course:
    """A person sets points, and then the question gets another rubric: nobody has decided by that."""
    item = scene.item()
    scene.touch_question(item.question_id)
    sitter = scene.random.choice(scene.exam_class.students)
    yield
    session = scene.session
    place = sitter.name, item.question_id
    session.set_points(sitter, item.question_id, 0.0)
    item.has_own_rubric = True
    item.scheme = item.scheme._replace(rubric="second")
    session.upload_exam()
    del session.decided[place]
    session.unknowable.add(place)
    yield from scene.runs("grade")


@mishap(Step.DECISIONS)
def set_and_scanned_again(scene: Scene) -> Course:
    """A person sets points, and then a better scan of the page is uploaded: the decision was about another reading."""
    spot = _pick_alone(scene)
    scene.touch_all(spot.sitter)
    page = spot.unread()
    spot.sitter.change(spot.page, page)
    yield
    session = scene.session
    session.set_points(spot.sitter, spot.question_id, 0.0)
    spot.sitter.change(page, replace(spot.page, noise=page.noise + 1))
    session.upload(spot.sitter)
    del session.decided[spot.sitter.name, spot.question_id]
    session.unknowable.add((spot.sitter.name, spot.question_id))
    yield from scene.runs("transcribe", "grade")


@mishap(Step.DECISIONS)
def two_people_at_once(scene: Scene) -> Course:
    """Two people look at an answer and set points at the same moment: one decides, and the other gets a conflict."""
    spot = _pick_alone(scene)
    session = scene.session
    yield
    cell = session.cell(spot.sitter, spot.question_id)
    basis, whole = session.shown_basis(cell), scene.exam_class.item(spot.question_id).points
    points = {"Ms Roy": 0.0, "Mr Ito": whole}
    store, both_have_looked = session.stages.decisions, threading.Barrier(2)
    add = store.add

    def add_together(assignment: str, decision: Decision) -> None:
        both_have_looked.wait(10)
        add(assignment, decision)

    def decide(by: str) -> bool:
        return session.ask(cell, basis, by, action=DecisionAction.SET, points=points[by])

    store.add = add_together  # type: ignore[method-assign]
    try:
        with ThreadPoolExecutor(2) as pool:
            taken = [by for by, was_taken in zip(points, pool.map(decide, points), strict=True) if was_taken]
    finally:
        store.add = add  # type: ignore[method-assign]
    # If both decisions were confirmed, one of them would be lost.
    session.decided[spot.sitter.name, spot.question_id] = points[taken[0]] if len(taken) == 1 else -1.0
    yield


@mishap(Step.DECISIONS)
def decided_on_a_stale_view(scene: Scene) -> Course:
    """A person takes a colleague's points back, who then sets them again as if nothing had been decided since."""
    spot = _pick_alone(scene)
    session = scene.session
    yield
    cell = session.cell(spot.sitter, spot.question_id)
    stale = session.shown_basis(cell)
    points = _decided_points(scene, spot)
    session.set_points(spot.sitter, spot.question_id, points)
    if session.ask(cell, session.shown_basis(cell), "Mr Ito", action=DecisionAction.UNDO):
        del session.decided[spot.sitter.name, spot.question_id]
    if session.ask(cell, stale, action=DecisionAction.SET, points=points):
        session.decided[spot.sitter.name, spot.question_id] = -1.0
    yield


@mishap(Step.DECISIONS)
def set_twice_and_undone(scene: Scene) -> Course:
    """A person sets points, sets others, and takes these back: the first ones count, also after another run."""
    spot = _pick_alone(scene)
    session, place = scene.session, (spot.sitter.name, spot.question_id)
    whole = scene.exam_class.item(spot.question_id).points
    yield
    session.set_points(spot.sitter, spot.question_id, _decided_points(scene, spot))
    first = session.decided[place]
    cell = session.cell(spot.sitter, spot.question_id)
    session.ask(cell, session.shown_basis(cell), action=DecisionAction.SET, points=whole - first)
    session.decided[place] = whole - first
    yield
    session.ask(cell, session.shown_basis(cell), action=DecisionAction.UNDO)
    session.decided[place] = first
    yield from scene.runs("grade")


@mishap(Step.DECISIONS)
def corrected_and_scanned_again(scene: Scene) -> Course:
    """A person writes down an answer that was not read, and after its grading a better scan of the page is uploaded."""
    spot = _pick_alone(scene)
    scene.touch_all(spot.sitter)
    page = spot.unread()
    spot.sitter.change(spot.page, page)
    yield
    session = scene.session
    cell = session.cell(spot.sitter, spot.question_id)
    text = "\n".join(spot.sitter.answers[spot.question_id])
    session.ask(cell, session.shown_basis(cell), action=DecisionAction.CORRECT, transcription=text)
    yield from scene.runs("grade")
    spot.sitter.change(page, replace(spot.page, noise=page.noise + 1))
    session.upload(spot.sitter)
    yield from scene.runs("transcribe", "grade")
