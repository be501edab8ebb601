"""A run's answers to the test images after one epoch: how good they are, and the full report."""

from typing import NamedTuple

import pandas as pd
import streamlit as st

from core.analysis.metrics import accuracy, answer_table, classification_table
from core.data import DISPUTED_TEST_LABELS, ByteLabels, Floats, load_mnist
from core.runs import Run
from core.runs.errors import DamagedRunError
from dashboard import text
from dashboard.parts.messages import render_damage
from dashboard.parts.metrics import render_accuracy
from dashboard.session.queries import read_test_probabilities


class Evaluation(NamedTuple):
    """What every part of the page shows."""

    run: Run
    epoch: int
    probabilities: Floats
    """(10000, 10)"""
    labels: ByteLabels
    answers: pd.DataFrame
    """`answer_table`: true, predicted, p_true, p_predicted; a row a test image."""


def load_evaluation(run: Run, epoch: int) -> Evaluation:
    """The run's answers after `epoch`; if they cannot be read, say why and end the page."""
    try:
        probabilities = read_test_probabilities(run, epoch)
    except DamagedRunError as error:
        render_damage(error, "This run cannot be shown")
        st.stop()
    labels = load_mnist().y_test
    return Evaluation(run, epoch, probabilities, labels, answer_table(probabilities, labels))


def render_scores(evaluation: Evaluation, loss: float) -> None:
    """Draw accuracy with its 95 % interval, also without the disputed labels, and `loss`."""
    true, predicted = evaluation.answers["true"], evaluation.answers["predicted"]
    every = accuracy(true, predicted)
    with st.grid(4, min_column_width=150):
        render_accuracy(
            "Test accuracy",
            *every[:3],
            "Over the 10,000 test images. The interval (Wilson's) says how far chance in drawing "
            "these images may move it.",
        )
        render_accuracy(
            "Without disputed labels",
            *accuracy(true, predicted, without=DISPUTED_TEST_LABELS)[:3],
            f"Leaves out the {len(DISPUTED_TEST_LABELS)} test images whose labels people found "
            "wrong (Northcutt, Athalye and Mueller 2021).",
        )
        st.metric(
            "Test loss",
            f"{loss:.4f}",
            help="Cross-entropy over the test images, with the L2 penalty if the run has one: "
            "lower is better, and being surely wrong costs most.",
        )
        st.metric("Wrong answers", f"{every.total - every.correct:,}")


def render_report(evaluation: Evaluation) -> None:
    """Draw the classification report, to sort and to download."""
    table = classification_table(evaluation.labels, evaluation.answers["predicted"])
    share = st.column_config.NumberColumn
    st.dataframe(
        table.assign(**100 * table[["precision", "recall", "f1"]]),
        hide_index=True,
        height="content",
        placeholder=text.NO_VALUE,
        column_config={
            "class": st.column_config.TextColumn("Class", width=105),
            "precision": share(
                "Precision",
                format=text.PERCENT_FORMAT,
                help="Of the answers of this class, how many are.",
            ),
            "recall": share(
                "Recall",
                format=text.PERCENT_FORMAT,
                help="Of the images of this class, how many are found.",
            ),
            "f1": share(
                "F1", format=text.PERCENT_FORMAT, help="The harmonic mean of precision and recall."
            ),
            "support": share("Support", format="localized", help="Test images of this class."),
        },
        alt="Classification report",
    )
    st.download_button(
        "Download as CSV",
        table.to_csv(index=False),
        f"report-{evaluation.run.id}-epoch-{evaluation.epoch}.csv",
        "text/csv",
        key="download_report",
        icon=":material/download:",
        on_click="ignore",
        help="The table as scikit-learn computes it, as shares from 0 to 1.",
    )
