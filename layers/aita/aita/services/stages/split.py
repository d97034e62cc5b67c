"""Stage ``split``: one task for each scanned file, which makes its page images."""

import json
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from pydantic import BaseModel

from aita.errors import Conflict, InvalidMaterial, MissingMaterial, ObjectChanged
from aita.models.exam import Page
from aita.models.run import Item, RunSettings
from aita.models.scan import SplitPages
from aita.models.student import Students
from aita.services import keys
from aita.services.material import Material
from aita.services.protocols import StoredObject
from aita.services.stages.stage import NoInputs, Refs, Stage, StagePlan

SOURCES = "sources"
"""The stage's file that maps each source's id to its S3 key; the key holds a name, so only split reads it."""

_TRIES = 5  # writers of students.json are the Plans of one assignment: at most a few at once


class SplitStage(Stage):
    """Turn every scanned file into page images."""

    name = "split"
    artifact = keys.PAGES
    function: ClassVar[Literal["task", "split"]] = "split"

    def require(self, material: Material, made: frozenset[str]) -> None:  # noqa: ARG002 - it is the first
        """There must be a scan, and a roster that can be read if there is one."""
        if next(iter(_files(material)), None) is None:
            raise MissingMaterial(
                f"assignment {material.assignment} has no scans: upload a folder for each student "
                f"(aita upload scans/ --assignment {material.assignment})"
            )
        material.roster()

    def plan(self, material: Material, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """One task for each file, by student and in natural order; new students get their ids here."""
        from natsort import natsorted, ns  # noqa: PLC0415 - only Plan orders files; the task function starts without

        folders: dict[str, list[StoredObject]] = {}
        for folder, file in _files(material):
            folders.setdefault(folder, []).append(file)
        ids = {student.folder: student.student_id for student in _register(material, folders).students}
        sources: dict[str, str] = {}
        refs: list[Refs] = []
        for folder, files in folders.items():
            for file in natsorted(files, key=lambda file: file.key, alg=ns.IGNORECASE):
                source = keys.source_id(file.key, file.etag)
                sources[source] = file.key
                refs.append({"student_id": ids[folder], "source": source})
        return StagePlan(NoInputs(), refs, {SOURCES: json.dumps(sources).encode()})

    def digest(self, refs: Refs, inputs: BaseModel, model: str) -> str:  # noqa: ARG002 - no model is asked
        """Return the source's id, which covers its content."""
        return str(refs["source"])

    def gather(self, results: Iterable[tuple[Item, Any]]) -> Any:
        """Return each student's pages, numbered through the student's files, by student id."""
        pages: dict[str, list[Any]] = {}
        for item, result in results:
            student = pages.setdefault(str(item.refs["student_id"]), [])
            for page in SplitPages.model_validate(result).pages:
                student.append(Page(**page.model_dump(exclude={"ink"}) | {"page": len(student) + 1}).model_dump())
        return pages


def _files(material: Material) -> Iterable[tuple[str, StoredObject]]:
    prefix = keys.scans(material.assignment)
    for file in material.objects.list(prefix):
        folder, _, name = file.key.removeprefix(prefix).partition("/")
        base = file.key.rpartition("/")[2]
        if not base or base.startswith(".") or base == "Thumbs.db":
            continue  # what desktops leave in folders
        if not name:
            raise InvalidMaterial(
                "a file lies directly under scans/: put it into a folder named for its student, scans/<student>/<file>"
            )
        yield folder, file


def _register(material: Material, folders: dict[str, list[StoredObject]]) -> Students:
    from aita.services.roster import identify  # noqa: PLC0415 - only Plan compares names, with rapidfuzz

    roster = material.roster()
    for _ in range(_TRIES):
        known, etag = material.students()
        students = _with_files(identify(folders, roster, known), folders)
        if students == known:
            return students
        try:
            data = students.model_dump_json(indent=2).encode()
            material.objects.put_if(keys.material(material.assignment, keys.STUDENTS), data, etag)
        except ObjectChanged:
            continue
        return students
    raise Conflict(f"{keys.STUDENTS} of {material.assignment} is being written by another run: try again")


def _with_files(students: Students, folders: dict[str, list[StoredObject]]) -> Students:
    named = tuple(
        student.model_copy(
            update={
                "files": {
                    keys.source_id(file.key, file.etag): file.key.rpartition(f"/{student.folder}/")[2]
                    for file in folders[student.folder]
                }
            }
        )
        for student in students.students
    )
    return students.model_copy(update={"students": named})
