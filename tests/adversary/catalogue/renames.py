"""Mishaps of names and ids that change after the grading."""

from tests.adversary.catalogue.scene import Course, Scene, Step, mishap
from tests.adversary.classes import Item


def _give_id(scene: Scene, item: Item, question_id: str) -> None:
    """Give a question another id; the students' answers stay the same."""
    was, item.question_id = item.question_id, question_id
    _rename(scene, {was: question_id})


def _rename(scene: Scene, ids: dict[str, str]) -> None:
    """Let all that is known of cells be known under the questions' new ids."""
    session = scene.session
    scene.exam_class.rename(ids)
    session.touched |= {(name, ids.get(each, each)) for name, each in session.touched}
    session.unknowable = {(name, ids.get(each, each)) for name, each in session.unknowable}
    session.untold = {(name, ids.get(each, each)) for name, each in session.untold}
    session.decided = {(name, ids.get(each, each)): points for (name, each), points in session.decided.items()}


@mishap(Step.RENAMES)
def set_and_question_renamed(scene: Scene) -> Course:
    """A person sets points, and then the question gets another id."""
    item = scene.item()
    scene.touch_all()
    sitter = scene.random.choice(scene.exam_class.students)
    points = 0.0 if scene.exam_class.truth(sitter, item.question_id) else item.points
    yield
    session = scene.session
    session.set_points(sitter, item.question_id, points)
    yield
    _give_id(scene, item, f"Part {item.question_id}")
    scene.touch_all()
    session.upload_exam()
    yield from scene.runs("exam")


@mishap(Step.RENAMES)
def folder_renamed(scene: Scene) -> Course:
    """A student's folder gets another name after the grading."""
    sitter = scene.sitter()
    scene.touch_all(sitter)
    yield
    scene.session.rename_folder(sitter, f"{sitter.folder} (exam)")
    yield from scene.runs("exam")


@mishap(Step.RENAMES)
def exchanged_ids_put_right(scene: Scene) -> Course:
    """Two questions have each other's id, against the labels on the paper, until after the grading.

    The reader goes by the labels: marks that are exchanged as well would be right by chance.
    """
    pages = [page for sitter in scene.exam_class.students for _, _, page in sitter.pages()]
    scene.require(so=not any(each.name == "starts swapped" for page in pages for each in page.misreadings))
    first, second = scene.item(), scene.item()
    scene.touch_all()
    _exchange_ids(scene, first, second)
    yield
    _exchange_ids(scene, first, second)
    scene.session.upload_exam()
    yield from scene.runs("exam")


def _exchange_ids(scene: Scene, first: Item, second: Item) -> None:
    one, other = first.question_id, second.question_id
    first.question_id, second.question_id = other, one
    _rename(scene, {one: other, other: one})
