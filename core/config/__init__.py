"""The configuration of a run: `RunConfig` states every hyperparameter once, and `architecture` says
which layers it means. Knows nothing else of Digit Lab.
"""

from core.config.bounds import Bounds
from core.config.hyperparameter import ControlKind, Group, Hyperparameter, Rebuilt
from core.config.presets import PRESET_TITLES, PRESETS
from core.config.run_config import (
    CLASSES,
    IMAGE_SIDE,
    MAX_HIDDEN_LAYERS,
    MOMENTUM,
    PIXELS,
    TEST_SET,
    TRAINING_SET,
    Activation,
    Optimizer,
    Precision,
    RunConfig,
    Schedule,
    bounds,
    field_text,
    hyperparameter,
    hyperparameters,
)
from core.config.validation import explain, parse_config
