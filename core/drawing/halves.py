"""The two halves of a collection: drawings to learn from, and drawings to measure on.

A drawing's half is decided when it is kept, and stays. Equal pictures are in the same half.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from core.data import Images

LEAST_DRAWINGS = 20
"""At least this many drawings, both halves together, are needed to learn from one of them."""


class _Drawn(Protocol):
    @property
    def image(self) -> Images: ...
    @property
    def label(self) -> int: ...
    @property
    def owner(self) -> str: ...
    @property
    def is_to_learn(self) -> bool: ...


class Halves:
    """What is in each half, to decide where another drawing goes."""

    def __init__(self, drawings: Iterable[_Drawn] = ()) -> None:
        self._seen: dict[bytes, bool] = {}
        self._surplus: Counter[tuple[str, int | None]] = Counter()
        """Of a person's drawings, of each digit and of all: how many more are to learn from."""
        for drawing in drawings:
            self.add(drawing.image, drawing.label, drawing.owner, drawing.is_to_learn)

    def add(self, image: Images, label: int, owner: str, is_to_learn: bool) -> None:
        """Count a drawing in."""
        self._seen.setdefault(image.tobytes(), is_to_learn)
        for key in ((owner, label), (owner, None)):
            self._surplus[key] += 1 if is_to_learn else -1

    def choose(self, image: Images, label: int, owner: str, before: bool | None = None) -> bool:
        """Whether a new drawing, uint8 (28, 28), is to learn from; it is counted in.

        As an equal one is; else as it was `before`, in the collection that it comes from; else so
        that of the owner's drawings of this digit, and then of all of theirs, as many are in either
        half; else by `falls_to_learn`.
        """
        is_to_learn = self._seen.get(image.tobytes(), before)
        if is_to_learn is None:
            surplus = self._surplus[owner, label] or self._surplus[owner, None]
            is_to_learn = surplus < 0 if surplus else falls_to_learn(image)
        self.add(image, label, owner, is_to_learn)
        return is_to_learn


def falls_to_learn(image: Images) -> bool:
    """Whether chance, drawn from the picture itself, has the drawing be one to learn from."""
    return hashlib.sha256(image.tobytes()).digest()[0] % 2 == 0
