"""How large a network's weights are, and how many of its units do nothing."""

import pandas as pd
import streamlit as st

from core.engine import calls
from core.runs import Run
from dashboard import text
from dashboard.app_pages.layers.weight_chart import draw_weight_histogram
from dashboard.parts.metrics import render_metric
from dashboard.session.cache import call_worker

_SHOWN_FIRST = ("kernel", "bias")


def render_weights(run: Run, epoch: int) -> None:
    """Draw the share of dead units of each hidden layer, and a histogram of every array."""
    _render_dead_units(call_worker(calls.dead_units, run, epoch))
    _render_histograms(call_worker(calls.weight_histograms, run, epoch))


def _render_dead_units(layers: pd.DataFrame) -> None:
    st.header(
        "Dead units",
        anchor=False,
        help="Units whose output is the same for all 10,000 test images, for ReLU always zero: "
        "they tell the next layer nothing. Large learning rates kill units.",
    )
    if layers.empty:
        st.caption("This network has no hidden layers, so there are none.")
        return
    with st.grid(6, min_column_width=140):
        for layer in layers.itertuples():
            note = f"{layer.dead:,} of {layer.units:,} units"
            render_metric(layer.layer, text.percent(layer.share), note)


def _render_histograms(bins: pd.DataFrame) -> None:
    st.header("Weights and biases", anchor=False)
    kinds = list(bins["weights"].unique())
    chosen = st.pills(
        "Arrays",
        kinds,
        selection_mode="multi",
        default=[kind for kind in kinds if kind in _SHOWN_FIRST],
        key="weight_arrays",
        bind="query-params",
        help="A dense layer has a kernel, its weights, and biases. Weights that the L2 penalty "
        "pulls on crowd about zero.",
    )
    wanted = bins[bins["weights"].isin(chosen)]
    with st.grid(2 if len(chosen) == 2 else 3, min_column_width=260):
        for (layer, kind), array in wanted.groupby(["layer", "weights"], sort=False):
            with st.container():
                st.markdown(f"`{layer}` {kind.replace('_', ' ')}, {array['count'].sum():,} values")
                st.plotly_chart(
                    draw_weight_histogram(array),
                    key=f"histogram_{layer}_{kind}",
                    config={"displayModeBar": False},
                    alt=f"Histogram of {layer}'s {kind}",
                )
