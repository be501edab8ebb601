"""One digit against the rest: histogram of its probability, and what a threshold on it does."""

import streamlit as st

from core.analysis.detection import (
    precision_recall_curve,
    probability_histogram,
    roc_curve,
    threshold_report,
)
from core.config import CLASSES
from dashboard import text
from dashboard.app_pages.evaluate.evaluation import Evaluation
from dashboard.app_pages.evaluate.probability_chart import (
    draw_histogram,
    draw_precision_recall_curve,
    draw_roc_curve,
)
from dashboard.parts.controls import choose


def render_probabilities(evaluation: Evaluation) -> None:
    """Draw the histogram, the threshold's report and both curves for a digit of choice."""
    answers = evaluation.probabilities, evaluation.labels
    digit, bins, threshold = _pick()
    report = threshold_report(*answers, digit, threshold)
    st.plotly_chart(
        draw_histogram(probability_histogram(*answers, digit, bins), digit, threshold),
        key="probability_histogram",
        config={"displayModeBar": False},
        alt=f"How many images have which probability of being {digit}",
    )
    with st.grid(4, min_column_width=150):
        st.metric(
            "Precision",
            text.percent(report.precision),
            help=f"Of the images called {digit}, how many are: p({digit}) is at least the "
            "threshold.",
        )
        st.metric("Recall", text.percent(report.recall), help=f"How many of the {digit}s are.")
        st.metric(
            "False positives", f"{report.false_positives:,}", help=f"Called {digit}, but are not."
        )
        st.metric("Missed", f"{report.false_negatives:,}", help=f"Are {digit}, but not called so.")
    corner = st.toggle(
        "Zoom into the corner",
        value=True,
        key="curve_corner",
        bind="query-params",
        help="Shows the corner where the curves bend, which a good network's nearly fill; switched "
        "off, the whole curves.",
    )
    with st.grid(2, min_column_width=300):
        with st.container():
            roc = roc_curve(*answers, digit)
            st.markdown(
                f"ROC curve, area {roc.area:.4f}",
                help="Every threshold at once: how many of the digit are found, for how many of "
                "the others taken for it. The dot is the threshold above.",
            )
            st.echarts_chart(
                draw_roc_curve(roc, report, corner),
                key="roc_curve",
                height=300,
                alt=f"ROC curve of digit {digit}",
            )
        with st.container():
            curve = precision_recall_curve(*answers, digit)
            st.markdown(
                f"Precision and recall, average precision {curve.area:.4f}",
                help="Every threshold at once: the more are found, the fewer of them are right. "
                "The dot is the threshold above.",
            )
            st.echarts_chart(
                draw_precision_recall_curve(curve, report, corner),
                key="precision_recall_curve",
                height=300,
                alt=f"Precision by recall of digit {digit}",
            )


def _pick() -> tuple[int, int, float]:
    digit = choose(
        "Digit",
        range(CLASSES),
        "detected_digit",
        "The digit k whose probability p(k) = pₖ / Σp is looked at.",
    )
    left, right = st.columns(2)
    threshold = left.slider(
        "Threshold",
        1,
        99,
        50,
        key="threshold",
        format="%d %%",
        bind="query-params",
        help="An image counts as the digit if its probability is at least this.",
    )
    bins = right.slider(
        "Bins",
        5,
        100,
        10,
        key="histogram_bins",
        bind="query-params",
        help="Into how many equal parts the histogram cuts the probabilities.",
    )
    return digit, bins, threshold / 100
