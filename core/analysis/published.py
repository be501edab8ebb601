"""Test errors of dense networks on MNIST, as published: a ruler for runs."""

from typing import NamedTuple

_LECUN = (
    "LeCun, Bottou, Bengio and Haffner 1998, Gradient-Based Learning Applied to Document "
    "Recognition, Proceedings of the IEEE 86"
)
_SIMARD = (
    "Simard, Steinkraus and Platt 2003, Best Practices for Convolutional Neural Networks Applied "
    "to Visual Document Analysis, ICDAR"
)
_HINTON = "Hinton, unpublished, 2005; in the table of results at yann.lecun.com/exdb/mnist"
_SRIVASTAVA = (
    "Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, Dropout: A Simple Way to "
    "Prevent Neural Networks from Overfitting, JMLR 15, table 2"
)

_CIRESAN = (
    "Cireşan, Meier, Gambardella and Schmidhuber 2010, Deep, Big, Simple Neural Nets for "
    "Handwritten Digit Recognition, Neural Computation 22, which also gives Simard's 0.70 %"
)


class PublishedResult(NamedTuple):
    """A network and its share of wrong answers to the 10,000 test images, from 0 to 1."""

    name: str
    error: float
    source: str
    is_augmented: bool = False
    """Whether it learned from distorted images too."""


PUBLISHED = (
    PublishedResult("linear", 0.120, _LECUN),
    PublishedResult("300 hidden units", 0.047, _LECUN),
    PublishedResult("800 hidden units, cross-entropy", 0.016, _SIMARD),
    PublishedResult("500-300, weight decay", 0.0153, _HINTON),
    PublishedResult("3×1024 logistic, dropout", 0.0135, _SRIVASTAVA),
    PublishedResult("3×1024 ReLU, dropout", 0.0125, _SRIVASTAVA),
    PublishedResult("3×1024 ReLU, dropout, max-norm", 0.0106, _SRIVASTAVA),
    PublishedResult("2×8192 ReLU, dropout, max-norm", 0.0095, _SRIVASTAVA),
    PublishedResult("800 hidden units, elastic", 0.0070, _SIMARD, is_augmented=True),
    PublishedResult("2500-2000-1500-1000-500, elastic", 0.0035, _CIRESAN, is_augmented=True),
)
"""From the highest error to the lowest."""
