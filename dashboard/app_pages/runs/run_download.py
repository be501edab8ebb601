"""Downloads of a run: its network, history and configuration, or all of it as a program."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.export import explain_no_export, export_notebook, export_script
from core.runs import Run

_PROGRAM_HELP = (
    "A program that needs TensorFlow and NumPy only and, on the same machine, ends in the run's "
    "very numbers; of a run that was trained on from another, that one's training comes first."
)


def render_downloads(run: Run) -> None:
    """Draw a button that opens the run's downloads; each is read when it is pressed."""
    has_network, problem = run.model_path.exists(), explain_no_export(run)
    about_program, is_repeatable = problem or _PROGRAM_HELP, problem is None
    files: dict[str, tuple[str, Callable[[], str | bytes], str, bool]] = {
        "Network (.keras)": (
            ".keras",
            run.model_path.read_bytes,
            "As Keras saves it, once the run has ended.",
            has_network,
        ),
        "History (CSV)": (
            "-history.csv",
            lambda: run.history.to_csv(index=False),
            "A row an epoch: losses, accuracies, learning rate, seconds.",
            True,
        ),
        "Configuration (JSON)": (
            "-config.json",
            lambda: run.config.model_dump_json(indent=1),
            "All hyperparameters.",
            True,
        ),
        "Script (.py)": (".py", partial(export_script, run), about_program, is_repeatable),
        "Notebook (.ipynb)": (
            ".ipynb",
            partial(export_notebook, run),
            about_program,
            is_repeatable,
        ),
    }
    with st.popover("Download", icon=":material/download:"):
        for label, (ending, read, explanation, is_there) in files.items():
            st.download_button(
                label,
                read,
                f"{run.id}{ending}",
                key=f"download_{label}",
                icon=":material/download:",
                on_click="ignore",
                width="stretch",
                help=explanation,
                disabled=not is_there,
            )
