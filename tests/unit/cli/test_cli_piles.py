"""Listing piles with their booklets, and placing pages by hand."""

import hashlib
import json

import pytest

from aita.cli.console_work.loose_pages import GiveRequest, give, undo
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.client.sigv4 import SigV4Transport
from aita.client.stack_target import StackTarget
from aita.errors import ConflictError
from aita.models.pile import Booklet, Doubt, PilePage, Repair, Separation, UnplacedPage
from aita.services.assignments import object_keys
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack

ETAG = hashlib.md5(b"%PDF", usedforsecurity=False).hexdigest()
SOURCE = object_keys.source_id("midterm/piles/class.pdf", ETAG)


def page(number: int) -> PilePage:
    return PilePage(source=SOURCE, page=number, key=f"midterm/pile_pages/{number}.jpg", sha256=str(number))


@pytest.fixture
def separated(stack: FakeStack) -> FakeStack:
    """A pile of two booklets, one of which lacks a page, and of three pages that are in none."""
    found = Separation(
        booklets=(
            Booklet(pages=(page(1), page(2)), repairs=(Repair.MISSING, Repair.TURNED), missing=(3,)),
            Booklet(pages=(page(5), page(6), page(7))),
        ),
        unplaced=tuple(UnplacedPage(page=page(number), doubt=Doubt.UNLIKE) for number in (3, 4, 8)),
        counted={SOURCE: 8},
    )
    files = [stack.file("booklets.json", found.model_dump_json().encode())]
    stack.answer("GET", "/assignments/midterm/files", {"files": files})
    uploads = [{"name": "piles/class.pdf", "size": 4, "etag": ETAG}]
    stack.answer("GET", "/assignments/midterm/uploads", {"files": uploads})
    return stack


def test_repairs_and_pages_in_no_booklet_are_listed(separated: FakeStack, aita: Aita) -> None:
    code, out, _ = aita("piles", "list", "-a", "midterm")
    assert code == 0
    assert [" ".join(line.split()) for line in out.splitlines()] == [
        "class.pdf: 8 pages",
        "2 booklets; those with repairs: 1; the others need nothing",
        "folder begins at pages repairs",
        "booklet-class-0001 page 1 of class.pdf 2 missing (3), turned",
        "3 pages in no booklet",
        "class.pdf, page 3-4: it is like none of the exam's pages, and lies between two booklets",
        "class.pdf, page 8: it is like none of the exam's pages, and lies between two booklets",
        "Look at them, and say whose they are: aita piles give class.pdf 3-4 --to FOLDER --assignment midterm",
    ]


def test_the_list_in_json(separated: FakeStack, aita: Aita) -> None:
    code, out, _ = aita("piles", "list", "-a", "midterm", "--json")
    assert code == 0
    document = json.loads(out)
    assert [each["folder"] for each in document["booklets"]] == ["booklet-class-0001", "booklet-class-0005"]
    assert [(each["first"], each["last"]) for each in document["unplaced"]] == [(3, 4), (8, 8)]


def test_pages_that_were_given_of_another_content_are_listed(separated: FakeStack, aita: Aita) -> None:
    given = {"file": "class.pdf", "source": "another", "first": 3, "last": 4, "folder": "booklet-class-0001"}
    (queued,) = separated.answers["GET", "/assignments/midterm/files"]
    assert isinstance(queued, dict)
    queued["files"].append(separated.file("piles.json", json.dumps({"given": [given]}).encode()))
    code, out, _ = aita("piles", "list", "-a", "midterm")
    assert code == 0
    assert "class.pdf, page 3-4: given to booklet-class-0001 before the file was changed" in " ".join(out.split())
    assert "class.pdf, page 3-4: it is like none" in out


def test_pages_are_given_to_a_folder(separated: FakeStack, aita: Aita) -> None:
    code, out, err = aita("piles", "give", "class.pdf", "3-4", "--to", "booklet-class-0001", "-a", "midterm")
    assert code == 0, err
    assert json.loads(separated.uploads["piles.json"]) == {
        "pages": 0,
        "given": [{"file": "class.pdf", "source": SOURCE, "first": 3, "last": 4, "folder": "booklet-class-0001"}],
    }
    assert out.endswith("Pages 3 to 4 of class.pdf are in booklet-class-0001 from the next run on\n")


def test_a_folder_that_is_not_there_yet_is_called_new(separated: FakeStack, aita: Aita) -> None:
    """A booklet's name that was mistyped would else be a student whom nobody misses."""
    code, out, err = aita("piles", "give", "class.pdf", "3-4", "--to", "booklet-class-0002", "-a", "midterm")
    assert code == 0, err
    assert "are in booklet-class-0002 from the next run on, a new folder" in out


@pytest.mark.parametrize(
    ("file", "pages", "folder", "said"),
    [
        ("other.pdf", "3", "Ann", "no file of that name"),
        ("class.pdf", "8-9", "Ann", "8 pages"),
        ("class.pdf", "4-3", "Ann", "8 pages"),
        ("class.pdf", "all", "Ann", "no page and no range"),
        ("class.pdf", "3", "a/b", "can't be uploaded under that name"),
    ],
)
def test_what_is_refused(separated: FakeStack, aita: Aita, file: str, pages: str, folder: str, said: str) -> None:
    code, _, err = aita("piles", "give", file, pages, "--to", folder, "-a", "midterm")
    assert code != 0
    assert said in " ".join(err.split())
    assert not separated.uploads


def given(stack: FakeStack) -> list[tuple[int, int, str | None]]:
    """Return what was uploaded, and let the stack have it."""
    data = stack.uploads["piles.json"]
    (queued,) = stack.answers["GET", "/assignments/midterm/files"]
    assert isinstance(queued, dict)
    queued["files"] = [*queued["files"][:1], stack.file("piles.json", data)]
    return [(each["first"], each["last"], each["folder"]) for each in json.loads(data)["given"]]


