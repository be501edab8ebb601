"""The collection of drawings that people kept: a test set of their own handwriting.

A folder with a JSON file a drawing, named by its id. A file is written aside, renamed and never
changed, so that any number of people may save at once and a reader never sees half a drawing.
"""

import os
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.config import CLASSES, IMAGE_SIDE, PIXELS
from core.config.settings import settings
from core.data import Array, ByteLabels, Images
from core.drawing.archive import (
    MAX_DRAWINGS,
    DrawingError,
    ImportedDrawings,
    read_archive,
    write_archive,
)
from core.drawing.halves import Halves, falls_to_learn
from core.runs.document_folder import replace_file

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{12}")


class Drawing(BaseModel):
    """A drawing as it is kept: what `<id>.json` holds, besides its id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Annotated[int, Field(ge=0, lt=CLASSES)]
    """Which digit the user meant."""
    owner: Annotated[str, Field(max_length=100)]
    """The name of the user who drew it, or imported it from a file."""
    created: AwareDatetime
    pixels: str
    """The 784 grey values, 0 paper to 255 ink, row by row from the top, in base64."""
    to_learn: bool | None = None
    """Whether it is in the half to learn from; None for one that was kept before there were halves.
    """
    id: Annotated[str, Field(exclude=True)] = ""

    @field_validator("pixels")
    @classmethod
    def _check_pixels(cls, text: str) -> str:
        if len(b64decode(text, validate=True)) != PIXELS:
            raise ValueError(f"expected {PIXELS} grey values in base64")
        return text

    @property
    def image(self) -> Images:
        """Uint8 (28, 28), read-only."""
        return np.frombuffer(b64decode(self.pixels), np.uint8).reshape(IMAGE_SIDE, IMAGE_SIDE)

    @property
    def is_to_learn(self) -> bool:
        """Whether it is in the half to learn from, and not in that to measure on."""
        return falls_to_learn(self.image) if self.to_learn is None else self.to_learn


class DrawingStore:
    """All drawings in one folder."""

    def __init__(self, root: str | Path | None = None) -> None:
        """`root` defaults to the settings' folder of drawings."""
        self.root = Path(root or settings().drawings).absolute()
        self._read: dict[str, Drawing] = {}

    def add(self, image: Array, label: int, owner: str) -> str:
        """Keep an image, float (28, 28) in [0, 1] as `drawing.to_mnist` makes it; return its id.

        Raises DrawingError if the collection is full or cannot be written.
        """
        grey = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
        return self._add_all([(grey, label, None)], owner)[0]

    def load_all(self) -> list[Drawing]:
        """All drawings, newest first; what cannot be read is left out."""
        read = {}
        for name in self._names():
            with suppress(ValidationError, OSError):
                # A file is never changed: what was read of it holds.
                read[name] = self._read.get(name) or self._load(name)
        self._read = read
        return sorted(read.values(), key=lambda drawing: drawing.created, reverse=True)

    def delete(self, ids: Iterable[str]) -> None:
        """Delete these drawings for good; those that are gone already are passed over."""
        for drawing_id in ids:
            if _ID.fullmatch(drawing_id):
                (self.root / f"{drawing_id}.json").unlink(missing_ok=True)

    def add_file(self, content: bytes, owner: str) -> ImportedDrawings:
        """Keep what a file as `export_drawings` makes it holds; return it, as it was kept.

        Raises DrawingError for another file, or if the collection is full or cannot be written;
        then it keeps nothing.
        """
        imported = read_archive(content)
        count = len(imported.labels)
        halves = [None] * count if imported.to_learn is None else imported.to_learn.tolist()
        self._add_all(zip(imported.images, imported.labels.tolist(), halves, strict=True), owner)
        return imported

    def version(self) -> tuple[int, int]:
        """Changes whenever a drawing is added or deleted."""
        try:
            return self.root.stat().st_mtime_ns, len(self._names())
        except FileNotFoundError:
            return 0, 0

    def _names(self) -> list[str]:
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.root) as entries:
            return [
                e.name for e in entries if e.name.endswith(".json") and _ID.fullmatch(e.name[:-5])
            ]
        return []

    def _load(self, name: str) -> Drawing:
        text = (self.root / name).read_bytes()
        return Drawing.model_validate_json(text).model_copy(update={"id": name[:-5]})

    def _add_all(self, drawn: Iterable[tuple[Images, int, bool | None]], owner: str) -> list[str]:
        """Keep images with their labels and, where they had one, their half."""
        drawn = list(drawn)
        owner = owner[:100]
        halves = Halves(self.load_all())
        if len(self._names()) + len(drawn) > MAX_DRAWINGS:
            raise DrawingError(
                f"the collection holds at most {MAX_DRAWINGS:,} drawings; delete some first"
            )
        ids: list[str] = []
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for image, label, before in drawn:
                to_learn = halves.choose(image, label, owner, before)
                ids.append(self._write(image, label, owner, to_learn))
        except OSError as error:
            with suppress(OSError):
                self.delete(ids)
            raise DrawingError(f"the collection cannot be written ({error})") from error
        return ids

    def _write(self, image: Images, label: int, owner: str, to_learn: bool) -> str:
        now = datetime.now(UTC)
        drawing = Drawing(
            label=label,
            owner=owner,
            created=now,
            pixels=b64encode(image.tobytes()).decode(),
            to_learn=to_learn,
        )
        drawing_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(6)}"
        path = self.root / f"{drawing_id}.json"
        replace_file(path, lambda aside: aside.write_text(drawing.model_dump_json()))
        return drawing_id


def as_arrays(drawings: Iterable[Drawing]) -> tuple[Images, ByteLabels]:
    """Images uint8 (n, 28, 28) and labels uint8 (n,)."""
    drawings = list(drawings)
    images = [drawing.image for drawing in drawings]
    return (
        np.stack(images) if images else np.empty((0, IMAGE_SIDE, IMAGE_SIDE), np.uint8),
        np.array([drawing.label for drawing in drawings], np.uint8),
    )


def export_drawings(drawings: Iterable[Drawing]) -> bytes:
    """The drawings as `archive.read_archive` reads them."""
    drawings = list(drawings)
    halves = np.array([drawing.is_to_learn for drawing in drawings], bool)
    return write_archive(*as_arrays(drawings), halves)
