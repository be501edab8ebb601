"""Which map of a run's features: layer, images, method and its settings.

The labels of the choices are also what the address says.
"""

import streamlit as st
from pydantic import ValidationError

from core.config import Hyperparameter, RunConfig, explain
from core.config.architecture import PIXELS_LAYER, hidden_layers
from core.maps.request import MapMethod, MapRequest
from dashboard import text
from dashboard.parts.controls import choose, pick_value

_FIELDS = {name: Hyperparameter(name, info) for name, info in MapRequest.model_fields.items()}
_SPLITS = ["train", "validation", "test"]
_METHODS = {MapMethod.PCA: "PCA alone", MapMethod.TSNE: "t-SNE"}
METHOD_KEY = "map_method"


def pick_map(config: RunConfig) -> MapRequest | None:
    """Draw the controls; return the map that they say, or None with what is wrong with it."""
    split, method = _FIELDS["split"], _FIELDS["method"]
    with st.grid(3, min_column_width=220):
        values = {
            "layer": _pick_layer(config),
            "split": choose(split.title, _SPLITS, "map_split", split.description),
            "points": pick_value(_FIELDS["points"], "map_points"),
            "method": choose(method.title, _METHODS, METHOD_KEY, method.description),
        }
        if values["method"] is MapMethod.TSNE:
            for name in ("perplexity", "seed"):
                values[name] = pick_value(_FIELDS[name], f"map_{name}")
    try:
        return MapRequest.model_validate(values)
    except ValidationError as error:
        for sentence in explain(error).values():
            st.error(f"{text.escape(sentence[0].upper() + sentence[1:])}.", icon=":material/error:")
        return None


def _pick_layer(config: RunConfig) -> str:
    labels = {PIXELS_LAYER: "Pixels"}
    labels |= {
        name: f"Hidden layer {number}" for number, name in enumerate(hidden_layers(config), start=1)
    }
    return st.selectbox(
        _FIELDS["layer"].title,
        list(labels),
        index=len(labels) - 1,
        format_func=labels.__getitem__,
        key="map_layer",
        bind="query-params",
        help=_FIELDS["layer"].description,
    )
