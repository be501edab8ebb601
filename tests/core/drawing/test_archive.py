"""Archives as other programs write them: put right and said, or refused with a reason."""

import io
import zipfile

import numpy as np
import pytest

from core.data import load_mnist, one_hot
from core.drawing.archive import DrawingError, read_archive, write_archive

IMAGES, LABELS = load_mnist().x_test[:5], load_mnist().y_test[:5]


def archive(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("images.npy", bytes(50_000_000))
    return file.getvalue()


def test_what_is_written_is_read_and_nothing_is_changed() -> None:
    to_learn = np.arange(len(LABELS)) % 3 == 0
    imported = read_archive(write_archive(IMAGES, LABELS, to_learn))
    assert imported.to_learn is not None
    np.testing.assert_array_equal(imported.to_learn, to_learn)
    np.testing.assert_array_equal(imported.images, IMAGES)
    np.testing.assert_array_equal(imported.labels, LABELS)
    assert imported.changes == ()


@pytest.mark.parametrize(
    ("images", "change"),
    [
        (IMAGES.reshape(5, 784), "shape (5, 784), and were read row by row"),
        (IMAGES[..., None], "shape (5, 28, 28, 1), and were"),
        (IMAGES[:, None], "shape (5, 1, 28, 28), and were"),
        (IMAGES / 255, "went from 0 to 1, and were multiplied by 255"),
        ((IMAGES / 255).astype(np.float16), "went from 0 to 1"),
        (255 - IMAGES, "Dark ink on light paper was inverted: 5 of 5 images"),
        (1 - IMAGES / 255, "Dark ink on light paper was inverted: 5 of 5 images"),
        (np.where(np.arange(5)[:, None, None] < 2, 255 - IMAGES, IMAGES), "inverted: 2 of 5"),
    ],
)
def test_what_can_only_be_meant_one_way_is_put_right_and_said(
    images: np.ndarray, change: str
) -> None:
    imported = read_archive(archive(images=images, labels=LABELS))
    assert imported.images.dtype == np.uint8
    difference = imported.images.astype(int) - IMAGES
    assert abs(difference).max() <= 1  # float16 has three digits
    assert change in " ".join(imported.changes)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, np.uint16])
def test_grey_values_of_any_type_are_read(kind: type) -> None:
    imported = read_archive(archive(images=IMAGES.astype(kind), labels=LABELS))
    np.testing.assert_array_equal(imported.images, IMAGES)
    assert imported.changes == ()


def test_black_and_white_is_ink_and_paper() -> None:
    imported = read_archive(archive(images=IMAGES > 100, labels=LABELS))
    np.testing.assert_array_equal(imported.images, np.where(IMAGES > 100, 255, 0))


def test_dark_ink_on_grey_paper_is_ink_on_black() -> None:
    """The paper, grey as on a scan, becomes black, the darkest ink white."""
    scan = (200 - 0.6 * IMAGES).astype(np.uint8)
    imported = read_archive(archive(images=scan, labels=LABELS))
    for image, original in zip(imported.images, IMAGES, strict=True):
        assert image[0, 0] == 0
        assert image.max() == 255
        assert np.corrcoef(image.ravel(), original.ravel())[0, 1] > 0.999


def test_one_image_without_an_axis_for_it() -> None:
    for label in (np.array(7), np.array([7]), np.array([[7]])):
        imported = read_archive(archive(images=IMAGES[0], labels=label))
        np.testing.assert_array_equal(imported.images, IMAGES[:1])
        assert imported.labels.tolist() == [7]


@pytest.mark.parametrize("grey", [0, 100, 255])
def test_blank_images_are_left_out_with_their_labels(grey: int) -> None:
    images = IMAGES.copy()
    images[[1, 3]] = grey
    images[3, 10:12] = np.clip(grey + 5, 0, 255)  # no ink, but noise
    imported = read_archive(archive(images=images, labels=LABELS))
    np.testing.assert_array_equal(imported.images, IMAGES[[0, 2, 4]])
    assert imported.labels.tolist() == LABELS[[0, 2, 4]].tolist()
    assert imported.changes == ("Blank images were left out: 2, 4 of 5.",)


