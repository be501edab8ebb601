import numpy as np
import pytest
import tensorflow as tf

from core.config import RunConfig
from core.data import load_mnist, scale_images
from core.training.augmentation import epoch_key
from core.training.variants import build_augmentation, draw_variants

CONFIG = RunConfig(rotation=10, zoom=0.1, shear=0.1, shift=2, elastic=0.5, seed=4)


def test_variants_are_what_the_run_learns_from() -> None:
    image = load_mnist().x_train[7]
    variants = draw_variants(CONFIG, image, 24, epoch=3)
    assert (variants.shape, variants.dtype) == ((24, 28, 28), np.uint8)
    images = tf.constant(scale_images(np.broadcast_to(image, (24, 28, 28))))
    augment = build_augmentation(CONFIG)
    assert augment
    learned = augment(images, tf.constant(epoch_key(4, 3), tf.int64), tf.constant(0)).numpy()
    np.testing.assert_allclose(variants.reshape(24, 784) / 255, learned, atol=0.5 / 255 + 1e-6)
    assert len(np.unique(variants, axis=0)) == 24
    assert not np.array_equal(variants, draw_variants(CONFIG, image, 24, epoch=4))


def test_without_augmentation_they_are_the_image() -> None:
    image = load_mnist().x_train[7]
    np.testing.assert_array_equal(draw_variants(RunConfig(), image, 3, 1), [image] * 3)


@pytest.mark.parametrize("name", ["rotation", "zoom", "shear", "shift", "elastic"])
def test_each_strength_changes_an_image(name: str) -> None:
    image = load_mnist().x_train[7]
    assert (draw_variants(RunConfig(**{name: 0.3}), image, 2, 1) != image).any()
