"""How fast this machine multiplies in bfloat16."""

import time

import tensorflow as tf

from core.config import PIXELS, Precision

_BATCH = _UNITS = 512  # the largest product of the notebook's network
_PRODUCTS, _ROUNDS = 4, 8


def bfloat16_speed() -> float:
    """How many times as fast as in float32 a product of matrices is, the best of several by turns.

    Below 1 on a processor that has no instructions for it. Takes a tenth of a second where it has.
    """
    products = {}
    for precision in Precision:
        dtype = tf.as_dtype(precision.value)
        images = tf.cast(tf.random.stateless_uniform((_BATCH, PIXELS), (0, 0)), dtype)
        weights = tf.cast(tf.random.stateless_uniform((PIXELS, _UNITS), (0, 1)), dtype)
        products[precision] = images, weights
        tf.matmul(images, weights)
    seconds = dict.fromkeys(Precision, float("inf"))
    for _ in range(_ROUNDS):
        for precision, (images, weights) in products.items():
            started = time.perf_counter()
            for _ in range(_PRODUCTS):
                tf.matmul(images, weights)
            seconds[precision] = min(seconds[precision], time.perf_counter() - started)
    return seconds[Precision.FLOAT32] / seconds[Precision.BFLOAT16]
