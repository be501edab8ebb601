"""A drawing through several runs at once: what each says, and how sure it is."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from core.analysis.drawn import Opinion
from core.runs import Run
from dashboard import text
from dashboard.resources import ask_at_once
from dashboard.widgets.run_picker import readable_runs, run_label

_MOST = 12


def render_opinions(run: Run, image: npt.NDArray[np.float32]) -> None:
    """Draw a table of the run and those that the reader adds, for an image (28, 28)."""
    others = {other.id: other for other in readable_runs() if other.id != run.id}
    chosen = st.multiselect(
        "Ask these runs too",
        list(others),
        format_func=lambda run_id: run_label(others[run_id]),
        default=list(others)[:4],
        max_selections=_MOST - 1,
        key="drawing_runs",
        bind="query-params",
        help="Each is asked as it stands, whatever epoch is chosen above.",
    )
    asked = [run, *map(others.__getitem__, chosen)]
    opinions = ask_at_once("core.analysis.reading:ask_runs", asked, image)
    st.table(
        pd.DataFrame([_row(run, opinion) for run, opinion in zip(asked, opinions, strict=True)]),
        hide_index=True,
        alt="What each run says of the drawing",
    )


def _row(run: Run, opinion: Opinion) -> dict[str, object]:
    if opinion.probabilities is None:
        problem = text.plain(f"nothing: {opinion.problem}")
        return {"Run": text.plain(run_label(run)), "Says": problem, "How sure": "–", "Next": "–"}
    second, first = opinion.probabilities.argsort(kind="stable")[-2:].tolist()
    return {
        "Run": text.plain(run_label(run)),
        "Says": str(first),
        "How sure": text.percent(opinion.probabilities[first]),
        "Next": f"{second}, {text.percent(opinion.probabilities[second])}",
    }
