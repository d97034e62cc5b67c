"""Mishaps of whoever says where answers begin on a page.

On a page without printed labels, nothing but the marks tells whose a text is; so these happen where labels are.
"""

from tests.adversary.catalogue.scene import Scene, Spot, Step, mishap
from tests.adversary.pages import Page

MORE = 1.5
"""Least ratio of the ink of an answer that is not read to that of the answer above it: with less, the answer above may
as well be in a large hand."""


def _labelled(spot: Spot) -> bool:
    return spot.page.labels


def _neighbour(spot: Spot, by: int) -> str:
    """Return the question whose space is next to an answer's, below or above; empty if there is none."""
    ids = [space.question_id for space in spot.page.spaces]
    at = ids.index(spot.question_id) + by
    return ids[at] if 0 <= at < len(ids) else ""


def _misread(scene: Scene, spot: Spot, name: str, argument: str) -> None:
    scene.touch_near(spot.sitter, spot.page)
    spot.sitter.change(spot.page, spot.page.misread(name, argument))


@mishap(Step.MAPPING)
def starts_swapped(scene: Scene) -> None:
    """Two answers are each marked as the other question's, against the labels that were read."""
    scene.require(so=not scene.exam_class.renamed)

    def fits(spot: Spot) -> bool:
        other = _neighbour(spot, 1)
        return _labelled(spot) and bool(other) and (spot.sitter.name, other) not in scene.busy

    spot = scene.pick(scene.earning(), fits)
    other = _neighbour(spot, 1)
    scene.busy.add((spot.sitter.name, other))
    _misread(scene, spot, "starts swapped", f"{spot.question_id}\n{other}")


@mishap(Step.MAPPING)
def start_missing(scene: Scene) -> None:
    """No mark says where an answer begins."""
    spot = scene.pick(scene.earning(), _labelled)
    _misread(scene, spot, "start missing", spot.question_id)


@mishap(Step.MAPPING)
def start_too_late(scene: Scene) -> None:
    """An answer is marked to begin on its second line."""
    spot = scene.pick(scene.earning(), lambda each: _labelled(each) and len(each.lines) > 1)
    _misread(scene, spot, "start late", spot.question_id)


@mishap(Step.MAPPING)
def start_too_early(scene: Scene) -> None:
    """An answer is marked to begin on the last line of the answer before it."""
    spot = scene.pick(scene.earning(), lambda each: _labelled(each) and _neighbour(each, -1) in each.page.owners)
    _misread(scene, spot, "start early", spot.question_id)


@mishap(Step.MAPPING)
def start_of_nothing(scene: Scene) -> None:
    """An answer that is there is marked as not written."""
    spot = scene.pick(scene.earning(), _labelled)
    _misread(scene, spot, "start empty", spot.question_id)


@mishap(Step.MAPPING)
def start_elsewhere(scene: Scene) -> None:
    """An answer that is not read is marked at a place without ink; it has more ink than the answer above it."""

    def empty_place(page: Page) -> float | None:
        bands = page.bands()
        empty = [top for top in range(20, 97) if not any(bands[top - 2 :])]
        return empty[0] / 100 if empty else None

    def ink(spot: Spot, question_id: str) -> int:
        return sum(line.ink for line in spot.page.of(question_id))

    def fits(spot: Spot) -> bool:
        is_last = spot.page.spaces[-1].question_id == spot.question_id
        above = _neighbour(spot, -1)
        is_more = ink(spot, spot.question_id) > MORE * ink(spot, above) if above else True
        return is_last and is_more and empty_place(spot.page) is not None

    spot = scene.pick(scene.earning(), fits)
    scene.touch_near(spot.sitter, spot.page)
    spot.sitter.change(
        spot.page, spot.unread().misread("start elsewhere", f"{spot.question_id}\n{empty_place(spot.page)}")
    )


@mishap(Step.MAPPING)
def top_at_the_wrong_height(scene: Scene) -> None:
    """An answer that is read is marked at a wrong height of the page."""
    spot = scene.pick(scene.earning())
    top = scene.random.choice((0.02, 0.5, 0.97))
    _misread(scene, spot, "start elsewhere", f"{spot.question_id}\n{top}")


@mishap(Step.MAPPING)
def unsure_start(scene: Scene) -> None:
    """A mark is unsure, and one line too late."""
    spot = scene.pick(scene.earning(), lambda each: len(each.lines) > 1)
    _misread(scene, spot, "start late", spot.question_id)
    page = next(page for _, _, page in spot.sitter.pages() if spot.question_id in page.owners)
    spot.sitter.change(page, page.misread("unsure start", spot.question_id))


@mishap(Step.MAPPING)
def question_of_another_page(scene: Scene) -> None:
    """The last line of an answer is marked as the beginning of a question that is on another page."""

    def others(spot: Spot) -> list[str]:
        return [
            space.question_id
            for _, _, page in spot.sitter.pages()
            for space in page.spaces
            if space.printed and space.question_id not in spot.page.questions
        ]

    spot = scene.pick(scene.earning(), lambda each: len(each.lines) > 1 and bool(others(each)))
    scene.touch_all(spot.sitter)
    other = scene.random.choice(others(spot))
    _misread(scene, spot, "start added", f"{other}\n{spot.lines[-1].text}")
