"""The collection of drawings, with real files, many writers and hostile archives."""

import io
import json
from base64 import b64decode, b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.data import load_mnist
from core.drawing import collection as module
from core.drawing.archive import DrawingError
from core.drawing.collection import DrawingStore, as_arrays, export_drawings

X_TEST, Y_TEST = load_mnist().x_test, load_mnist().y_test


def halves(store: DrawingStore) -> dict[bytes, bool]:
    """Which half each picture is in."""
    return {one.image.tobytes(): one.is_to_learn for one in store.load_all()}


NO_INK = b64encode(bytes(784)).decode()


@pytest.fixture
def store(tmp_path: Path) -> DrawingStore:
    return DrawingStore(tmp_path / "drawings")


def archive(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_a_drawing_reads_back(store: DrawingStore) -> None:
    assert store.load_all() == []
    drawing_id = store.add(X_TEST[0] / np.float32(255), 7, "Ada")
    (drawing,) = store.load_all()
    assert (drawing.id, drawing.label, drawing.owner) == (drawing_id, 7, "Ada")
    np.testing.assert_array_equal(drawing.image, X_TEST[0])


def test_the_file_is_as_documented(store: DrawingStore) -> None:
    drawing_id = store.add(X_TEST[0] / np.float32(255), 7, "Ada")
    stored = json.loads((store.root / f"{drawing_id}.json").read_text())
    assert set(stored) == {"label", "owner", "created", "pixels", "to_learn"}
    assert b64decode(stored["pixels"]) == X_TEST[0].tobytes()
    assert [path.name for path in store.root.iterdir()] == [f"{drawing_id}.json"]


def test_many_save_at_once(store: DrawingStore) -> None:
    def save(number: int) -> str:
        return store.add(X_TEST[number] / np.float32(255), int(Y_TEST[number]), f"{number % 3}")

    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(save, range(200)))
    kept = {drawing.id: drawing for drawing in store.load_all()}
    assert len(kept) == len(set(ids)) == 200
    for number, drawing_id in enumerate(ids):
        np.testing.assert_array_equal(kept[drawing_id].image, X_TEST[number])
        assert kept[drawing_id].label == Y_TEST[number]


def test_the_newest_comes_first_within_a_second_too(store: DrawingStore) -> None:
    ids = [store.add(X_TEST[number] / np.float32(255), 1, "Ada") for number in range(20)]
    assert [drawing.id for drawing in store.load_all()] == ids[::-1]


