"""Maps of features: PCA and t-SNE of what a layer makes of the images. `request` says which map,
`embedding` computes it, and `job` keeps it with the run. Only the last two load Keras.
"""

import core.runs  # noqa: F401  # first, for it imports `request`
