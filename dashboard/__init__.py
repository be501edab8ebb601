"""Digit Lab's pages: shows what `core` computes, and knows no TensorFlow."""
