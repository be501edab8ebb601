"""RunConfig -> keras.Model, and a run's network loaded again to look into. Loads Keras."""

from core.network.build import build_model
