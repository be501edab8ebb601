"""Page configuration and navigation, nothing else."""

from pathlib import Path

import streamlit as st

_PAGES = {
    "train": (
        "Train",
        ":material/model_training:",
        "Pick a network's layers and hyperparameters, train it on MNIST and watch it learn.",
    ),
    "data": (
        "Data",
        ":material/database:",
        "The digits themselves: grey values, how they are prepared, and a grid to browse by class.",
    ),
    "evaluate": (
        "Evaluate",
        ":material/fact_check:",
        "Right and wrong answers: report, confusion matrix, errors, probabilities, calibration.",
    ),
    "features": (
        "Features",
        ":material/scatter_plot:",
        "A map of what a hidden layer makes of the digits, by PCA and t-SNE.",
    ),
    "layers": (
        "Layers",
        ":material/layers:",
        "Inside the network: its layers, weights, dead units, and one digit on its way through.",
    ),
}

st.set_page_config("Digit Lab", Path(__file__).parent / "icon.png", layout="wide")
pages = [
    st.Page(f"app_pages/{name}.py", title=title, icon=icon, help=text)
    for name, (title, icon, text) in _PAGES.items()
]


def home() -> None:
    """The root address leads to the Train page, which so has an address of its own."""
    st.switch_page(pages[0], query_params=st.query_params.to_dict())


st.navigation(
    [st.Page(home, title="Digit Lab", default=True, visibility="hidden"), *pages], position="top"
).run()
