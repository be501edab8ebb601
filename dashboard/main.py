"""Page configuration and navigation, nothing else."""

from pathlib import Path

import streamlit as st

st.set_page_config("Digit Lab", Path(__file__).parent / "icon.png", layout="wide")

train = st.Page(
    "app_pages/train.py",
    title="Train",
    icon=":material/model_training:",
    help="Pick a network's layers and hyperparameters, train it on MNIST and watch it learn.",
)


def home() -> None:
    """The root address leads to the Train page, which so has an address of its own."""
    st.switch_page(train, query_params=st.query_params.to_dict())


st.navigation(
    [st.Page(home, title="Digit Lab", default=True, visibility="hidden"), train], position="top"
).run()
