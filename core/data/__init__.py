"""MNIST: the images, bundled; how a run splits and prepares them, and what a page shows of both."""

from core.data.mnist import (
    DISPUTED_TEST_LABELS,
    MNIST_PATH,
    AnyFloats,
    Array,
    ByteLabels,
    DataError,
    Doubles,
    Floats,
    Images,
    Indices,
    Mask,
    Mnist,
    Split,
    Splits,
    load_mnist,
    one_hot,
    prepare_splits,
    scale_images,
    split_indices,
)
