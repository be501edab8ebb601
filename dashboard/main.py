"""Page configuration and navigation, nothing else."""

import streamlit as st

st.set_page_config(page_title="Digit Lab", page_icon=":material/neurology:", layout="wide")

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
