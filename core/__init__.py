"""Digit Lab's computing: data, networks, training, runs and the engine. Knows nothing of Streamlit."""
