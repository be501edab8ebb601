"""The form and the chosen run, in session state and in the URL. The only code that touches either.

A link holds the fields in which the form differs from the defaults, and the run that is watched.
"""

import secrets
from collections.abc import Iterable
from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException

from core.config import MAX_HIDDEN_LAYERS, PRESETS, RunConfig, parse_config
from core.runs import Run, RunStore
from core.runs.errors import RunError, RunNotFoundError
from core.sweep.store import Sweep, SweepError, SweepStore
from dashboard import text

_RUN = "run"
_SWEEP = "sweep"
_RUNS = "runs"
_TABLES = "_tables"
_MOST_TABLES = 5
_DIALOG = "_dialog"
_EPOCH = "epoch"
_DEPTH = "config_depth"
_LINK = "_link"
_REJECTED = "_rejected"
_MORE_OPEN = "_more_open"
_REMARK = "_remark"
_CANVAS = "_canvas"
_VISIT = "_visit"
_DRAWING_SCORE = "_drawing_score"
_CUSTOM_WIDTH = 128

PRESET_KEY = "preset"
RUN_KEY = "picked_run"
SWEEP_KEY = "picked_sweep"
MOST_RUNS = 100
"""So many runs may be chosen together; a link that names more chooses the first."""
EPOCH_KEY = "picked_epoch"


def key(field: str, layer: int | None = None) -> str:
    """The session-state key of a field's control; of `hidden`, that of one layer's."""
    return f"config_{field}" if layer is None else f"config_{field}_{layer}"


# --- the form


def fill_form(config: RunConfig) -> None:
    """Set every control of the form to `config`."""
    for name, value in config.model_dump(mode="json").items():
        if name != "hidden":
            st.session_state[key(name)] = value
    st.session_state[_DEPTH] = len(config.hidden)
    for layer, width in enumerate(config.hidden):
        st.session_state[key("hidden", layer)] = width


def read_form() -> tuple[RunConfig, dict[str, str]]:
    """The configuration that the controls say, with a sentence for each value that is refused."""
    values = {
        name: st.session_state[key(name)] for name in RunConfig.model_fields if name != "hidden"
    }
    values["hidden"] = tuple(st.session_state[key("hidden", i)] for i in range(depth()))
    return parse_config(values)


def depth() -> int:
    """The number of hidden layers in the form."""
    return int(st.session_state[_DEPTH])


def add_layer() -> None:
    """Put another hidden layer on top, as wide as the last."""
    layers = depth()
    if layers < MAX_HIDDEN_LAYERS:
        width = st.session_state[key("hidden", layers - 1)] if layers else _CUSTOM_WIDTH
        st.session_state[key("hidden", layers)] = width
        st.session_state[_DEPTH] = layers + 1


def remove_layer(layer: int) -> None:
    """Take a hidden layer (from 0) away; those above move down."""
    for above in range(layer + 1, depth()):
        st.session_state[key("hidden", above - 1)] = st.session_state[key("hidden", above)]
    st.session_state[_DEPTH] = depth() - 1


def choose_preset() -> None:
    """Fill the form with the preset that its control names."""
    if preset := PRESETS.get(st.session_state[PRESET_KEY]):
        fill_form(preset)


def show_preset(config: RunConfig) -> None:
    """Have the preset's control name the preset that equals `config`, or none."""
    names = (name for name, preset in PRESETS.items() if preset == config)
    st.session_state[PRESET_KEY] = next(names, None)


def opens_more(is_wrong: bool) -> bool:
    """Whether the form's further options are open at first: once one of them was wrong, for good.

    They would otherwise close under the hand that puts it right.
    """
    st.session_state[_MORE_OPEN] = is_wrong or st.session_state.get(_MORE_OPEN, False)
    return bool(st.session_state[_MORE_OPEN])


def visit() -> str:
    """A name for this browser tab's visit, until it is reloaded."""
    return str(st.session_state.setdefault(_VISIT, secrets.token_hex(8)))


def remark(words: object) -> None:
    """Keep a sentence for the page to show: a callback within a fragment may draw nothing."""
    st.session_state[_REMARK] = str(words)


def take_remark() -> str | None:
    """The sentence that is still to be shown, once."""
    words: str | None = st.session_state.pop(_REMARK, None)
    return words


# --- the canvas


def canvas_number() -> int:
    """How many canvases this session has cleared: a number makes a new one."""
    return int(st.session_state.get(_CANVAS, 0))


def clear_canvas() -> None:
    """Have the Draw page begin with an empty canvas."""
    st.session_state[_CANVAS] = canvas_number() + 1


def count_drawing(is_right: bool) -> None:
    """Count a drawing whose digit the drawer has told: whether it was read right."""
    right, total = drawing_score()
    st.session_state[_DRAWING_SCORE] = right + is_right, total + 1


