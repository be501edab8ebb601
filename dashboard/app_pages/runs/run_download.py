"""A run to take away: its network, history and configuration, or all of it as a program."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.export import can_export, export_notebook, export_script
from core.runs import Run

_ALONE = (
    "A program that needs TensorFlow and NumPy only and, on the same machine, ends in the run's "
    "very numbers. For a run that has ended after a step at least."
)


def render_downloads(run: Run) -> None:
    """Draw a button that opens what can be downloaded of the run."""
    is_repeatable = can_export(run)
    with st.popover("Download", icon=":material/download:"):
        _download(
            "Network (.keras)",
            f"{run.id}.keras",
            run.model_path.read_bytes,
            "As Keras saves it, once the run has ended.",
            disabled=not run.model_path.exists(),
        )
        _download(
            "History (CSV)",
            f"{run.id}-history.csv",
            lambda: run.history.to_csv(index=False),
            "A row an epoch: losses, accuracies, learning rate, seconds.",
        )
        _download(
            "Configuration (JSON)",
            f"{run.id}-config.json",
            lambda: run.config.model_dump_json(indent=1),
            "All hyperparameters.",
        )
        _download(
            "Script (.py)",
            f"{run.id}.py",
            partial(export_script, run),
            _ALONE,
            disabled=not is_repeatable,
        )
        _download(
            "Notebook (.ipynb)",
            f"{run.id}.ipynb",
            partial(export_notebook, run),
            _ALONE,
            disabled=not is_repeatable,
        )


def _download(
    label: str,
    file: str,
    read: Callable[[], str | bytes],
    explanation: str,
    disabled: bool = False,
) -> None:
    """A button for a file whose content is read when it is pressed."""
    st.download_button(
        label,
        read,
        file,
        key=f"download_{label}",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
        help=explanation,
        disabled=disabled,
    )
