"""API: start and query runs, decide reviews, presign URLs."""

import json
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as RouteNotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestUnsupportedContentType, RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Query
from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyValidationError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from aita.bootstrap import make_api
from aita.errors import AitaError, ConflictError, NotFoundError, RequestError
from aita.models.answer_view import AnswerFilter, AnswerPage, Percent, Show
from aita.models.api import (
    ErrorResponse,
    Estimate,
    FilePage,
    GradeCounts,
    ResultResponse,
    ResumeRunRequest,
    RubricDiff,
    RunOptions,
    RunPage,
    RunView,
    StartRunRequest,
    TaskPage,
    UploadedPage,
    UploadRequest,
    UploadResponse,
)
from aita.models.assignment_state import AssignmentList, AssignmentState
from aita.models.claim import ClaimList, ClaimRequest, ClaimView, Released, Window
from aita.models.class_grades import ClassGrades
from aita.models.decision import Decision
from aita.models.equal_answers import EqualAnswersList, EqualDecisionRequest, EqualDecisions
from aita.models.file_version import FileVersionPage, WrittenFile
from aita.models.limits import Disagreement, Graders
from aita.models.match import HeadedStudentPage, MatchDecision, MatchRequest, StudentMatchPage
from aita.models.part_review import PartDecisionPage, PartDecisionRequest, PartDecisions, PartPage, PartView
from aita.models.pile import LoosePageList
from aita.models.review import CellFilter, DecisionPage, DecisionRequest, ReviewPage, ReviewView
from aita.models.review_flags import FlagKind
from aita.models.run import TaskStatus
from aita.models.second_look import See
from aita.observability import configure_logging, log_unexpected, logger, sanitize_errors
from aita.request_body import read_body
from aita.services.assignments.file_versions import VERSIONS_PAGE
from aita.services.assignments.loose_pages import LOOSE_PAGES
from aita.services.assignments.match_decisions import NAMES_PAGE
from aita.services.grading.answer_pages import ANSWERS_PAGE
from aita.services.grading.class_table import STUDENTS_PAGE
from aita.services.runs.run_queries import FILES_PAGE, PAGE_SIZE
from aita.version import VERSION

configure_logging()
api = make_api()
app = APIGatewayRestResolver(enable_validation=True, json_body_deserializer=read_body)
idempotency = IdempotencyConfig(event_key_jmespath="key", payload_validation_jmespath="request")

Limit = Annotated[int, Query(ge=1, le=PAGE_SIZE)]
Token = Annotated[str | None, Query(max_length=200)]
Name = Annotated[str | None, Query(max_length=200)]


@app.post("/assignments/<assignment>/uploads")
def create_uploads(assignment: str, body: UploadRequest) -> UploadResponse:
    """Return a presigned form for each file, bound to its key, content type and size."""
    return api.reader.uploads(assignment, body, caller())


@app.get("/assignments/<assignment>/files")
def list_files(
    assignment: str, limit: Annotated[int, Query(ge=1, le=FILES_PAGE)] = FILES_PAGE, next_token: Token = None
) -> FilePage:
    """Return the assignment's own files that exist, then its reports, each with its URL."""
    return api.reader.files(assignment, limit, next_token)


@app.get("/assignments/<assignment>/uploads")
def list_uploads(
    assignment: str, limit: Annotated[int, Query(ge=1, le=FILES_PAGE)] = FILES_PAGE, next_token: Token = None
) -> UploadedPage:
    """List the assignment's blank exam and its scans as they are in the bucket, transcribed or not."""
    return api.reader.uploaded(assignment, limit, next_token)


@app.get("/assignments/<assignment>/loose-pages")
def list_loose_pages(
    assignment: str, limit: Annotated[int, Query(ge=1, le=LOOSE_PAGES)] = LOOSE_PAGES, next_token: Token = None
) -> LoosePageList:
    """List the pages of piles that are in no booklet and that nobody has placed, each with the reason and its image."""
    return api.loose_pages.page(assignment, limit, next_token)


@app.get("/assignments/<assignment>/versions")
def list_versions(
    assignment: str,
    file: Annotated[WrittenFile, Query()],
    limit: Annotated[int, Query(ge=1, le=VERSIONS_PAGE)] = VERSIONS_PAGE,
    next_token: Token = None,
) -> FileVersionPage:
    """List versions of the questions, answer keys or rubrics that people uploaded, newest first, each with its URL."""
    return api.versions.page(assignment, file, limit, next_token)


@app.get("/assignments/<assignment>/reviews")
def list_reviews(
    assignment: str,
    *,
    closed: Annotated[bool, Query()] = False,
    question: Name = None,
    flag: Annotated[FlagKind | None, Query()] = None,
    student: Name = None,
    decided_by: Name = None,
    limit: Limit = PAGE_SIZE,
    next_token: Token = None,
) -> ReviewPage:
    """List the cells that await a person's decision and fit the filter; with ``closed`` all others that fit it, too."""
    only = CellFilter(question=question, flag=flag, student=student, decided_by=decided_by)
    return api.reviews.queue(assignment, limit, next_token, closed=closed, only=only)