def test_pages_are_nobodys_until_that_is_taken_back(separated: FakeStack, aita: Aita) -> None:
    code, out, err = aita("piles", "give", "class.pdf", "3-4", "--nobody", "-a", "midterm")
    assert code == 0, err
    assert out == "Pages 3 to 4 of class.pdf are nobody's, and no run reads them\n"
    assert given(separated) == [(3, 4, None)]
    listed = json.loads(aita("piles", "list", "-a", "midterm", "--json")[1])["unplaced"]
    assert [(each["first"], each["last"]) for each in listed] == [(8, 8)]
    assert aita("piles", "give", "class.pdf", "3-4", "--to", "Ann", "-a", "midterm")[0] == 0
    assert given(separated) == [(3, 4, None), (3, 4, "Ann")]
    code, out, _ = aita("piles", "give", "class.pdf", "3-4", "--undo", "-a", "midterm")
    assert (code, out) == (0, "Pages 3 to 4 of class.pdf are where they were, no longer Ann's\n")
    assert given(separated) == [(3, 4, None)]
    code, _, err = aita("piles", "give", "class.pdf", "3", "--undo", "-a", "midterm")
    assert code != 0
    assert "nobody gave just these pages of class.pdf" in err


@pytest.mark.parametrize("options", [(), ("--to", "Ann", "--nobody"), ("--nobody", "--undo")])
def test_one_thing_is_said_of_pages(separated: FakeStack, aita: Aita, options: tuple[str, ...]) -> None:
    code, _, err = aita("piles", "give", "class.pdf", "3", *options, "-a", "midterm")
    assert code != 0
    assert "say one of --to FOLDER, --nobody and --undo" in err
    assert not separated.uploads


def piles_of(stack: FakeStack) -> tuple[ApiClient, FileTransfer]:
    place = StackTarget("aita", "us-east-1", stack.url, local=True)
    return ApiClient(SigV4Transport(place, f"{stack.url}/_aws/execute-api/abc12345/v1", "us-east-1")), FileTransfer(
        place
    )


def asked(page: int, folder: str | None) -> GiveRequest:
    return GiveRequest(assignment="midterm", file="class.pdf", page=page, folder=folder)


def test_a_page_that_somebody_else_placed_meanwhile_stays_there(separated: FakeStack) -> None:
    api, files = piles_of(separated)
    give(api, files, asked(3, "Ann"))
    assert given(separated) == [(3, 3, "Ann")]
    with pytest.raises(ConflictError, match=r"page 3 of class\.pdf is not loose any more"):
        give(api, files, asked(3, "Bob"))
    assert given(separated) == [(3, 3, "Ann")]


def test_nobody_takes_another_persons_decision_back_unseen(separated: FakeStack, aita: Aita) -> None:
    api, files = piles_of(separated)
    give(api, files, asked(3, "Ann"))
    given(separated)
    assert aita("piles", "give", "class.pdf", "3", "--nobody", "-a", "midterm")[0] == 0
    assert given(separated) == [(3, 3, "Ann"), (3, 3, None)]
    with pytest.raises(ConflictError, match="nobody's, as somebody else has said since"):
        undo(api, files, asked(3, "Ann"))
    assert given(separated) == [(3, 3, "Ann"), (3, 3, None)]


def test_a_decision_that_comes_between_reading_and_sending_is_kept(separated: FakeStack) -> None:
    (queued,) = separated.answers["GET", "/assignments/midterm/files"]
    assert isinstance(queued, dict)
    theirs = {"file": "class.pdf", "source": SOURCE, "first": 8, "last": 8, "folder": "Bob"}
    after = {"files": [*queued["files"], separated.file("piles.json", json.dumps({"given": [theirs]}).encode())]}
    separated.answer("GET", "/assignments/midterm/files", after)
    api, files = piles_of(separated)
    give(api, files, asked(3, "Ann"))
    sent = json.loads(separated.uploads["piles.json"])["given"]
    assert [(each["first"], each["folder"]) for each in sent] == [(8, "Bob"), (3, "Ann")]


def test_a_page_that_cannot_be_read_goes_to_no_folder(separated: FakeStack, aita: Aita) -> None:
    (queued,) = separated.answers["GET", "/assignments/midterm/files"]
    assert isinstance(queued, dict)
    blurred = UnplacedPage(page=PilePage(source=SOURCE, page=4), doubt=Doubt.UNREADABLE)
    found = Separation(unplaced=(blurred,), counted={SOURCE: 8})
    queued["files"] = [separated.file("booklets.json", found.model_dump_json().encode())]
    code, _, err = aita("piles", "give", "class.pdf", "3-4", "--to", "Ann", "-a", "midterm")
    assert code != 0
    assert "page 4 of class.pdf can't be read, so no folder can have it" in " ".join(err.split())
    assert not separated.uploads
    assert aita("piles", "give", "class.pdf", "4", "--nobody", "-a", "midterm")[0] == 0


def test_pages_of_a_file_that_no_run_has_separated_wait_for_one(separated: FakeStack, aita: Aita) -> None:
    (queued,) = separated.answers["GET", "/assignments/midterm/uploads"]
    assert isinstance(queued, dict)
    queued["files"] = [{"name": "piles/class.pdf", "size": 5, "etag": "another"}]
    code, _, err = aita("piles", "give", "class.pdf", "3", "--to", "Ann", "-a", "midterm")
    assert code != 0
    assert "no run has separated that file as it is now" in " ".join(err.split())
