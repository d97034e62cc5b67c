"""Assembly of a class's answers with the students' ledgers, once all of the class's pages were seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from aita.models.answer import QuestionAnswer
from aita.models.exam import Question, QuestionType
from aita.models.ledger import StudentLedger
from aita.models.scan import PageInk
from aita.models.transcription import PageTranscription
from aita.services.answers.answer_assembly import assemble
from aita.services.answers.answer_draft import StudentPage
from aita.services.answers.exam_questions import ExamQuestions
from aita.services.answers.head_words import HeadWords
from aita.services.answers.ledger import ClassKnowledge, with_ledger
from aita.services.answers.left_out_lines import left_out_lines
from aita.services.answers.page_furniture import ClassHoles, furniture_bands
from aita.services.answers.page_heads import ClassPages
from aita.services.answers.unexplained_ink import Hand


@dataclass(slots=True)
class ClassAssembly:
    """Assembly of the answers of one class: first every page is seen, and then each student assembled.

    Parameters
    ----------
    questions
        The exam's questions.
    words
        Words of page heads.
    usual
        Number of pages that most students have; 0 if it is unknown.
    """

    questions: Sequence[Question]
    words: HeadWords
    usual: int = 0
    _pages: ClassPages = field(init=False, default_factory=ClassPages)
    _holes: ClassHoles = field(init=False, default_factory=ClassHoles)
    _hand: Hand = field(init=False, default_factory=Hand)
    _exam: ExamQuestions = field(init=False)
    _known: ClassKnowledge | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._exam = ExamQuestions.of(question.question_id for question in self.questions)

    def see(self, ink: PageInk | None, transcription: PageTranscription | None) -> None:
        """Take note of a page of the class: its ink, and its transcription, which is ``None`` if that failed."""
        if ink is not None and ink.exam_page is not None:
            bands = bytes.fromhex(ink.bands)
            starts = transcription and transcription.starts
            self._pages.add(ink.exam_page, bands, min((start.top for start in starts or ()), default=None))
            lines = transcription.lines if transcription else ()
            self._holes.add(ink.exam_page, bands, lines)
            self._hand.add(bands, lines)

    def student(
        self, pages: Sequence[StudentPage], unreadable: int
    ) -> tuple[tuple[QuestionAnswer, ...], StudentLedger]:
        """Return a student's answers in the exam's order, and the ledger.

        Parameters
        ----------
        pages
            All pages of the student, in the order of the scans.
        unreadable
            Number of the student's files without a readable page.
        """
        if self._known is None:
            self._known = ClassKnowledge(
                questions=self._exam,
                drawings=self._of_type(QuestionType.DIAGRAM),
                choices=self._of_type(QuestionType.MULTIPLE_CHOICE),
                heads=self._pages.heads(),
                words=self.words,
                hand=self._hand.median(),
            )
        holes = self._holes.bands()
        pages = [
            replace(page, furniture=_furniture(page, holes), left_out=left_out_lines(page, self.words))
            for page in pages
        ]
        return with_ledger(assemble(self._exam, pages, unreadable, self._pages.largest, self.usual), self._known)

    def _of_type(self, question_type: QuestionType) -> frozenset[str]:
        return frozenset(each.question_id for each in self.questions if each.question_type is question_type)


def _furniture(page: StudentPage, holes: frozenset[int]) -> frozenset[int]:
    return (
        furniture_bands(bytes.fromhex(page.ink.bands), page.lines, holes)
        if page.ink and page.ink.bands
        else frozenset()
    )
