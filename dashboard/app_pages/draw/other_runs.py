"""A drawing through several runs at once: what each says, and how sure it is."""

import pandas as pd
import streamlit as st

from core.data import Floats
from core.drawing.answers import RunAnswer
from core.engine import calls
from core.runs import Run
from dashboard import text
from dashboard.parts.run_picker import label_runs, pick_runs, readable_runs
from dashboard.session.cache import call_worker_uncached

_MAX_RUNS = 12


def render_other_runs(run: Run, image: Floats) -> None:
    """Draw a table of the run and those that the user adds, for an image (28, 28)."""
    others = [other for other in readable_runs("drawing_runs") if other.id != run.id]
    chosen = pick_runs(
        "Ask these runs too",
        others,
        name="drawing_runs",
        limit=_MAX_RUNS - 1,
        default=others[:4],
        help="Each is asked as it stands, whatever epoch is chosen above.",
    )
    labels = label_runs([run, *others])
    answers = call_worker_uncached(calls.answers_by_run, [run, *chosen], image)
    st.table(
        pd.DataFrame([_row(labels[answer.run_id], answer) for answer in answers]),
        hide_index=True,
        alt="What each run says of the drawing",
    )


def _row(label: str, answer: RunAnswer) -> dict[str, str]:
    if answer.probabilities is None:
        problem = text.escape(f"nothing: {answer.problem}")
        none = {"How sure": text.NO_VALUE, "Next": text.NO_VALUE}
        return {"Run": text.escape(label), "Says": problem} | none
    second, first = answer.probabilities.argsort(kind="stable")[-2:].tolist()
    return {
        "Run": text.escape(label),
        "Says": str(first),
        "How sure": text.percent(answer.probabilities[first]),
        "Next": f"{second}, {text.percent(answer.probabilities[second])}",
    }