@pytest.mark.parametrize(
    "labels", [LABELS, LABELS.astype(np.int64), LABELS.astype(float), LABELS[:, None]]
)
def test_whole_labels_of_any_type_are_read(labels: np.ndarray) -> None:
    imported = read_archive(archive(images=IMAGES, labels=labels))
    assert imported.labels.tolist() == LABELS.tolist()
    assert imported.changes == ()


def test_one_hot_labels_are_read() -> None:
    imported = read_archive(archive(images=IMAGES, labels=one_hot(LABELS)))
    assert imported.labels.tolist() == LABELS.tolist()
    assert imported.changes == ("The labels came one-hot.",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no .npz file"),
        (b"PK\x03\x04 cut short", "no .npz file"),
        (archive(images=IMAGES, labels=LABELS)[:-40], "no .npz file"),
        (archive(images=IMAGES, labels=np.array([{}] * 5, object)), "no .npz file"),
        (bomb(), "unpacks to 50,000,000 bytes"),
        (archive(images=IMAGES), "expected the arrays images and labels, found images$"),
        (archive(X=IMAGES, y=LABELS), "expected the arrays images and labels, found X, y$"),
        (archive(), "found none$"),
        (archive(**{f"a{n}" * 30: LABELS for n in range(9)}), r"found ((a\d){20}, ){5}…$"),
        (archive(images=IMAGES.astype(str), labels=LABELS), "images must be numbers, not <U3"),
        (archive(images=IMAGES, labels=LABELS.astype(str)), "labels must be numbers, not <U3"),
        (archive(images=IMAGES * 1j, labels=LABELS), "images must be numbers, not complex"),
        (archive(images=IMAGES.T, labels=LABELS), r"not \(28, 28, 5\); np.moveaxis\(images, -1"),
        (archive(images=IMAGES.reshape(5, 784).T, labels=LABELS), r"not \(784, 5\); images.T"),
        (
            archive(images=np.stack([IMAGES] * 3, axis=-1), labels=LABELS),
            r"not \(5, 28, 28, 3\); images.mean\(axis=-1\)",
        ),
        (archive(images=np.zeros((5, 8, 8)), labels=LABELS), r"not \(5, 8, 8\); scale each"),
        (archive(images=np.array(7), labels=LABELS), r"not \(\)"),
        (archive(images=IMAGES / 128 - 1, labels=LABELS), "from -1 to .*; undo the standard"),
        (archive(images=IMAGES * 257.0, labels=LABELS), "from 0 to 65535; scale them"),
        (archive(images=np.full((5, 784), np.nan), labels=LABELS), "no numbers"),
        (archive(images=IMAGES * 0, labels=LABELS), "no image has any ink"),
        (archive(images=IMAGES, labels=LABELS + 9), "is no class"),
        (archive(images=IMAGES, labels=LABELS + 0.5), "labels: expected whole numbers"),
        (archive(images=IMAGES, labels=np.full(5, np.inf)), "labels: expected whole numbers"),
        (archive(images=IMAGES, labels=np.full((5, 10), 0.1)), "labels: expected whole numbers"),
        (archive(images=IMAGES, labels=LABELS[:2]), "5 images and 2 labels"),
        (archive(images=IMAGES[:0], labels=LABELS[:0]), "0 images and 0 labels"),
        (
            archive(images=np.zeros((20_001, 784), np.uint8), labels=LABELS),
            "20,001 images; 20,000 are allowed",
        ),
    ],
)
def test_anything_else_is_refused_with_a_reason(content: bytes, message: str) -> None:
    with pytest.raises(DrawingError, match=message):
        read_archive(content)
