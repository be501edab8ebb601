"""Whole configurations to begin with, by name."""

from core.config.run_config import RunConfig, Schedule

_REGULARIZED = RunConfig(dropout=0.5, l2=1e-4)

PRESETS: dict[str, RunConfig] = {
    "notebook-baseline": RunConfig(),
    "notebook-regularized": _REGULARIZED,
    "notebook-early-stopping": _REGULARIZED.model_copy(
        update={"epochs": 100, "early_stopping": True}
    ),
    "quick": RunConfig(hidden=(128,), epochs=5),
    "overfit": RunConfig(hidden=(1024, 1024), training_images=1_000, batch_size=64, epochs=60),
    "best-dense": RunConfig(
        hidden=(1024, 1024, 1024),
        dropout=0.4,
        input_dropout=0.2,
        batch_normalization=True,
        learning_rate=2e-3,
        schedule=Schedule.COSINE,
        epochs=72,
        validation_share=0.05,
    ),
}
