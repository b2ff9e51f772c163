"""Lets a slow reader follow a live source.

The ring gets every packet, the reader the newest picture; late ones are counted, never queued. Only what was decoded
afterwards, when something woke a resting camera, waits its turn: it is late by nature, and must not be missed.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator

from pipeline.ingest.frame import Frame
from pipeline.ingest.source import Source
from pipeline.ingest.stream_health import StreamHealth

MOST_REPLAYED = 200
"""Pictures of a replay that may wait; at 20 a second, ten seconds."""


class LatestOnly:
    """Reads a source in a thread of its own.

    Args:
        source: A live source.
        most_fps: Pictures a second that the reader wants at most; those in between are not late but unwanted.
    """

    live = True
    duration_s: float | None = None

    def __init__(self, source: Source, *, most_fps: float) -> None:
        self._source = source
        self._step_s = 1 / most_fps
        self._slot: Frame | None = None
        self._replayed: deque[Frame] = deque()
        self._over = False
        self._failure: BaseException | None = None
        self._ready = threading.Condition()
        self.dropped = 0
        self.read = 0

    @property
    def health(self) -> StreamHealth | None:
        """What the source says about itself, where it is a stream."""
        return getattr(self._source, "health", None)

    def frames(self) -> Iterator[Frame]:
        """The newest picture each time; see `Source.frames`."""
        thread = threading.Thread(target=self._follow, name="tertib-source", daemon=True)
        thread.start()
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._replayed or self._slot is not None or self._over)
                if self._replayed:
                    frame: Frame | None = self._replayed.popleft()
                else:
                    frame, self._slot = self._slot, None
            if frame is None:
                thread.join()
                if self._failure:
                    raise self._failure
                return
            yield frame

    def _follow(self) -> None:
        last_s = float("-inf")
        try:
            for frame in self._source.frames():
                self.read += 1
                if frame.at_s - last_s < self._step_s * 0.9:
                    continue
                last_s = frame.at_s
                with self._ready:
                    if frame.replayed and len(self._replayed) < MOST_REPLAYED:
                        self._replayed.append(frame)
                        self._ready.notify()
                        continue
                    self.dropped += self._slot is not None
                    self._slot = frame
                    self._ready.notify()
        except Exception as error:  # told to the reader in its own thread
            self._failure = error
        finally:
            with self._ready:
                self._over = True
                self._ready.notify()

    def close(self) -> None:
        """Stop reading."""
        self._source.close()
