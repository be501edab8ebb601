"""Whole configurations to begin with, by name."""

from core.config.run_config import RunConfig, Schedule

_REGULARIZED = RunConfig(dropout=0.5, l2=1e-4)

PRESETS: dict[str, RunConfig] = {
    "quick": RunConfig(
        hidden=(256, 128),
        batch_normalization=True,
        learning_rate=5e-3,
        schedule=Schedule.COSINE,
        batch_size=256,
        epochs=6,
        validation_share=0.1,
    ),
    "notebook-baseline": RunConfig(),
    "notebook-regularized": _REGULARIZED,
    "notebook-early-stopping": _REGULARIZED.model_copy(
        update={"epochs": 100, "early_stopping": True}
    ),
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
    "best-augmented": RunConfig(
        hidden=(1024, 1024, 1024),
        dropout=0.1,
        batch_normalization=True,
        learning_rate=3e-3,
        schedule=Schedule.COSINE,
        batch_size=512,
        epochs=60,
        validation_share=0.1,
        rotation=12,
        zoom=0.12,
        shear=0.2,
        shift=1.25,
        elastic=0.9,
    ),
}

PRESET_TITLES = {
    "quick": "Quick first try",
    "notebook-baseline": "The notebook's network",
    "notebook-regularized": "… with dropout and L2",
    "notebook-early-stopping": "… and early stopping",
    "overfit": "Overfit on purpose",
    "best-dense": "Most accurate without augmentation",
    "best-augmented": "Most accurate",
}
"""What a page calls each of PRESETS."""
