"""Measured clients, each a process of its own: ``python -m benchmarks.harness.clients NAME JOB``.

``aita`` is the executor in process, and ``aita_bedrock`` the same through Amazon Bedrock's API. The peers are usual
ways without it: a pool of threads with the openai client, and asyncio with its asynchronous one, both with openai's
default retries; and a published batch runner, flexllm, which has a rate limit, retries and a checkpoint, too. Only the
standard library is imported before a client is chosen, as flexllm has an environment of its own.
"""

import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.harness.questions import Question, ShortQuestion, asked_for

MODEL = "simulated"
KEY = "none"
BEDROCK = "bedrock"
"""Base URL by which aita asks Amazon Bedrock."""


@dataclass(frozen=True)
class Job:
    """Job of a client.

    Parameters
    ----------
    rate
        Configured limit in requests a second; 0 for none.
    checkpoints
        Folder for checkpoints; without one, none are written.
    prefix_tokens
        Approximate length of the prompts' common prefix, in tokens; 0 for none.
    short
        Whether the prompts are short, and the results are the replies' texts.
    """

    base_url: str
    tasks: int
    concurrency: int
    rate: float = 0
    checkpoints: str = ""
    resume: bool = False
    prefix_tokens: int = 0
    prefix_scheduling: bool = True
    short: bool = False


@dataclass(frozen=True)
class Outcome:
    """Outcome of a job, without its client's imports.

    ``digest`` is that of all results, so that equal results have equal digests.

    Parameters
    ----------
    processor
        Processor time of the work, in seconds.
    """

    seconds: float
    processor: float
    right: int
    lost: int
    megabytes: float
    digest: str


Asked = Sequence[Question | ShortQuestion]

Results = list[dict[str, Any] | str | None]
"""Result of each reply, in the questions' order; ``None`` where there is none."""

Client = Callable[[Asked], Results]


def aita(job: Job) -> Client:
    """Return the executor in process; with checkpoints, each finished task is recorded at once."""
    import aita.executor.in_process  # what would be imported while the clock runs
    from aita import ParallelExecutionConfig, SimpleLLMTask, create_executor

    if job.base_url == BEDROCK:
        import aita.llm.bedrock
    else:
        import aita.llm.chat  # noqa: F401 - as above

    os.environ |= {"OPENAI_BASE_URL": job.base_url, "AITA_MODEL": MODEL}

    def run(asked: Asked) -> Results:
        config = ParallelExecutionConfig(
            max_workers=job.concurrency,
            rate_limit_rps=job.rate,
            enable_checkpointing=bool(job.checkpoints),
            prefix_scheduling=job.prefix_scheduling,
            show_progress=False,
        )
        executor = create_executor(checkpoint_dir=job.checkpoints or None, config=config)
        tasks: list[SimpleLLMTask[Any]] = [
            SimpleLLMTask(task_id=each.question_id, system=each.system, prompt=each.prompt, parse_fn=each.read)
            for each in asked
        ]
        batch = executor.execute_batch(tasks, resume_from_checkpoint=job.resume)
        return [result.result if result.success else None for result in batch.task_results]

    return run


def aita_bedrock(job: Job) -> Client:
    """Return the executor in process, which asks the same server as Amazon Bedrock."""
    os.environ |= {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": job.base_url.removesuffix("/v1"),
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return aita(replace(job, base_url=BEDROCK))


def threads(job: Job) -> Client:
    """Return a pool of threads that share an openai client."""
    import openai

    def run(asked: Asked) -> Results:
        client = openai.OpenAI(base_url=job.base_url, api_key=KEY)

        def ask(each: Question | ShortQuestion) -> dict[str, Any] | str | None:
            try:
                reply = client.chat.completions.create(model=MODEL, messages=each.messages)
                return each.read(reply.choices[0].message.content or "")
            except (openai.OpenAIError, ValueError, KeyError):
                return None

        with ThreadPoolExecutor(job.concurrency) as pool:
            return list(pool.map(ask, asked))

    return run


def gathered(job: Job) -> Client:
    """Return asyncio with a semaphore and the asynchronous openai client."""
    import openai

    async def run(asked: Asked) -> Results:
        client = openai.AsyncOpenAI(base_url=job.base_url, api_key=KEY)
        free = asyncio.Semaphore(job.concurrency)

        async def ask(each: Question | ShortQuestion) -> dict[str, Any] | str | None:
            async with free:
                try:
                    reply = await client.chat.completions.create(model=MODEL, messages=each.messages)
                    return each.read(reply.choices[0].message.content or "")
                except (openai.OpenAIError, ValueError, KeyError):
                    return None

        return await asyncio.gather(*map(ask, asked))

    return lambda asked: asyncio.run(run(asked))


def flexllm(job: Job) -> Client:
    """Return flexllm with its defaults, and with its file for resuming if the job has checkpoints."""
    from flexllm import LLMClient

    def run(asked: Asked) -> Results:
        limits = {"max_qps": job.rate} if job.rate else {}
        client = LLMClient(base_url=job.base_url, model=MODEL, api_key=KEY, concurrency_limit=job.concurrency, **limits)
        file = str(Path(job.checkpoints) / "flexllm.jsonl") if job.checkpoints else None
        messages = [each.messages for each in asked]
        batch = client.chat_batch_sync(messages, show_progress=False, output_jsonl=file)
        return [_read(each, reply.content) for each, reply in zip(asked, batch, strict=True)]

    return run


CLIENTS: dict[str, Callable[[Job], Client]] = {
    client.__name__: client for client in (aita, aita_bedrock, threads, gathered, flexllm)
}


def _read(asked: Question | ShortQuestion, reply: str | None) -> dict[str, Any] | str | None:
    try:
        return asked.read(reply or "")
    except (ValueError, KeyError):
        return None


def _peak_megabytes() -> float:
    """Return the peak of this process's memory, without memory inherited from its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Do a job, and print its outcome as the last line."""
    job = Job(**json.loads(sys.argv[2]))
    run = CLIENTS[sys.argv[1]](job)
    asked = asked_for(job.tasks, job.prefix_tokens, short=job.short)
    started, used = time.perf_counter(), time.process_time()
    results = run(asked)
    seconds, processor = time.perf_counter() - started, time.process_time() - used
    outcome = Outcome(
        seconds=seconds,
        processor=processor,
        right=sum(result == each.right for each, result in zip(asked, results, strict=True)),
        lost=sum(result is None for result in results),
        megabytes=_peak_megabytes(),
        digest=hashlib.sha256(json.dumps(results, sort_keys=True).encode()).hexdigest(),
    )
    print(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main()