def test_what_cannot_be_written_is_refused_and_nothing_of_it_is_kept(
    store: DrawingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full with the third of four drawings."""
    kept = store.add(X_TEST[0] / np.float32(255), 7, "Ada")
    room = iter([True, True])

    def write(path: Path, text: str) -> int:
        if not next(room, False):
            raise OSError(28, "No space left on device")
        return path.write_bytes(text.encode())

    monkeypatch.setattr(Path, "write_text", write)
    with pytest.raises(DrawingError, match=r"cannot be written .*No space left"):
        store.add_file(archive(images=X_TEST[:4], labels=np.arange(4)), "Ada")
    assert [path.name for path in store.root.iterdir()] == [f"{kept}.json"]


def test_deleting(store: DrawingStore) -> None:
    ids = [store.add(X_TEST[number] / np.float32(255), 1, "Ada") for number in range(3)]
    before = store.version()
    store.delete([ids[1], "../../etc/passwd", "gone"])
    assert {drawing.id for drawing in store.load_all()} == {ids[0], ids[2]}
    assert store.version() != before


def test_hostile_ids_delete_nothing(store: DrawingStore) -> None:
    store.add(X_TEST[0] / np.float32(255), 1, "Ada")
    outside = store.root.parent / "notes.json"
    outside.write_text("{}")
    store.delete(["../notes", "", ".", "*", str(outside)[:-5]])
    assert outside.exists()
    assert len(store.load_all()) == 1


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        '{"label": 10}',
        '{"label": 1, "owner": "", "created": 0, "pixels": "AAAA"}',
        json.dumps({"label": 1, "owner": "", "created": "2026-01-01T00:00:00", "pixels": NO_INK}),
    ],
)
def test_damaged_files_are_left_out(store: DrawingStore, damage: str) -> None:
    kept = store.add(X_TEST[0] / np.float32(255), 1, "Ada")
    (store.root / "20260101-000000-0123456789ab.json").write_text(damage)
    (store.root / "notes.json").write_text("{}")
    assert [drawing.id for drawing in store.load_all()] == [kept]


def test_export_and_import(store: DrawingStore, tmp_path: Path) -> None:
    for number in range(5):
        store.add(X_TEST[number] / np.float32(255), int(Y_TEST[number]), "Ada")
    content = export_drawings(store.load_all())
    with np.load(io.BytesIO(content)) as arrays:
        assert set(arrays) == {"images", "labels", "to_learn"}
    other = DrawingStore(tmp_path / "elsewhere")
    assert len(other.add_file(content, "Grace").labels) == 5
    for before, after in zip(as_arrays(store.load_all()), as_arrays(other.load_all()), strict=True):
        assert sorted(before.tolist()) == sorted(after.tolist())
    assert {drawing.owner for drawing in other.load_all()} == {"Grace"}
    assert halves(store) == halves(other)


def test_a_file_is_kept_as_it_was_put_right(store: DrawingStore) -> None:
    imported = store.add_file(archive(images=255 - X_TEST[:3], labels=Y_TEST[:3]), "Ada")
    assert imported.changes == ("Dark ink on light paper was inverted: 3 of 3 images.",)
    images, labels = as_arrays(store.load_all()[::-1])
    np.testing.assert_array_equal(images, X_TEST[:3])
    assert labels.tolist() == Y_TEST[:3].tolist()


def test_a_refused_file_leaves_the_collection_as_it_was(store: DrawingStore) -> None:
    with pytest.raises(DrawingError, match="3 images and 2 labels"):
        store.add_file(archive(images=X_TEST[:3], labels=np.arange(2)), "Ada")
    assert store.load_all() == []


def test_a_full_collection_says_so(store: DrawingStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_DRAWINGS", 2)
    store.add(X_TEST[0] / np.float32(255), 7, "Ada")
    with pytest.raises(DrawingError, match="at most 2 drawings; delete some"):
        store.add_file(archive(images=X_TEST[:2], labels=np.arange(2)), "Ada")
    assert len(store.load_all()) == 1


def test_a_file_where_the_folder_should_be_is_told(store: DrawingStore) -> None:
    store.root.parent.mkdir(parents=True, exist_ok=True)
    store.root.write_text("in the way")
    assert store.load_all() == []
    with pytest.raises(DrawingError, match="the collection cannot be written"):
        store.add(X_TEST[0] / np.float32(255), 7, "Ada")


def test_each_digit_of_a_person_is_divided_into_equal_halves(store: DrawingStore) -> None:
    for owner, first in (("Ada", 0), ("Grace", 40)):
        for number in range(40):
            store.add(X_TEST[first + number] / np.float32(255), number % 10, owner)
    for owner in ("Ada", "Grace"):
        own = [one for one in store.load_all() if one.owner == owner]
        assert sum(one.is_to_learn for one in own) == 20
        for label in range(10):
            assert sum(one.is_to_learn for one in own if one.label == label) == 2


def test_odd_ones_of_each_digit_are_divided_too(store: DrawingStore) -> None:
    for number in range(10):
        store.add(X_TEST[number] / np.float32(255), number, "Ada")
    assert sum(one.is_to_learn for one in store.load_all()) == 5


def test_a_drawing_stays_in_its_half_whatever_comes_and_goes(store: DrawingStore) -> None:
    rng = np.random.default_rng(0)
    first: dict[bytes, bool] = {}
    archives = []
    for number in rng.integers(0, 30, 200):  # the same picture again and again, of two people
        kept = store.load_all()
        if len(kept) > 12:
            archives.append(export_drawings(kept))
            store.delete(one.id for one in kept[:: int(rng.integers(2, 5))])
        if archives and rng.random() < 0.1:
            store.add_file(archives[-1], "Ada")
        owner = ["Ada", "Grace"][number % 2]
        store.add(X_TEST[number] / np.float32(255), int(Y_TEST[number]), owner)
        now = halves(store)
        # A picture that is gone altogether is a new one when it is drawn again.
        first = {image: half for image, half in first.items() if image in now}
        assert now == first | now == now | first
        first = now
    assert len(set(first.values())) == 2


def test_a_drawing_from_before_the_halves_has_one_for_good(store: DrawingStore) -> None:
    for number in range(20):
        drawing_id = store.add(X_TEST[number] / np.float32(255), 1, "Ada")
        path = store.root / f"{drawing_id}.json"
        stored = json.loads(path.read_text())
        del stored["to_learn"]
        path.write_text(json.dumps(stored))
    halves_now = halves(DrawingStore(store.root))
    assert halves_now == halves(DrawingStore(store.root))
    assert set(halves_now.values()) == {True, False}


def test_an_archive_of_another_program_is_divided_here(store: DrawingStore) -> None:
    store.add_file(archive(images=X_TEST[:10], labels=Y_TEST[:10]), "Ada")
    assert abs(sum(halves(store).values()) - 5) <= 1
    strange = archive(images=X_TEST[10:20], labels=Y_TEST[10:20], to_learn=np.zeros(3))
    store.add_file(strange, "Ada")
    assert len(store.load_all()) == 20