def drawing_score() -> tuple[int, int]:
    """How many drawings of this session were read right, of how many."""
    return st.session_state.get(_DRAWING_SCORE, (0, 0))


# --- the URL


def open_link(store: RunStore) -> None:
    """Fill the form from the URL, if this is a new session or the URL is a new link.

    A link that names only a run fills it with that run's configuration.
    """
    link = _link_fields()
    if link == st.session_state.get(_LINK) or (not link and _LINK in st.session_state):
        return
    config, rejected = parse_config(link)
    if not link and _RUN in st.query_params:
        with suppress(RunError):
            config = store.get(st.query_params[_RUN]).config
    fill_form(config)
    st.session_state[_LINK] = link
    st.session_state[_REJECTED] = (config, rejected)


def write_link(config: RunConfig) -> None:
    """Have the URL say what the form says."""
    wanted = config.differences()
    if wanted != _link_fields():
        names = list(st.query_params)
        others = {name: st.query_params.get_all(name) for name in names if name not in _fields()}
        try:  # at once, for each change is a step of the browser's Back
            st.query_params.from_dict(wanted | others)
        except StreamlitAPIException:  # some are of controls, which nobody else may set
            for name in names:
                if name not in others and name not in wanted:
                    del st.query_params[name]
            st.query_params.update(wanted)
    st.session_state[_LINK] = wanted


def rejected_by_link(config: RunConfig) -> dict[str, str]:
    """What the link asked for in vain, a sentence a field, until the form is changed."""
    filled, rejected = st.session_state[_REJECTED]
    return dict(rejected) if config == filled else {}


def chosen_run(store: RunStore) -> Run | None:
    """The run that is watched: the URL's, or the one chosen last. None if none is.

    Raises RunNotFoundError, once, if that run is not there.
    """
    run_id = st.query_params.get(_RUN) or st.session_state.get(_RUN)
    if not run_id:
        return None
    try:
        run = store.get(run_id)
    except RunNotFoundError:
        choose_run(None)
        raise
    choose_run(run)
    return run


def choose_run(run: Run | None) -> None:
    """Watch `run` on every page, and say so in the URL; None watches nothing.

    An epoch chosen in another run means nothing in this one; one that a link names with it does.
    """
    run_id = run.id if run else None
    if st.session_state.get(_RUN) != run_id:
        st.session_state[_EPOCH] = None
    st.session_state[_RUN] = run_id
    if run is None:
        st.query_params.pop(_RUN, None)
    elif st.query_params.get(_RUN) != run.id:
        st.query_params[_RUN] = run.id


def chosen_runs(store: RunStore) -> list[Run]:
    """The runs that are chosen together, in order: the URL's, or those chosen last.

    Raises RunNotFoundError, once, if any of them is not there.
    """
    named = st.query_params.get(_RUNS) or st.session_state.get(_RUNS) or ""
    found, missing = [], []
    for run_id in list(dict.fromkeys(filter(None, named.split(","))))[:MOST_RUNS]:
        try:
            found.append(store.get(run_id))
        except RunNotFoundError as error:
            missing.append(error)
    choose_runs(run.id for run in found)
    if missing:
        raise missing[0]
    return found


def forget_runs(run_ids: Iterable[str]) -> None:
    """Choose and watch these runs no longer, as they were deleted."""
    gone = set(run_ids)
    choose_runs(run_id for run_id in st.session_state[_RUNS].split(",") if run_id not in gone)
    if st.session_state.get(_RUN) in gone:
        choose_run(None)


def choose_runs(run_ids: Iterable[str]) -> None:
    """Choose these runs together, on every page, and say so in the URL."""
    named = ",".join(run_ids)
    st.session_state[_RUNS] = named
    if not named:
        st.query_params.pop(_RUNS, None)
    elif st.query_params.get(_RUNS) != named:
        st.query_params[_RUNS] = named


def drawn_tables(ids: list[str], places: list[int]) -> list[tuple[list[str], list[int]]]:
    """The tables of runs that the browser may show: this one, of `ids` with the runs at `places`
    chosen, and those drawn before it with the same runs chosen, the latest first.
    """
    chosen = {ids[place] for place in places}
    before = [
        (listed, marked)
        for listed, marked in st.session_state.get(_TABLES, ())
        if {listed[place] for place in marked} == chosen and listed != ids
    ]
    st.session_state[_TABLES] = [(ids, places), *before][:_MOST_TABLES]
    return list(st.session_state[_TABLES])


def linked_ids(name: str) -> list[str] | None:
    """The ids of the runs chosen under `name`: the URL's, or those chosen last. None: no choice."""
    named = st.query_params.get(name, st.session_state.get(f"_{name}"))
    if named is None:
        return None
    ids = list(dict.fromkeys(filter(None, named.split(","))))[:MOST_RUNS]
    link_ids(name, ids)
    return ids


