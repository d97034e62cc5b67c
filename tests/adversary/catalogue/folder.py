"""Mishaps in students' folders."""

from dataclasses import replace

from tests.adversary.catalogue.scene import Course, Scene, Spot, Step, mishap
from tests.adversary.classes import Sitter
from tests.adversary.pages import Kind, Page


def _two_of_one_page(scene: Scene) -> tuple[Spot, Spot]:
    """Return two students' answers to one question, on the same page of the exam, that deserve different points."""

    def others(spot: Spot) -> list[Spot]:
        right = scene.exam_class.truth(spot.sitter, spot.question_id)
        return [
            each
            for each in scene.earning()
            if each.question_id == spot.question_id
            and each.sitter is not spot.sitter
            and each.page.exam_page == spot.page.exam_page
            and scene.exam_class.truth(each.sitter, each.question_id) != right
        ]

    first = scene.pick(scene.earning(), lambda spot: bool(others(spot)))
    second = scene.random.choice(others(first))
    for spot in (first, second):
        scene.busy |= {(spot.sitter.name, question_id) for question_id in spot.page.questions}
        scene.touch_all(spot.sitter)
    return first, second


@mishap(Step.FOLDER)
def file_in_two_folders(scene: Scene) -> None:
    """One student's page lies in another student's folder, too, in place of the own one."""
    first, second = _two_of_one_page(scene)
    second.sitter.change(second.page, first.page)


@mishap(Step.FOLDER)
def pages_exchanged(scene: Scene) -> None:
    """Two students have each other's page, with the other's name at its head."""
    scene.require(so=scene.exam_class.has_roster)
    first, second = _two_of_one_page(scene)
    scene.require(so=all(any(line.kind is Kind.PAGE_HEAD for line in each.page.lines) for each in (first, second)))
    second.sitter.change(second.page, first.page)
    first.sitter.change(first.page, second.page)


@mishap(Step.FOLDER)
def page_with_another(scene: Scene) -> None:
    """A page lies in another student's folder, beside the own one, and is missing in the right folder."""
    first, second = _two_of_one_page(scene)
    second.sitter.change(second.page, second.page, first.page)
    first.sitter.change(first.page)


@mishap(Step.FOLDER)
def page_beside_a_blank_one(scene: Scene) -> None:
    """Another student's page lies beside the own one, which is left blank: the blank exam shows the same page twice."""
    scene.exam_class.need_blank_exam()

    def blank(sitter: Sitter, page: Page) -> bool:
        return bool(page.spaces) and not page.owners and all(not sitter.answers[one] for one in page.questions)

    found = [
        (sitter, page, other, theirs)
        for sitter in scene.exam_class.students
        for _, _, page in sitter.pages()
        if blank(sitter, page)
        for other in scene.exam_class.students
        for _, _, theirs in other.pages()
        if other is not sitter and theirs.exam_page == page.exam_page and theirs.owners
    ]
    scene.require(so=bool(found))
    sitter, page, other, theirs = scene.random.choice(found)
    scene.touch_all(sitter, other)
    sitter.change(page, page, theirs)
    other.change(theirs)


@mishap(Step.FOLDER)
def exam_of_somebody_else(scene: Scene) -> None:
    """All pages in a folder are of somebody who has no folder, and whose name is at the head of the first one."""
    students = scene.exam_class.students
    scene.require(
        so=all(
            any(line.kind is Kind.PAGE_HEAD for *_, page in each.pages() for line in page.lines) for each in students
        )
    )
    sitter = scene.sitter(lambda each: not {place[0] for place in scene.busy} & {each.name})
    scene.touch_all(sitter)
    scene.busy |= {(sitter.name, question_id) for question_id in sitter.answers}
    scene.session.unknowable |= {(sitter.name, question_id) for question_id in sitter.answers}
    for name, place, page in [*sitter.pages()]:
        lines = [
            replace(line, text=line.text.replace(sitter.name, "Wendeline Zylstra").replace(sitter.number, "771204"))
            if line.kind is Kind.PAGE_HEAD
            else line
            for line in page.lines
        ]
        sitter.replace(name, place, page.with_lines(lines))


@mishap(Step.FOLDER)
def two_folders(scene: Scene) -> None:
    """One student's pages lie in two folders."""
    sitter = scene.sitter(lambda each: len([*each.pages()]) > 1)
    pages = [page for _, _, page in sitter.pages()]
    at = scene.random.randint(1, len(pages) - 1)
    scene.touch_all(sitter)
    sitter.files = {"1.pdf": tuple(pages[:at])}
    twin = Sitter(sitter.name, sitter.number, sitter.email, f"{sitter.folder} 2", sitter.answers)
    twin.files = {"2.pdf": tuple(pages[at:])}
    scene.exam_class.students.append(twin)
    twin.on_roster = False


def _with_a_stranger(scene: Scene) -> Sitter:
    """Let a student be nobody on the roster."""
    scene.require(so=scene.exam_class.has_roster)
    sitter = scene.sitter()
    sitter.on_roster = False
    return sitter


@mishap(Step.FOLDER)
def not_on_the_roster(scene: Scene) -> None:
    """A folder's student is not on the roster."""
    _with_a_stranger(scene)


@mishap(Step.FOLDER)
def near_name(scene: Scene) -> None:
    """A student who is not on the roster has nearly the name of one who is, and who handed in nothing."""
    sitter = _with_a_stranger(scene)
    first, last = sitter.name.split()
    near = f"{first}a {last}" if not first.endswith("a") else f"{first[:-1]}e {last}"
    number = str(int(sitter.number) + 1)
    scene.exam_class.absent.append(Sitter(near, number, f"s{number}@school.test", "", {}))


@mishap(Step.FOLDER)
def came_after_grading(scene: Scene) -> Course:
    """A student's folder is uploaded after the grading."""
    yield from _comes_late(scene, scene.sitter(lambda each: len(scene.exam_class.students) > 2))


@mishap(Step.FOLDER)
def stranger_came_after_grading(scene: Scene) -> Course:
    """The folder of a student who is not on the roster is uploaded after the grading."""
    scene.require(so=len(scene.exam_class.students) > 2)
    yield from _comes_late(scene, _with_a_stranger(scene))


def _comes_late(scene: Scene, sitter: Sitter) -> Course:
    scene.touch_all(sitter)
    scene.exam_class.students.remove(sitter)
    scene.exam_class.late.append(sitter)
    if sitter.on_roster:
        scene.exam_class.absent.append(sitter)
    yield
    if sitter in scene.exam_class.absent:
        scene.exam_class.absent.remove(sitter)
    scene.exam_class.late.remove(sitter)
    scene.exam_class.students.append(sitter)
    scene.session.upload(sitter)
    yield
