"""The layers of a run's network, with all that Keras says of each."""

import streamlit as st

from core.engine import calls
from core.runs import Run
from dashboard import text
from dashboard.session.cache import call_worker


def render_layer_table(run: Run, epoch: int) -> None:
    """Draw the layers as a table, the same after any epoch, and the full configuration of each."""
    table = call_worker(calls.layer_table, run)
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        placeholder=text.NO_VALUE,
        column_config={
            "name": "Layer",
            "type": "Type",
            "output_shape": st.column_config.TextColumn(
                "Output shape", help="None stands for the number of images, which may be any."
            ),
            "parameters": st.column_config.NumberColumn(
                "Parameters", format="localized", help="Weights and biases."
            ),
            "trainable": st.column_config.CheckboxColumn(
                "Trainable", help="Whether training changes the layer's weights."
            ),
            "activation": "Activation",
            "regularizer": st.column_config.TextColumn(
                "Regulariser", help="The penalty on large weights that is added to the loss."
            ),
        },
        alt="The layers of the network",
    )
    st.caption(
        f"**{table['parameters'].sum():,}** parameters in {text.number_of(len(table), 'layer')}."
    )
    details = st.expander(
        "Full configuration of each layer",
        key="layer_configs",
        icon=":material/data_object:",
        on_change="rerun",
        bind="query-params",
    )
    if details.open:
        with details:
            st.json(call_worker(calls.layer_configs, run), expanded=1)
