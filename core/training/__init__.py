"""train(run): what fits a run's network and writes its run directory. Loads Keras."""

from core.training.trainer import train
from core.training.warm_models import warm_up
