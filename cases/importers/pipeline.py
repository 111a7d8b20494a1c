"""Reading and converting in processes of their own, while this one talks to the database.

Python's lock would keep one core at work where there are two, and PostgreSQL is busy for half of the time. Each
worker reads the file itself and takes every n-th chunk; only questions (numbers), answers (what is known) and ready
lines cross the pipe. The order of the chunks is kept, and all of the database is done here, in one session.
"""

import gc
import itertools
import multiprocessing
import os
from collections.abc import Iterator

from django.db import connection
from django.utils.translation import gettext as _

from core.exceptions import DomainError

WORKERS = max(1, min(2, os.cpu_count() or 1))
# a chunk makes many objects and hardly a cycle: looking for these at every 700 of them cost a tenth of the work
YOUNG_OBJECTS = 200_000


class WorkerDied(DomainError):
    """A worker ended without a word, such as for want of memory."""

    def __init__(self, *reason: str):
        message = _("A process of the import has died (is there enough memory?). Start the same import again.")
        super().__init__(" ".join((message, *reason)))
        self.reason = reason

    def __reduce__(self):
        return WorkerDied, self.reason  # from a worker it comes pickled, and must not say all twice


def converted_chunks(target, start: int, chunk_rows: int) -> Iterator:
    """Converted chunks of the target's file behind its first `start` rows, in order.

    `target` gives `identify(rows) -> chunk` and `convert(chunk, answer) -> converted` in the workers, and
    `question(chunk)` there is answered by `answer(question)` here. Exceptions of a worker are raised here.
    """
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe() for _ in range(WORKERS)]
    workers = []
    threshold = gc.get_threshold()
    gc.set_threshold(YOUNG_OBJECTS)
    try:
        for index in range(WORKERS):
            worker = context.Process(
                target=_work, args=(target, index, pipes, start, chunk_rows), daemon=True
            )
            worker.start()
            workers.append(worker)
        for _ours, theirs in pipes:
            theirs.close()
        asking = [_ask(target, ours) for ours, _theirs in pipes]
        for turn in itertools.cycle(range(WORKERS)):
            if not asking[turn]:
                return
            ours = pipes[turn][0]
            yield _receive(ours)
            asking[turn] = _ask(target, ours)
    finally:
        gc.set_threshold(*threshold)
        for ours, _theirs in pipes:
            ours.close()
        for worker in workers:
            worker.join(timeout=10)
            if worker.is_alive():
                worker.terminate()
                worker.join()


def _ask(target, pipe) -> bool:
    """Answer the worker's question on its next chunk; False when it has none left."""
    question = _receive(pipe)
    if question is None:
        return False
    answer = target.answer(question)
    try:
        pipe.send(answer)
    except ConnectionError:
        raise WorkerDied from None
    return True


def _receive(pipe):
    try:
        said = pipe.recv()
    except (EOFError, ConnectionError):
        raise WorkerDied from None
    if isinstance(said, BaseException):
        raise said
    return said


def _work(target, index: int, pipes, start: int, chunk_rows: int) -> None:
    """A worker's life. It holds neither the database connection nor the pipes of others, so that the server sees at
    once when the main process is killed, and so does the worker."""
    if connection.connection is not None:
        os.close(connection.connection.fileno())
    for position, (ours, theirs) in enumerate(pipes):
        ours.close()
        if position != index:
            theirs.close()
    pipe = pipes[index][1]
    gc.freeze()  # what the main process had made is not ours to collect
    status = 0
    try:
        _convert_turns(target, index, pipe, start, chunk_rows)
    except (BrokenPipeError, EOFError):
        status = 1  # the main process is gone
    except BaseException as error:  # noqa: BLE001 - whatever it is belongs to the main process
        status = 1
        try:
            pipe.send(error)
        except Exception:  # noqa: BLE001 - an exception that cannot be sent is named instead
            pipe.send(WorkerDied(repr(error)))
    finally:
        os._exit(status)  # no clean-up of what belongs to the main process


def _convert_turns(target, index: int, pipe, start: int, chunk_rows: int) -> None:
    rows = target.source.rows(start)
    for turn in itertools.count():
        taken = list(itertools.islice(rows, chunk_rows))
        if not taken:
            pipe.send(None)
            return
        if turn % WORKERS != index:
            continue
        chunk = target.identify(taken)
        pipe.send(target.question(chunk))
        pipe.send(target.convert(chunk, pipe.recv()))
