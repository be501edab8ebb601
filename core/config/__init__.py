"""The configuration of a run: `RunConfig` states every hyperparameter once, and `architecture` says
which layers it means. Knows nothing else of Digit Lab.
"""

from core.config.run_config import (
    CLASSES,
    IMAGE_SIDE,
    MAX_HIDDEN_LAYERS,
    MOMENTUM,
    PIXELS,
    PRESETS,
    TEST_SET,
    TRAINING_SET,
    Activation,
    Bounds,
    Optimizer,
    RunConfig,
    Schedule,
    bounds,
    explain,
    field_text,
    parse_config,
)

__all__ = [
    "CLASSES",
    "IMAGE_SIDE",
    "MAX_HIDDEN_LAYERS",
    "MOMENTUM",
    "PIXELS",
    "PRESETS",
    "TEST_SET",
    "TRAINING_SET",
    "Activation",
    "Bounds",
    "Optimizer",
    "RunConfig",
    "Schedule",
    "bounds",
    "explain",
    "field_text",
    "parse_config",
]
