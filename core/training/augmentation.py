"""Augmentation: every image turned, stretched, slanted, moved and bent at random, batch by batch.

Each pixel of a new image is read from a place of the old one, by bilinear interpolation; what lies
outside is black. It needs NumPy and TensorFlow alone, for exported programs contain this file.
"""

import numpy as np
import tensorflow as tf

_SIDE = 28
_FRAME = 2  # black pixels around an image: a place outside it lies between two of them
_SMOOTHNESS = 4.0  # pixels: standard deviation of the bumps that bend an image, as Simard's (2003)
_BUMPS = 7  # in each direction, over the whole image


class Augmentation:
    """The random changes of at most these strengths, as functions for a compiled loop.

    `rotation` in degrees either way; `zoom` and `shear` as shares, zoom for height and width each;
    `shift` in pixels in each direction; all uniform. `elastic` is the standard deviation, in
    pixels, of how far a pixel is displaced in each direction, normal and smooth over the image.
    """

    def __init__(
        self, rotation: float, zoom: float, shear: float, shift: float, elastic: float
    ) -> None:
        turn = np.deg2rad(rotation)
        self._most = np.array([turn, zoom, zoom, shear, shift, shift], np.float32)[:, np.newaxis]
        self._bumps = _BUMPS**2 if elastic else 0
        # All places at once are a product: of what is drawn for an image, and these rows.
        rows, columns = np.mgrid[:_SIDE, :_SIDE].reshape(2, -1) - (_SIDE - 1) / 2
        bases = [rows, columns, np.ones(_SIDE**2), *_smooth_bumps(elastic)[: self._bumps]]
        self._bases = np.array(bases, np.float32)

    def __call__(self, images: tf.Tensor, key: tf.Tensor, batch: tf.Tensor) -> tf.Tensor:
        """The changed images, float32 (n, 784), of images (n, 784).

        The same `key`, int64 of an epoch, and number of the batch, int32, change them alike.
        """
        rows, columns = self.draw_places(tf.shape(images)[0], key, batch)
        return read_places(images, rows, columns)

    def draw_places(
        self, count: tf.Tensor, key: tf.Tensor, batch: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The row and the column that each pixel is read from, float32 (count, 784) each.

        They undo, from the new image to the old one: shift, rotation, shear and zoom; the bumps
        are added in the old one.
        """
        batch = tf.cast(batch, tf.int64)
        uniform = tf.random.stateless_uniform((6, count), (key, 2 * batch), -1, 1)
        turn, *zooms, shear, down, right = tf.unstack(self._most * uniform)
        taller, wider = (1 + zoom for zoom in zooms)
        cosine, sine = tf.cos(turn), tf.sin(turn)
        a, b = cosine / taller, sine / taller
        c, d = (-sine - shear * cosine) / wider, (cosine - shear * sine) / wider
        centre = (_SIDE - 1) / 2
        affine = [a, b, centre - a * down - b * right, c, d, centre - c * down - d * right]
        drawn = tf.reshape(tf.stack(affine, axis=1), (2 * count, 3))
        if self._bumps:
            bumps = tf.random.stateless_normal((2 * count, self._bumps), (key, 2 * batch + 1))
            drawn = tf.concat([drawn, bumps], axis=1)
        places = tf.reshape(tf.matmul(drawn, self._bases), (count, 2, _SIDE**2))
        return places[:, 0], places[:, 1]


def epoch_key(seed: int, epoch: int) -> int:
    """What the changes of an epoch are drawn from: another number for each seed and epoch."""
    return int(np.random.SeedSequence((seed, epoch, 1)).generate_state(1)[0])


@tf.function(jit_compile=True)  # one pass over the pixels, a fifth of the time of TensorFlow's ops
def read_places(images: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """Images (n, 784) at these places, by bilinear interpolation: float32 (n, 784)."""
    count, side = tf.shape(images)[0], _SIDE + 2 * _FRAME
    framed = tf.pad(
        tf.reshape(images, (count, _SIDE, _SIDE)), [[0, 0], [_FRAME, _FRAME], [_FRAME, _FRAME]]
    )
    pixels = tf.reshape(framed, [-1])
    rows, columns = (tf.clip_by_value(places + _FRAME, 0, side - 1.5) for places in (rows, columns))
    top, left = tf.floor(rows), tf.floor(columns)
    down, right = rows - top, columns - left
    corner = tf.cast(top * side + left, tf.int32) + tf.range(count)[:, tf.newaxis] * side**2

    def row_at(offset: int) -> tf.Tensor:
        start = tf.gather(pixels, corner + offset)
        return start + right * (tf.gather(pixels, corner + offset + 1) - start)

    upper = row_at(0)
    return upper + down * (row_at(side) - upper)


def _smooth_bumps(strength: float) -> np.ndarray:
    """Gaussian bumps on a grid, (bumps, 784): times normal numbers, they sum to a smooth field
    whose standard deviation is `strength` at each pixel.
    """
    centres = np.linspace(0, _SIDE - 1, _BUMPS)
    distances = np.arange(_SIDE) - centres[:, np.newaxis]
    profile = np.exp(-(distances**2) / (2 * _SMOOTHNESS**2))
    bumps: np.ndarray = np.einsum("ay,bx->abyx", profile, profile).reshape(_BUMPS**2, -1)
    bumps *= strength / np.sqrt((bumps**2).sum(axis=0))
    return bumps