@app.get("/assignments/<assignment>/reviews/<cell_id>")
def get_review(assignment: str, cell_id: str) -> ReviewView:
    """Return a cell with everything that a decision on it needs."""
    return api.reviews.show(assignment, cell_id)


@app.post("/assignments/<assignment>/reviews/<cell_id>", status_code=HTTPStatus.CREATED)
def decide(assignment: str, cell_id: str, body: DecisionRequest) -> Decision:
    """Accept a cell's proposed points, set others, correct its text or undo the last decision; all of them are kept."""
    return api.reviews.decide(assignment, cell_id, body, caller())


@app.post("/assignments/<assignment>/reviews/<cell_id>/equal", status_code=HTTPStatus.CREATED)
def decide_equal(assignment: str, cell_id: str, body: EqualDecisionRequest) -> EqualDecisions:
    """Decide on a cell, and the same on answers that say the same, each as its own row that can be taken back."""
    return api.equal.decide(assignment, cell_id, body, caller())


@app.post("/assignments/<assignment>/reviews/<cell_id>/claim")
def claim(assignment: str, cell_id: str, body: ClaimRequest) -> ClaimView:
    """Claim a cell for two minutes, or renew the claim, so that others take another one."""
    return api.claims.claim(assignment, cell_id, body.window, caller())


@app.post("/assignments/<assignment>/reviews/<cell_id>/release")
def release(assignment: str, cell_id: str, body: ClaimRequest) -> Released:
    """Give a cell free again."""
    return api.claims.release(assignment, cell_id, body.window, caller())


@app.get("/assignments/<assignment>/claims")
def list_claims(assignment: str, window: Annotated[Window, Query()] = "") -> ClaimList:
    """List the claims that hold."""
    return api.claims.holding(assignment, window, caller())


@app.get("/assignments/<assignment>/answers")
def list_answers(
    assignment: str,
    question: Annotated[str, Query(max_length=200)],
    *,
    show: Annotated[Show, Query()] = Show.OPEN,
    flag: Annotated[FlagKind | None, Query()] = None,
    student: Name = None,
    sample: Annotated[Percent | None, Query()] = None,
    blind: Annotated[bool, Query()] = False,
    limit: Annotated[int, Query(ge=1, le=ANSWERS_PAGE)] = ANSWERS_PAGE,
    next_token: Token = None,
) -> AnswerPage:
    """List answers to a question, each with everything that a decision needs; ``blind`` withholds the proposals."""
    only = AnswerFilter(show=show, flag=flag, student=student, sample=sample, blind=blind)
    return api.answers.page(assignment, question, only, limit, next_token, caller())


@app.get("/assignments/<assignment>/answers/<cell_id>")
def get_answer(assignment: str, cell_id: str, *, blind: Annotated[bool, Query()] = False) -> AnswerPage:
    """Return a page with one answer."""
    return api.answers.show(assignment, cell_id, caller(), blind=blind)


@app.get("/assignments/<assignment>/equal-answers")
def list_equal_answers(assignment: str, question: Name = None) -> EqualAnswersList:
    """List the answers that say the same, of one question or of all; those whose points differ come first."""
    return api.equal.list(assignment, question)


@app.get("/assignments/<assignment>/grades")
def list_grades(
    assignment: str, limit: Annotated[int, Query(ge=1, le=STUDENTS_PAGE)] = STUDENTS_PAGE, next_token: Token = None
) -> ClassGrades:
    """Return the class's grades, students by questions, with who is final and which doubts keep the others open."""
    return api.table.page(assignment, limit, next_token)


@app.get("/assignments")
def list_assignments() -> AssignmentList:
    """List the assignments, each with its newest run."""
    return api.assignments.list()


@app.get("/assignments/<assignment>/state")
def get_state(assignment: str) -> AssignmentState:
    """Return what an assignment waits for, its newest runs and its cost so far."""
    return api.assignments.state(assignment)


@app.get("/assignments/<assignment>/parts")
def list_parts(assignment: str, limit: Limit = PAGE_SIZE, next_token: Token = None) -> PartPage:
    """List the parts of pages that belong to no answer; those that open answers come first."""
    return api.parts.list(assignment, limit, next_token)


@app.get("/assignments/<assignment>/parts/<part_id>")
def get_part(assignment: str, part_id: str) -> PartView:
    """Return a part of a page with everything that a decision on it needs."""
    return api.parts.show(assignment, part_id)


