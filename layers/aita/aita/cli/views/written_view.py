"""Answer keys and rubrics of an exam's questions, with their origins, for people."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from aita.cli.files.written_material import Written, WrittenMaterial
from aita.cli.pasteable import Command
from aita.cli.views.indented_text import indented
from aita.cli.views.terminal_escape import printable
from aita.models.exam import AnswerKey, Rubric


def written_view(material: WrittenMaterial, noun: str, command: Command) -> RenderableType:
    """Return the answer keys or rubrics, question by question; ``noun`` is their name."""
    parts: list[RenderableType] = []
    for each in material.written:
        counting = ", bonus" if each.question.bonus else f", {each.choice}" if each.choice else ""
        heading = Text(f"Question {printable(each.question.question_id)}", "bold")
        parts += [Text(""), heading.append(f"  {each.question.points:g} points{printable(counting)}", "not bold")]
        if each.content is not None:
            parts += [indented(_origin(each), "dim"), *_content(each.content)]
        elif not each.problem:
            parts.append(indented(f"no {noun} yet", "yellow"))
        if each.problem:
            parts.append(indented(f"{'wrong' if each.is_wrong else 'out of date'}: {each.problem}", "yellow"))
        if each.problem or each.content is None:
            parts += _next(each, material.own_file, command)
    if material.unknown:
        parts += [Text(""), *_unknown(material, command)]
    return Group(*parts[1:])


def _next(written: Written, own_file: str, command: Command) -> Iterator[RenderableType]:
    if written.is_wrong:
        yield indented(f"correct it in {own_file}, as no run starts with it, and upload the file:", "yellow")
        yield indented(command("upload", own_file), "yellow")
    else:
        yield indented(command("generate-rubric"), "yellow")


def _unknown(material: WrittenMaterial, command: Command) -> Iterator[RenderableType]:
    ids = printable(", ".join(map(repr, material.unknown)))
    yield Text(f"{material.own_file} has {ids}, which is no question's id", "bold")
    yield indented("take it out, as no run starts with it, and upload the file:", "yellow")
    yield indented(command("upload", material.own_file), "yellow")


def _origin(written: Written) -> str:
    wording = {
        "present": "for the present wording",
        "another": "for another wording",
        "unknown": "for a wording that is not recorded",
    }[written.wording]
    if written.own:
        return f"your own, {wording}" if written.origin else "your own, uploaded since the last run that wrote any"
    return f"written by the model, {wording}"


def _content(content: AnswerKey | Rubric) -> Iterator[RenderableType]:
    if isinstance(content, Rubric):
        for number, criterion in enumerate(content.criteria, 1):
            yield indented(f"{number}. {criterion.description} ({criterion.points:g})")
            for example in criterion.examples:
                yield indented(f"such as: {example}", "dim", 5)
        return
    yield indented(content.correct_answer)
    for title, texts in (
        ("also right", content.alternative_answers),
        ("steps", content.solution_steps),
        ("why", filter(None, [content.explanation])),
        ("for graders", filter(None, [content.grading_notes])),
    ):
        for text in texts:
            yield indented(f"{title}: {text}", "dim", 5)
