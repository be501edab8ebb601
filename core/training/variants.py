"""An image as a run's augmentation changes it."""

import numpy as np
import tensorflow as tf

from core.config import IMAGE_SIDE, PIXELS, RunConfig
from core.data import Images, scale_images
from core.training.augmentation import Augmentation, epoch_key


def build_augmentation(config: RunConfig) -> Augmentation | None:
    """How a run of `config` changes its training images; None if it leaves them as they are."""
    if not config.is_augmented:
        return None
    return Augmentation(config.rotation, config.zoom, config.shear, config.shift, config.elastic)


def draw_variants(config: RunConfig, image: Images, count: int, epoch: int) -> Images:
    """`count` ways in which a run changes the image, uint8 (28, 28), in an epoch: (count, 28, 28).

    They are drawn as for a batch of `count` times this image.
    """
    augment = build_augmentation(config)
    if augment is None:
        return np.broadcast_to(image, (count, IMAGE_SIDE, IMAGE_SIDE))
    images = tf.constant(np.broadcast_to(scale_images(image[np.newaxis]), (count, PIXELS)))
    key = tf.constant(epoch_key(config.seed, epoch), tf.int64)
    changed = np.rint(255 * augment(images, key, tf.constant(0)).numpy())
    variants: Images = changed.astype(np.uint8).reshape(count, IMAGE_SIDE, IMAGE_SIDE)
    return variants