@app.post("/assignments/<assignment>/parts/<part_id>/decisions", status_code=HTTPStatus.CREATED)
def decide_part(assignment: str, part_id: str, body: PartDecisionRequest) -> PartDecisions:
    """Say that a part belongs to an answer, is scratch work, or is nothing; earlier decisions are kept."""
    return api.parts.decide(assignment, part_id, body, caller())


@app.get("/assignments/<assignment>/rubric-changes")
def get_rubric_changes(
    assignment: str,
    graders: Annotated[Graders | None, Query()] = None,
    disagreement: Annotated[Disagreement | None, Query()] = None,
    see: Annotated[See | None, Query()] = None,
) -> RubricDiff:
    """Return the answers that changed rubrics affect, and the calls, tokens and cost of grading them again."""
    return api.estimator.rubric_changes(assignment, RunOptions(graders=graders, disagreement=disagreement, see=see))


@app.get("/assignments/<assignment>/decisions")
def list_decisions(assignment: str, limit: Limit = PAGE_SIZE, next_token: Token = None) -> DecisionPage:
    """List people's decisions, ordered by cell, then oldest first."""
    return api.reviews.decided(assignment, limit, next_token)


@app.get("/assignments/<assignment>/part-decisions")
def list_part_decisions(assignment: str, limit: Limit = PAGE_SIZE, next_token: Token = None) -> PartDecisionPage:
    """List people's decisions about parts of pages, ordered by part, then oldest first."""
    return api.parts.decided(assignment, limit, next_token)


@app.get("/assignments/<assignment>/students")
def list_students(assignment: str, limit: Limit = PAGE_SIZE, next_token: Token = None) -> StudentMatchPage:
    """List the students with scans, and how each is matched with the roster, with people's decisions."""
    return api.matches.page(assignment, limit, next_token)


@app.get("/assignments/<assignment>/names")
def list_names(
    assignment: str, limit: Annotated[int, Query(ge=1, le=NAMES_PAGE)] = NAMES_PAGE, next_token: Token = None
) -> HeadedStudentPage:
    """List the students whom their folders' names don't tell, with the heads of their pages and likely lines."""
    return api.matches.names(assignment, limit, next_token)


@app.post("/assignments/<assignment>/students/<student_id>", status_code=HTTPStatus.CREATED)
def match_student(assignment: str, student_id: str, body: MatchRequest) -> MatchDecision:
    """Decide which line of the roster is a student's, or that none is; earlier decisions are kept."""
    return api.matches.decide(assignment, student_id, body, caller())


@app.post("/runs", status_code=HTTPStatus.CREATED)
def start_run(
    body: StartRunRequest, idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None
) -> RunView:
    """Start a run; requests with the same Idempotency-Key start one run only."""
    request = body.model_dump(mode="json")
    if idempotency_key is None:
        run_id = api.submissions.start(body).run_id
    else:
        run_id = start_once(data={"key": idempotency_key, "request": request})["run_id"]
    return started(run_id)


@idempotent_function(data_keyword_argument="data", persistence_store=api.idempotency, config=idempotency)
def start_once(data: dict[str, Any]) -> dict[str, str]:
    """Start a run, once for each key."""
    return {"run_id": api.submissions.start(StartRunRequest.model_validate(data["request"])).run_id}


def started(run_id: str) -> RunView:
    """Return a run that was started, with a warning if the runs at work want more of Lambda than the account has."""
    run = api.submissions.get(run_id)
    return api.reader.view(run).model_copy(update={"warning": api.concurrency.warning(run)})


@app.post("/runs/estimate")
def estimate_run(body: StartRunRequest) -> Estimate:
    """Return the calls, tokens and cost that a run would take."""
    return api.estimator.estimate(body)


@app.get("/runs")
def list_runs(assignment: Annotated[str, Query()], limit: Limit = PAGE_SIZE, next_token: Token = None) -> RunPage:
    """List an assignment's runs, newest first."""
    return api.reader.runs_of(assignment, limit, next_token)


@app.get("/runs/<run_id>")
def get_run(run_id: str) -> RunView:
    """Return a run's status, counts, tokens, cost and ETA."""
    return api.reader.view(api.submissions.get(run_id))


@app.get("/runs/<run_id>/tasks")
def list_tasks(
    run_id: str,
    status: Annotated[TaskStatus | None, Query()] = None,
    limit: Limit = PAGE_SIZE,
    next_token: Token = None,
) -> TaskPage:
    """List a run's tasks, of one status or of all that have ended."""
    return api.reader.tasks_of(api.submissions.get(run_id), status, limit, next_token)


@app.get("/runs/<run_id>/grades")
def count_grades(run_id: str) -> GradeCounts:
    """Return the numbers of answers of the run's assignment by their current state."""
    return api.reader.grade_counts(api.submissions.get(run_id))


