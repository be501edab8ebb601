"""Whatever comes from outside is read, or refused by one kind of error with a sentence: fuzzed."""

import io
import string
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.config import RunConfig, parse_config
from core.drawing.archive import DrawingError, read_archive
from core.drawing.collection import DrawingStore
from core.drawing.photograph import MAX_PIXELS, PictureError, read_picture
from core.runs import MAX_NAME, RunStore
from core.runs.errors import RunNotFoundError
from core.runs.status import State
from core.sweep.store import SweepError, SweepStore

TEXTS = st.text(max_size=200)
PATHS = st.lists(
    st.sampled_from(["..", ".", "/", "\\", "\0", "etc", "20260101-000000-abcdef", "٢", "%2e"]),
    max_size=6,
).map("".join)
fuzzed = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200
)


@fuzzed
@given(TEXTS | PATHS)
def test_no_run_id_leaves_the_folder(store: RunStore, run_id: str) -> None:
    for ask in (store.get, store.delete):
        with pytest.raises(RunNotFoundError, match="there is no run"):
            ask(run_id)


@fuzzed
@given(TEXTS | PATHS)
def test_no_sweep_id_leaves_the_folder(tmp_path: Path, sweep_id: str) -> None:
    with pytest.raises(SweepError):
        SweepStore(RunStore(tmp_path)).get(sweep_id)


@fuzzed
@given(PATHS | TEXTS)
def test_no_drawing_id_leaves_the_folder(tmp_path: Path, drawing_id: str) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text("{}")
    DrawingStore(tmp_path / "drawings").delete([drawing_id, "../kept"])
    assert kept.exists()


def test_a_link_out_of_the_folder_is_not_followed_on_deletion(tmp_path: Path) -> None:
    store, outside = RunStore(tmp_path / "runs"), tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    run = store.create(RunConfig(), state=State.FINISHED)
    (run.path / "link").symlink_to(outside)
    store.delete(run.id)
    assert (outside / "file").exists()


@fuzzed
@given(st.text(), st.text())
def test_any_name_makes_a_run_that_can_be_read(store: RunStore, name: str, note: str) -> None:
    name, note = (words.encode("utf-8", "replace").decode() for words in (name, note))
    run = store.create(RunConfig(), name=name, state=State.FINISHED)
    assert 0 < len(store.get(run.id).name) <= MAX_NAME
    run.update_label(name=name, note=note)
    assert len(store.get(run.id).name) <= MAX_NAME
    assert store.get(run.id).status.state is State.FINISHED
    store.delete(run.id)


VALUES = (
    TEXTS
    | st.integers()
    | st.floats()
    | st.text(string.digits + "-eE. ,_٢", max_size=40)
    | st.lists(st.integers(), max_size=10)
    | st.none()
)


@fuzzed
@given(st.dictionaries(st.sampled_from(list(RunConfig.model_fields)) | TEXTS, VALUES, max_size=6))
def test_any_link_makes_a_configuration_and_sentences(values: dict[str, object]) -> None:
    config, wrong = parse_config(values)
    assert RunConfig.model_validate(config.model_dump()) == config
    assert wrong.keys() <= values.keys()
    for sentence in wrong.values():
        assert 0 < len(sentence) < 500


# --- files


def archive(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


IMAGES = np.zeros((3, 28, 28), np.uint8)
IMAGES[:, 10:18, 10:18] = 200
GOOD = archive(images=IMAGES, labels=np.array([1, 2, 3], np.uint8))


@fuzzed
@given(st.binary(max_size=300) | st.binary(max_size=300).map(b"PK\x03\x04".__add__))
def test_rubbish_is_no_archive_of_drawings(content: bytes) -> None:
    with pytest.raises(DrawingError):
        read_archive(content)


@fuzzed
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_archive_is_read_or_refused(place: int, damage: bytes) -> None:
    content = GOOD[:place] + damage + GOOD[place + len(damage) :]
    try:
        images, labels, *_ = read_archive(content)
    except DrawingError:
        return
    assert images.shape == (len(labels), 28, 28)
    assert 1 <= len(labels) <= 3


@pytest.mark.parametrize("count", [10**6, 10**12, 10**18, -1])
def test_an_array_that_claims_to_be_huge_is_refused(count: int) -> None:
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({count}, 28, 28), }}".encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        for name in ("images.npy", "labels.npy"):
            start = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1)
            zipped.writestr(name, start + header + b"\n")
    with pytest.raises(DrawingError):
        read_archive(file.getvalue())


def test_an_archive_that_unpacks_to_too_much_is_refused() -> None:
    content = archive(
        images=np.zeros((60_000, 28, 28), np.uint8), labels=np.zeros(60_000, np.uint8)
    )
    assert len(content) < 100_000
    with pytest.raises(DrawingError, match="unpacks to"):
        read_archive(content)


def test_pickled_objects_are_refused() -> None:
    with pytest.raises(DrawingError):
        read_archive(archive(images=np.array([{}], object), labels=np.array([1], np.uint8)))


def picture(kind: str) -> bytes:
    image = np.full((40, 40), 255, np.uint8)
    image[10:30, 18:22] = 0
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind)
    return file.getvalue()


PICTURES = {kind: picture(kind) for kind in ("PNG", "JPEG", "WEBP")}


@fuzzed
@given(st.binary(max_size=300))
def test_rubbish_is_no_picture(content: bytes) -> None:
    with pytest.raises(PictureError):
        read_picture(content)


@pytest.mark.filterwarnings("ignore")  # Pillow's remarks on damaged pictures
@fuzzed
@given(st.sampled_from(sorted(PICTURES)), st.integers(0, 2000), st.binary(min_size=1, max_size=6))
def test_a_damaged_picture_is_read_or_refused(kind: str, place: int, damage: bytes) -> None:
    good = PICTURES[kind]
    place %= len(good)
    try:
        found = read_picture(good[:place] + damage + good[place + len(damage) :])
    except PictureError:
        return
    assert found.canvas.dtype == np.uint8
    assert max(found.canvas.shape) <= 400


def test_a_picture_that_unpacks_to_too_much_is_refused() -> None:
    side = int(MAX_PIXELS**0.5) + 1
    file = io.BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    assert len(file.getvalue()) < 100_000
    with pytest.raises(PictureError, match="megapixels"):
        read_picture(file.getvalue())


@pytest.mark.parametrize("kind", ["SVG", "EPS", "GIF", "TIFF", "PDF"])
def test_other_formats_are_not_even_tried(kind: str) -> None:
    if kind == "SVG":
        content = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    else:
        file = io.BytesIO()
        Image.new("L", (40, 40)).save(file, kind)
        content = file.getvalue()
    with pytest.raises(PictureError, match="no PNG, JPEG or WebP"):
        read_picture(content)
