// Work of an assignment that waits for a run to be started.

/** Return whether a run is at work. */
export const isAtWork = (run) => run.status === "RUNNING";

const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

/**
 * Return the work that waits for a run, each as {pipeline, words}: the narrowest pipeline that does it, and its name.
 * There is none while a run is at work, or the newest one waits for the rubrics to be checked: it goes on by itself.
 */
export function workForRuns(state) {
  if (state.runs.some(isAtWork) || state.runs[0]?.status === "WAITING_FOR_REVIEW") return [];
  return [
    state.questions === 0 && { pipeline: "extract-questions", words: "questions to extract" },
    state.without_rubric.length > 0 && { pipeline: "rubric", words: counted(state.without_rubric.length, "rubric to write", "rubrics to write") },
    state.unseparated_piles > 0 && { pipeline: "transcribe", words: counted(state.unseparated_piles, "file of a pile to separate", "files of piles to separate") },
    state.untranscribed_students > 0 && { pipeline: "transcribe", words: counted(state.untranscribed_students, "student's pages to transcribe", "students' pages to transcribe") },
    state.ungraded_answers > 0 && { pipeline: "grade", words: counted(state.ungraded_answers, "answer to grade", "answers to grade") },
  ].filter(Boolean);
}

/** Return the pipeline that does all the work that waits: empty if there is none. */
export function pipelineFor(state) {
  const pipelines = [...new Set(workForRuns(state).map((each) => each.pipeline))];
  return pipelines.length > 1 ? "exam" : pipelines[0] ?? "";
}