@app.post("/runs/<run_id>/resume")
def resume_run(
    run_id: str,
    body: Annotated[ResumeRunRequest | None, Body()] = None,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> RunView:
    """Run a run's failed and missing tasks, with another cap if one is given; with an Idempotency-Key, once."""
    if idempotency_key is None:
        api.submissions.resume(run_id, None if body is None else body.max_cost_usd)
    else:
        request = {"run_id": run_id, "options": {} if body is None else body.model_dump(mode="json")}
        resume_once(data={"key": idempotency_key, "request": request})
    return started(run_id)


@idempotent_function(data_keyword_argument="data", persistence_store=api.idempotency, config=idempotency)
def resume_once(data: dict[str, Any]) -> dict[str, int]:
    """Resume a run, once for each key."""
    options = ResumeRunRequest.model_validate(data["request"]["options"])
    return {"attempt": api.submissions.resume(data["request"]["run_id"], options.max_cost_usd).attempt}


@app.post("/runs/<run_id>/cancel")
def cancel_run(run_id: str) -> RunView:
    """End a run; its finished work is kept."""
    return api.reader.view(api.submissions.cancel(run_id))


@app.get("/runs/<run_id>/results")
def get_results(run_id: str) -> ResultResponse:
    """Return the run's result files, each with its URL."""
    return api.reader.results(api.submissions.get(run_id))


@app.get("/openapi.json", include_in_schema=False)
def get_openapi() -> Response[str]:
    """Return this API's OpenAPI document."""
    document = json.loads(app.get_openapi_json_schema(title="aita", version=VERSION))
    declare_errors(document)
    return Response(HTTPStatus.OK, content_types.APPLICATION_JSON, json.dumps(document))


def declare_errors(document: dict[str, Any]) -> None:
    """Declare the error responses of every operation, in place of Powertools' assumptions."""
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["ErrorResponse"] = ErrorResponse.model_json_schema()
    answer = {
        "description": "The request failed. What API Gateway itself refuses (403, 413, 429) has a message alone.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}},
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"] = {
                status: response for status, response in operation["responses"].items() if status.startswith("2")
            } | {"default": answer}


def caller() -> str:
    """Return the ARN that signed the present request; empty if it is unknown."""
    identity = app.current_event.request_context.get("identity") or {}
    return identity.get("userArn") or ""


def refusal(error: AitaError) -> Response[str]:
    """Return the response to a request that ended in an error: its class and message, under its class's status."""
    logger.info("request refused", error=type(error).__name__)
    decisions = {"theirs": error.theirs, "yours": error.yours} if isinstance(error, ConflictError) else {}
    answer = ErrorResponse(error=type(error).__name__, message=str(error), **decisions)
    return Response(error.http_status, content_types.APPLICATION_JSON, answer.model_dump_json(exclude_none=True))


@app.exception_handler(AitaError)
def answer_error(error: AitaError) -> Response[str]:
    """Answer an error of aita's own."""
    return refusal(error)


@app.exception_handler(Exception)
def answer_unexpected(error: Exception) -> Response[str]:
    """Answer an unexpected error; the log has its class, and neither has its message."""
    log_unexpected(error)
    answer = ErrorResponse(error="UnexpectedError", message="the API failed: see the api function's log")
    return Response(HTTPStatus.INTERNAL_SERVER_ERROR, content_types.APPLICATION_JSON, answer.model_dump_json())


@app.exception_handler(RequestUnsupportedContentType)
def answer_content_type(_error: RequestUnsupportedContentType) -> Response[str]:
    """Answer a body whose Content-Type is not JSON."""
    return refusal(RequestError("the API takes JSON: send Content-Type: application/json"))


@app.exception_handler(RequestValidationError)
def answer_invalid(error: RequestValidationError) -> Response[str]:
    """Answer an invalid request with its wrong fields, without their values."""
    problems = [f"{'.'.join(str(part) for part in detail['loc'])}: {detail['msg']}" for detail in error.errors()[:5]]
    return refusal(RequestError(f"the request is not as the API takes it: {'; '.join(problems)}"))


@app.exception_handler([IdempotencyAlreadyInProgressError, IdempotencyValidationError])
def answer_repeated(error: Exception) -> Response[str]:
    """Answer an Idempotency-Key that is in use, or that was used for another request."""
    if isinstance(error, IdempotencyValidationError):
        return refusal(ConflictError("this Idempotency-Key was used for another request: send a new one"))
    return refusal(ConflictError("a request with this Idempotency-Key is being answered: try again"))


@app.not_found
def answer_unknown(_error: RouteNotFoundError) -> Response[str]:
    """Answer an unknown route."""
    return refusal(NotFoundError("there is no such route: see /openapi.json"))


@sanitize_errors
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request."""
    logger.set_correlation_id(event.get("requestContext", {}).get("requestId"))
    idempotency.register_lambda_context(context)
    answer: dict[str, Any] = app.resolve(event, context)
    return answer