def link_ids(name: str, run_ids: Iterable[str] | None) -> None:
    """Choose these runs under `name`, and say so in the URL; None takes the choice back."""
    named = st.session_state[f"_{name}"] = None if run_ids is None else ",".join(run_ids)
    if named is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != named:
        st.query_params[name] = named


def chosen_texts(key: str) -> list[str]:
    """The texts that a control with several is set to, before it is drawn: a link's, or its own."""
    return [*st.session_state.get(key, ()), *st.query_params.get_all(key)]


def open_dialog(name: str, run_ids: Iterable[str]) -> None:
    """Have the dialog `name` about these runs shown, whenever the page runs again, until closed."""
    st.session_state[_DIALOG] = name, frozenset(run_ids)


def close_dialog() -> None:
    """Have no dialog shown."""
    st.session_state[_DIALOG] = None


def dialog_runs() -> frozenset[str]:
    """The ids of the runs that the open dialog is about; none if none is open."""
    _, about = st.session_state.get(_DIALOG) or (None, frozenset())
    return frozenset(about)


def is_dialog_open(name: str, run_ids: Iterable[str]) -> bool:
    """Whether the dialog `name` is to be shown; one about other runs is closed for good."""
    opened, about = st.session_state.get(_DIALOG) or (None, frozenset())
    if opened == name and about != frozenset(run_ids):
        close_dialog()
        return False
    return bool(opened == name)


def show_run(run: Run | None) -> None:
    """Have the run's control name `run`."""
    st.session_state[RUN_KEY] = run.id if run else None


def take_picked_run(store: RunStore) -> None:
    """Watch the run that its control names, as it stands: an epoch chosen in another means nothing.

    Says so if it was deleted since the page was drawn.
    """
    run_id = st.session_state[RUN_KEY]
    choose_epoch(None)
    try:
        choose_run(store.get(run_id) if run_id else None)
    except RunNotFoundError as error:
        st.toast(f"{text.plain(error)}.", icon=":material/search_off:")


def chosen_sweep(sweeps: SweepStore) -> Sweep | None:
    """The sweep that is looked at: the URL's, or the one chosen last. None if none is.

    Raises SweepError, once, if that sweep is not there.
    """
    sweep_id = st.query_params.get(_SWEEP) or st.session_state.get(_SWEEP)
    if not sweep_id:
        return None
    try:
        sweep = sweeps.get(sweep_id)
    except SweepError:
        choose_sweep(None)
        raise
    choose_sweep(sweep)
    return sweep


def choose_sweep(sweep: Sweep | None) -> None:
    """Look at `sweep`, and say so in the URL; None looks at none."""
    st.session_state[_SWEEP] = sweep.id if sweep else None
    if sweep is None:
        st.query_params.pop(_SWEEP, None)
    elif st.query_params.get(_SWEEP) != sweep.id:
        st.query_params[_SWEEP] = sweep.id


def show_sweep(sweep: Sweep | None) -> None:
    """Have the sweep's control name `sweep`."""
    st.session_state[SWEEP_KEY] = sweep.id if sweep else None


def take_picked_sweep(sweeps: SweepStore) -> None:
    """Look at the sweep that its control names; say so if it was deleted meanwhile."""
    sweep_id = st.session_state[SWEEP_KEY]
    try:
        choose_sweep(sweeps.get(sweep_id) if sweep_id else None)
    except SweepError as error:
        st.toast(f"{text.plain(error)}.", icon=":material/search_off:")


def chosen_epoch(epochs: int) -> int | None:
    """The epoch that is looked at, of so many: the URL's, or the one chosen last.

    None if there is no choice, or none that the run has: what was chosen for a longer one is void.
    """
    chosen = st.query_params.get(_EPOCH) or st.session_state.get(_EPOCH)
    with suppress(TypeError, ValueError):
        if 1 <= int(chosen) <= epochs:
            choose_epoch(int(chosen))
            return int(chosen)
    choose_epoch(None)
    return None


def choose_epoch(epoch: int | None) -> None:
    """Look at this epoch on every page, and say so in the URL; None has pages follow the run."""
    st.session_state[_EPOCH] = epoch
    if epoch is None:
        st.query_params.pop(_EPOCH, None)
    elif st.query_params.get(_EPOCH) != str(epoch):
        st.query_params[_EPOCH] = str(epoch)


def show_epoch(epoch: int) -> None:
    """Have the epoch's control name `epoch`."""
    st.session_state[EPOCH_KEY] = epoch


def take_picked_epoch(default: int) -> None:
    """Look at the epoch that its control names; `default` is no choice."""
    epoch = st.session_state[EPOCH_KEY]
    choose_epoch(None if epoch == default else epoch)


def _fields() -> set[str]:
    return set(RunConfig.model_fields)


def _link_fields() -> dict[str, str]:
    return {name: st.query_params[name] for name in st.query_params if name in _fields()}
