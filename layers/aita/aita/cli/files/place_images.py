"""Images of the places that a person looks at: the pages, and the places cut out of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from aita.atomic_write import write_whole
from aita.cli.browser import open_in_browser
from aita.cli.session import Session
from aita.errors import UnreadableScanError
from aita.models.answer import AnswerPlace

Crop = Callable[[bytes, float, float], bytes]


class SavedImages(NamedTuple):
    """Paths of the written images: of pages and, with Pillow, of places; and notes for the person."""

    pages: Sequence[str] = ()
    places: Sequence[str] = ()
    notes: Sequence[str] = ()


def save_place_images(
    session: Session, assignment: str, name: str, places: Sequence[tuple[AnswerPlace, str]], out: Path | None
) -> SavedImages:
    """Save the images of places, and of the pages with them.

    Parameters
    ----------
    name
        Id of the answer or the part, with which the files' names begin.
    places
        Places, each with the URL of its page's image.
    out
        Folder to write into; ``None`` for the one beside the reports.

    Raises
    ------
    StackError
        If an image can't be fetched.
    """
    if not places:
        return SavedImages(notes=[f"where {name} stands on the pages is not known: there is no image of it"])
    # Not in the system's folder for temporary files: a browser may read them late, and nobody would look there later.
    folder = out or Path("out", assignment, "pages")
    folder.mkdir(parents=True, exist_ok=True)
    pages = {place.page: folder / f"{name}-page-{place.page}.jpg" for place, _ in places}
    for page, url in {place.page: url for place, url in places}.items():
        session.transfer.save(url, pages[page])
    notes = [f"page image: {path}" for path in pages.values()]
    crops = []
    crop = _crop()
    for number, (place, _) in enumerate(places, 1):
        path = folder / f"{name}-place-{number}.jpg"
        if crop is None:
            continue
        if problem := _write_crop(crop, pages[place.page], place, path):
            notes.append(problem)
            continue
        notes.append(f"place on page {place.page}: {path}")
        crops.append(str(path))
    return SavedImages([str(path) for path in pages.values()], crops, notes)


def show_images(session: Session, saved: SavedImages, *, opened: bool) -> None:
    """Say where the images are, below the answer or the part that they show, and open the pages' images if asked to."""
    for note in saved.notes:
        session.output.note(note)
    for path in saved.pages if opened else ():
        open_in_browser(session.output, Path(path))


def _crop() -> Crop | None:
    """Return the function that cuts a place out of a page; ``None`` without the package's extra ``imaging``."""
    try:
        from aita.imaging.place_crop import cropped  # noqa: PLC0415 - Pillow comes with an extra alone
    except ImportError:
        return None
    return cropped


def _write_crop(crop: Crop, page: Path, place: AnswerPlace, path: Path) -> str:
    """Write a place that is cut out of its page; return why it can't be, or nothing."""
    try:
        write_whole(path, crop(page.read_bytes(), place.top, place.bottom))
    except UnreadableScanError as error:
        return f"the place on page {place.page} can't be cut out: {error}. Look at {page}"
    return ""
