"""Which map of a run's features: layer, images, method and its settings.

The labels of the choices are also what the address says.
"""

import streamlit as st
from pydantic import ValidationError

from core.config import RunConfig, explain
from core.config.architecture import PIXELS_LAYER, hidden_layers
from core.maps.request import MapMethod, MapRequest, map_bounds
from dashboard import text

_METHODS = {MapMethod.TSNE: "t-SNE", MapMethod.PCA: "PCA alone"}


def pick_map(config: RunConfig) -> MapRequest | None:
    """Draw the controls; return the map that they say, or None with what is wrong with it."""
    with st.grid(3, min_column_width=220):
        values = {
            "layer": _pick_layer(config),
            "split": _pick_split(),
            "points": _pick_points(),
            "method": _pick_method(),
        }
        if values["method"] is MapMethod.TSNE:
            values |= {"perplexity": _pick_perplexity(), "seed": _pick_seed()}
    try:
        return MapRequest.model_validate(values)
    except ValidationError as error:
        for sentence in explain(error).values():
            st.error(f"{text.plain(sentence[0].upper() + sentence[1:])}.", icon=":material/error:")
        return None


def _pick_layer(config: RunConfig) -> str:
    labels = {PIXELS_LAYER: "Pixels"}
    labels |= {
        name: f"Hidden layer {number}" for number, name in enumerate(hidden_layers(config), start=1)
    }
    return st.selectbox(
        "Features",
        list(labels),
        index=len(labels) - 1,
        format_func=labels.__getitem__,
        key="map_layer",
        bind="query-params",
        help="Which layer's activations are mapped. The deeper the layer, the better it keeps the "
        "classes apart; the pixels show where it all starts from.",
    )


def _pick_split() -> str:
    return st.segmented_control(
        "Images",
        ["train", "validation", "test"],
        default="train",
        required=True,
        key="map_split",
        bind="query-params",
        help="From which split. The network learned from the training images only.",
    )


def _pick_points() -> int:
    default: int = MapRequest.model_fields["points"].default
    return st.select_slider(
        "How many",
        [int(step) for step in map_bounds("points").steps(default)],
        value=default,
        key="map_points",
        bind="query-params",
        help="The first so many images of the split. 1,000 take seconds, 10,000 a minute or so.",
    )


def _pick_method() -> MapMethod:
    return st.segmented_control(
        "Method",
        list(MapMethod),
        default=MapMethod.TSNE,
        required=True,
        format_func=_METHODS.__getitem__,
        key="map_method",
        bind="query-params",
        help="PCA keeps the directions in which the features vary most. t-SNE, started from 20 of "
        "them, keeps neighbours together; far distances then mean little.",
    )


def _pick_perplexity() -> int:
    limits = map_bounds("perplexity")
    return st.slider(
        "Perplexity",
        int(limits.low),
        int(limits.high),
        value=int(MapRequest.model_fields["perplexity"].default),
        key="map_perplexity",
        bind="query-params",
        help="How many neighbours a point tries to keep, roughly. Small shows fine structure, "
        "large the coarse; at most a third of the points.",
    )


def _pick_seed() -> int:
    limits = map_bounds("seed")
    return st.number_input(
        "Seed of the map",
        int(limits.low),
        int(limits.high),
        value=int(MapRequest.model_fields["seed"].default),
        key="map_seed",
        bind="query-params",
        help="The same seed gives the same map; another one shows what is chance in it.",
    )
