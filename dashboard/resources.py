"""What all sessions of the server share: the runs and the engine. The only code that caches."""

import streamlit as st

from core.config import RunConfig
from core.engine import Engine
from core.estimate import epoch_seconds, machine_factor
from core.runs import RunStore

store = RunStore()
engine = Engine(store)


@st.cache_data(ttl=10, show_spinner=False)
def _machine_factor() -> float | None:
    return machine_factor(store.list())


def estimate_seconds(config: RunConfig) -> tuple[float, bool]:
    """Seconds that the run will take, and whether that is learned from runs on this machine."""
    factor = _machine_factor()
    return config.epochs * epoch_seconds(config) * (factor or 1.0), factor is not None
