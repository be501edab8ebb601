import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder

from core.config import RunConfig
from core.data import (
    MNIST_PATH,
    DataError,
    load_mnist,
    one_hot,
    prepare_splits,
    scale_images,
    split_indices,
)

TRAINING_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
REMEDY = r"git checkout -- core/data/mnist\.npz"


# --- the data set


def test_shapes_and_types() -> None:
    mnist = load_mnist()
    assert [array.shape for array in mnist] == [
        (60_000, 28, 28),
        (60_000,),
        (10_000, 28, 28),
        (10_000,),
    ]
    assert {array.dtype for array in mnist} == {np.dtype(np.uint8)}


def test_images_of_each_class() -> None:
    mnist = load_mnist()
    assert np.bincount(mnist.y_train).tolist() == TRAINING_COUNTS
    assert np.bincount(mnist.y_test).tolist() == TEST_COUNTS


def test_training_pixels_have_the_known_mean_and_deviation() -> None:
    values = np.arange(256) / 255
    share = np.bincount(load_mnist().x_train.ravel(), minlength=256) / (60_000 * 784)
    mean = share @ values
    assert mean == pytest.approx(0.13066, abs=5e-6)
    assert np.sqrt(share @ (values - mean) ** 2) == pytest.approx(0.30811, abs=5e-6)


def test_second_training_image_is_the_known_zero() -> None:
    mnist = load_mnist()
    row = np.zeros(28, int)
    row[15:20] = [51, 159, 253, 159, 50]
    assert mnist.x_train[1, 4].tolist() == row.tolist()
    assert mnist.y_train[1] == 0


def test_data_set_is_read_only() -> None:
    for array in load_mnist():
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


# --- damage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(shutil.copy(MNIST_PATH, tmp_path / "copy.npz"))


def check_refused(path: Path, why: str) -> None:
    with pytest.raises(DataError, match=REMEDY) as refusal:
        load_mnist(path)
    assert str(path) in str(refusal.value)
    assert why in str(refusal.value)


@pytest.mark.parametrize("name", ["x_train", "y_train", "x_test", "y_test"])
def test_one_changed_byte_of_an_array_is_noticed(name: str, path: Path) -> None:
    arrays = load_mnist()._asdict()
    arrays[name] = arrays[name].copy()
    arrays[name].flat[1234] ^= 1
    np.savez(path, **arrays)
    check_refused(path, f"array {name} has SHA-256")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_changed_byte_of_the_file_is_noticed(share: float, path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * share)] ^= 1
    path.write_bytes(data)
    check_refused(path, "cannot be read")


@pytest.mark.parametrize(("offset", "bit"), [(6, 64), (8, 1), (10, 1)])
def test_changed_byte_of_the_archives_directory_is_noticed(
    offset: int, bit: int, path: Path
) -> None:
    """The version needed, the encryption flag and the compression method of the first entry."""
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + offset] ^= bit
    path.write_bytes(data)
    check_refused(path, "cannot be read")


@pytest.mark.parametrize("kept", [0, 1_000, 5_000_000, 11_490_518])
def test_truncated_file_is_noticed(kept: int, path: Path) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    check_refused(path, "cannot be read")


def test_missing_file_is_noticed(tmp_path: Path) -> None:
    check_refused(tmp_path / "none.npz", "is missing")


def test_rubbish_is_noticed(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.npz"
    rubbish.write_bytes(b"rubbish" * 1_000)
    check_refused(rubbish, "cannot be read")


def test_folder_is_noticed(tmp_path: Path) -> None:
    check_refused(tmp_path, "cannot be read")


def test_other_archive_is_noticed(tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    np.savez(other, x_train=np.zeros(3))
    check_refused(other, "cannot be read")


def test_single_array_is_noticed(tmp_path: Path) -> None:
    single = tmp_path / "single.npy"
    np.save(single, np.zeros(3))
    check_refused(single, "cannot be read")


# --- preparation


def test_scaled_images_are_the_pixels_over_255() -> None:
    images = np.arange(2 * 784).reshape(2, 28, 28).astype(np.uint8)
    scaled = scale_images(images)
    assert scaled.dtype == np.float32
    assert scaled.shape == (2, 784)
    np.testing.assert_allclose(scaled, [[v / 255 for v in row.flat] for row in images], rtol=1e-7)
    assert (scaled.min(), scaled.max()) == (0, 1)


def test_one_hot_is_scikit_learns() -> None:
    labels = load_mnist().y_test
    expected = OneHotEncoder(sparse_output=False).fit_transform(labels[:, None])
    assert one_hot(labels).dtype == np.float32
    np.testing.assert_array_equal(one_hot(labels), expected)


def test_default_split_is_the_notebooks() -> None:
    train, validation = split_indices(RunConfig())
    assert (len(train), len(validation)) == (42_000, 18_000)
    assert np.array_equal(np.sort(np.concatenate([train, validation])), np.arange(60_000))


def test_split_depends_on_the_seed_alone() -> None:
    first = split_indices(RunConfig(seed=1))
    again = split_indices(RunConfig(seed=1, hidden=(8,), epochs=3))
    other = split_indices(RunConfig(seed=2))
    for ours, same, different in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(ours, same)
        assert not np.array_equal(np.sort(ours), np.sort(different))


def test_fewer_training_images_are_the_first_of_the_same_split() -> None:
    train, validation = split_indices(RunConfig(seed=3))
    few, held_out = split_indices(RunConfig(seed=3, training_images=1_000))
    np.testing.assert_array_equal(few, train[:1_000])
    np.testing.assert_array_equal(held_out, validation)


@pytest.mark.parametrize(("share", "held_out"), [(0.05, 3_000), (0.5, 30_000)])
def test_validation_share(share: float, held_out: int) -> None:
    train, validation = split_indices(RunConfig(validation_share=share))
    assert (len(train), len(validation)) == (60_000 - held_out, held_out)
    assert not np.intersect1d(train, validation).size


def test_splits_hold_the_images_of_their_indices() -> None:
    config = RunConfig(seed=4, training_images=1_000, validation_share=0.05)
    mnist, splits = load_mnist(), prepare_splits(config)
    train, validation = split_indices(config)
    expected = {
        "train": (mnist.x_train[train], mnist.y_train[train]),
        "validation": (mnist.x_train[validation], mnist.y_train[validation]),
        "test": (mnist.x_test, mnist.y_test),
    }
    for name, (images, labels) in expected.items():
        split = getattr(splits, name)
        assert (split.x.dtype, split.y.dtype) == (np.float32, np.float32)
        assert split.y.shape == (len(labels), 10)
        np.testing.assert_array_equal(np.rint(split.x * 255).reshape(images.shape), images)
        np.testing.assert_array_equal(split.y.argmax(axis=1), labels)
