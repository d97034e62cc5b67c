"""Mishaps of material that changes after the grading, or has no effect."""

from tests.adversary.catalogue.scene import Course, Scene, Step, mishap


@mishap(Step.MATERIAL)
def question_reworded(scene: Scene) -> Course:
    """A question is worded otherwise after the grading, so that other answers are right."""
    item = scene.item()
    scene.touch_all()
    yield
    item.scheme = item.scheme._replace(form=item.scheme.form + 1)
    scene.session.upload_exam()
    yield from scene.runs("grade", "exam")


@mishap(Step.MATERIAL)
def points_changed_and_back(scene: Scene) -> Course:
    """A question's points are changed after the grading, and changed back."""
    item = scene.item()
    scene.touch_question(item.question_id)
    was, had_own_rubric = item.worth, item.has_own_rubric
    item.has_own_rubric = True
    yield
    session = scene.session
    places = {(sitter.name, item.question_id) for sitter in scene.exam_class.students}
    session.untold |= places
    step = scene.exam_class.step
    item.worth = (*(each + 2 * step for each in was[:1]), *(max(step, each - step) for each in was[1:]))
    session.upload_exam()
    yield from scene.runs("grade")
    item.worth = was
    session.upload_exam()
    session.run("grade")
    session.untold -= places
    yield
    item.has_own_rubric = had_own_rubric or item.has_own_rubric


@mishap(Step.MATERIAL)
def own_rubric_removed(scene: Scene) -> Course:
    """The instructor's own rubric is taken out again after the grading: a written one has to count."""
    item = scene.item()
    scene.touch_question(item.question_id)
    item.has_own_rubric = True
    item.scheme = item.scheme._replace(rubric="mistaken")
    yield
    item.has_own_rubric = False
    item.scheme = item.scheme._replace(rubric="")
    scene.session.upload_exam()
    yield from scene.runs("grade", "exam")


@mishap(Step.MATERIAL)
def own_rubric_replaced(scene: Scene) -> Course:
    """The instructor's own rubric is replaced after the grading."""
    item = scene.item()
    scene.touch_question(item.question_id)
    item.has_own_rubric = True
    item.scheme = item.scheme._replace(rubric="first")
    yield
    item.scheme = item.scheme._replace(rubric="second")
    scene.session.upload_exam()
    yield from scene.runs("grade")


@mishap(Step.MATERIAL)
def instructions_for_no_question(scene: Scene) -> None:
    """The instructions for a question stand under a key that is no question's id."""
    item = scene.item()
    scene.touch_question(item.question_id)
    key = scene.random.choice((f"Q{item.question_id}", f"{item.question_id} ", f"question {item.question_id}"))
    scene.exam_class.question_instructions[key] = "Follow rule strict."
    item.scheme = item.scheme._replace(rule="strict")


@mishap(Step.MATERIAL)
def instructions_come_later(scene: Scene) -> Course:
    """Instructions for a question are uploaded after the grading."""
    item = scene.item()
    scene.touch_question(item.question_id)
    yield
    scene.exam_class.question_instructions[item.question_id] = "Follow rule strict."
    item.scheme = item.scheme._replace(rule="strict")
    scene.session.upload_exam()
    yield from scene.runs("grade")


@mishap(Step.MATERIAL)
def question_added(scene: Scene) -> Course:
    """A question that the exam lacked at the grading is added to it.

    Until the class is read again, its answers stand in the answers before them, and nobody has said that they are its.
    """
    exam_class, session = scene.exam_class, scene.session
    scene.require(so=len(exam_class.items) > 2)
    item = scene.item()
    scene.touch_all()
    places = {(sitter.name, each) for sitter in exam_class.students for each in sitter.answers} - session.untold
    session.untold |= places
    at = exam_class.items.index(item)
    exam_class.items.remove(item)
    yield
    exam_class.items.insert(at, item)
    session.upload_exam()
    yield
    session.run("exam")
    session.untold -= places
    yield


@mishap(Step.MATERIAL)
def question_removed(scene: Scene) -> Course:
    """A question is taken out of the exam after the grading."""
    scene.require(so=len(scene.exam_class.items) > 2)
    item = scene.item()
    for sitter in scene.exam_class.students:
        for _, _, page in sitter.pages():
            if item.question_id in page.questions:
                scene.touch_near(sitter, page)
    yield
    scene.exam_class.items.remove(item)
    scene.session.upload_exam()
    yield


@mishap(Step.MATERIAL)
def bonus_added(scene: Scene) -> Course:
    """A question becomes a bonus after the grading: totals change, and no answer opens."""
    scene.require(so=sum(not each.bonus for each in scene.exam_class.items) > 2)
    item = scene.item()
    scene.require(so=not any(item in items for _, items in scene.exam_class.choices))
    yield
    item.bonus = True
    scene.session.upload_exam()
    yield from scene.runs("grade")


@mishap(Step.MATERIAL)
def choice_changed(scene: Scene) -> Course:
    """Of some questions the best count; after the grading all of them do, and then one of fewer."""
    exam_class = scene.exam_class
    first = scene.item()
    equal = [each for each in exam_class.items if each.points == first.points and each is not first and not each.bonus]
    free = [each for each in equal if each.question_id not in scene.busy_items]
    scene.require(so=bool(free) and not first.bonus and not exam_class.choices)
    group = [first, *free]
    scene.busy_items |= {each.question_id for each in group}
    exam_class.choices = [(len(group) - 1, group)]
    yield
    exam_class.choices = []
    scene.session.upload_exam()
    yield
    exam_class.choices = [(1, scene.random.sample(group, max(2, len(group) - 1)))]
    scene.session.upload_exam()
    yield from scene.runs("grade")


@mishap(Step.MATERIAL)
def own_answer_key_comes_later(scene: Scene) -> Course:
    """The instructor corrects an answer key after the grading; the rubric was written from the wrong one."""
    item = scene.item()
    scene.touch_question(item.question_id)
    yield
    item.key_form = item.scheme.form + 5
    scene.session.upload_exam()
    yield from scene.runs("grade", "rubric", "grade")
