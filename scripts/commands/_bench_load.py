"""Many at once: processes of threads that do one thing over and over on a store, and how often they did it."""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

PROCESSES: Final = 4
# Connections are opened and statements planned before anything is counted.
_WARM_S: Final = 3.0

# What a thread gets: its number, and a call that it makes after each thing done.
Work = Callable[[int, Callable[[], bool]], None]


@dataclass(frozen=True)
class Throughput:
    """How often something was done.

    Attributes:
        per_s: times a second, over all.
        first_per_s: in the first quarter of the time.
        last_per_s: in the last quarter: as much as in the first when nothing decays.
        n: how often altogether.
    """

    per_s: float
    first_per_s: float
    last_per_s: float
    n: int


def throughput(work: Work, *, workers: int, seconds: float) -> Throughput:
    """Run `workers` threads in `PROCESSES` processes for so many seconds.

    Args:
        work: called once a thread with its number and `done`; does its thing until `done()` says stop (False). It opens
            its own connections, since it runs in a process of its own.
        workers: threads altogether.
        seconds: how long.
    """
    started = time.monotonic() + 1.0 + _WARM_S
    pipes = []
    for number in range(PROCESSES):
        mine = range(number, workers, PROCESSES)
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(read)
            code = 1
            try:
                with os.fdopen(write, "wb") as out:
                    pickle.dump(_process(work, mine, started, seconds), out)
                code = 0
            finally:
                os._exit(code)
        os.close(write)
        pipes.append((pid, read))
    moments: list[float] = []
    for pid, read in pipes:
        with os.fdopen(read, "rb") as got:
            data = got.read()
        os.waitpid(pid, 0)
        if data:
            moments += pickle.loads(data)  # noqa: S301 - from our own child
    quarter = seconds / 4

    def rate(begin: float, end: float) -> float:
        return round(sum(begin <= one < end for one in moments) / (end - begin), 1)

    counted = sum(one >= 0 for one in moments)
    return Throughput(rate(0, seconds), rate(0, quarter), rate(3 * quarter, seconds), counted)


def _process(work: Work, numbers: range, started: float, seconds: float) -> list[float]:
    moments: list[float] = []

    def run(number: int) -> None:
        time.sleep(max(0.0, started - _WARM_S - time.monotonic()))

        def done() -> bool:
            at = time.monotonic() - started
            moments.append(at)
            return at < seconds

        work(number, done)

    threads = [threading.Thread(target=run, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return moments


def percentile_ms(durations_s: list[float], share: float = 0.95) -> float:
    """The share's quantile of durations, in milliseconds (nearest rank)."""
    ordered = sorted(durations_s)
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)


def timed(do: Callable[[int], object], times: int) -> list[float]:
    """Durations in seconds of `times` calls, one after the other, after three that do not count."""
    for warm in range(3):
        do(warm)
    durations = []
    for number in range(times):
        began = time.perf_counter()
        do(number)
        durations.append(time.perf_counter() - began)
    return durations
