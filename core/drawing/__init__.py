"""A drawn or photographed digit -> the image that MNIST would have made of it, what networks make
of that, and the collection of drawings that were kept. Only `reading` loads Keras.
"""

from core.drawing.prepare import (
    BOX_SIDE,
    DrawingSteps,
    PreparedDrawing,
    find_ink,
    prepare,
    to_mnist,
)
