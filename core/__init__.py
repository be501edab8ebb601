"""Digit Lab's computing: data, networks, training, runs, the engine. Knows nothing of Streamlit."""
