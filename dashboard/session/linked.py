"""The choices that all pages share and the address holds: a run, several runs, a sweep, an epoch.

These controls are not bound to the address: Streamlit would write the label there instead of the
id, and refuse an id.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import streamlit as st

from core.runs import Run
from core.runs.document_folder import DocumentStore
from core.runs.errors import RunNotFoundError
from core.sweep.store import Sweep, SweepError
from dashboard import text
from dashboard.session.lagging_address import is_lagging, note_replaced
from dashboard.session.server import server

Member = TypeVar("Member", Run, Sweep)
Found = TypeVar("Found")

MAX_RUNS = 100
"""At most this many runs are chosen together; of a link that names more, the first count."""
MAX_OFFERED = 200
"""A control offers at most this many runs or sweeps, the newest."""


class Linked:
    """A choice that outlives a change of page, and that the address holds under `name`."""

    def __init__(self, name: str, detail: "Linked | None" = None, *, lags: bool = False) -> None:
        """`detail` is a choice within what this one names: another one has none yet.

        `lags` is for what is chosen on pages with a timer, which may ask with the address of before
        (see `lagging_address`), and soon asks with the new one.
        """
        self.name = name
        self._lags = lags
        self._detail = detail
        self._last = f"_{name}"
        self._controls = f"_controls_{name}"

    def read(self) -> str | None:
        """The choice: the address's, or the last; None if there is none."""
        value: str | None = st.query_params.get(self.name, self.last)
        if self._lags and value is not None and is_lagging(self.name, value):
            value = self.last
        if self._detail and value != self.last:  # another link, which may hold a detail of its own
            st.session_state[self._detail._last] = None
        self._keep(value)
        return value

    @property
    def last(self) -> str | None:
        """The choice as it was when it was last read or made, whatever the address says."""
        value: str | None = st.session_state.get(self._last)
        return value

    def choose(self, value: str | None) -> None:
        """Make this the choice; None takes it back."""
        if self._detail and value != self.last:
            self._detail.choose(None)
        self._keep(value)

    def _keep(self, value: str | None) -> None:
        st.session_state[self._last] = value
        if (before := st.query_params.get(self.name)) == value:
            return
        if self._lags and before is not None:
            note_replaced(self.name, before, value)
        if value is None:
            st.query_params.pop(self.name, None)
        else:
            st.query_params[self.name] = value

    def find(self, get: Callable[[str], Found]) -> Found | None:
        """What the choice names, as `get` finds it; None if there is no choice.

        Raises once what `get` raises: then there is no choice any more.
        """
        value = self.read()
        if not value:
            return None
        try:
            return get(value)
        except (RunNotFoundError, SweepError):
            self.choose(None)
            raise

    def read_ids(self) -> list[str] | None:
        """The ids that were chosen, in order; None if there is no choice."""
        value = self.read()
        if value is None:
            return None
        return list(dict.fromkeys(filter(None, value.split(","))))[:MAX_RUNS]

    def choose_ids(self, ids: Iterable[str] | None) -> None:
        """Make these the choice, in order; None takes it back."""
        self.choose(None if ids is None else ",".join(ids))

    @property
    def key(self) -> str:
        """The key of the control that shows the choice."""
        return f"picked_{self.name}{st.session_state.get(self._controls, '')}"

    def show(self, option: object, *, anew: bool = False) -> str:
        """Have the control show `option`; returns the control's key.

        `anew` makes it another control if the option was not picked in this one. Until the browser
        draws that, it goes on saying what the old one shows, which Streamlit takes for a change of
        the old one: nothing was picked if that is what the old one was made to show.
        """
        if anew and st.session_state.get(self.key, option) != option:
            st.session_state[self._controls] = st.session_state.get(self._controls, 0) + 1
        st.session_state[self.key] = option
        return self.key

    @property
    def picked(self) -> Any:
        """What the control was set to."""
        return st.session_state[self.key]


RUNS, SWEEP, EPOCH = (Linked(name, lags=True) for name in ("runs", "sweep", "epoch"))
LESSON = Linked("lesson")
PARENT = Linked("from")
"""The run whose network the next run starts from."""
OPENED_SWEEPS = Linked("opened_sweeps")
"""The sweeps whose runs the table of runs shows one by one."""
RUN = Linked("run", detail=EPOCH, lags=True)


def find_member(
    choice: Linked,
    store: DocumentStore[Member],
    default: Callable[[], Member | None] = lambda: None,
) -> Member | None:
    """The chosen run or sweep, else `default`, which then is the choice; None if there is none.

    Warns if the chosen one is gone.
    """
    try:
        chosen = choice.find(store.get)
    except (RunNotFoundError, SweepError) as error:
        st.warning(f"{text.escape(error)}; it may have been deleted.", icon=":material/search_off:")
        chosen = None
    if chosen is None and (chosen := default()):
        choice.choose(chosen.id)
    return chosen


def pick_member(
    choice: Linked,
    store: DocumentStore[Member],
    chosen: Member | None,
    listed: Iterable[Member],
    describe: Callable[[Iterable[Member]], Mapping[str, str]],
    label: str,
    help: str,
    placeholder: str | None = None,
) -> None:
    """Draw the control that makes another run or sweep the choice: one of those `listed`.

    The `chosen` one is offered too. `describe` gives labels by ids. With a `placeholder`, which
    says what no choice means, the control can be cleared; without one, the only member there is
    stands as a text.
    """
    offered = {one.id: one for one in listed}
    if chosen:
        offered.setdefault(chosen.id, chosen)
    labels = describe(offered.values())
    if chosen and not placeholder and len(offered) == 1:
        st.markdown(f"{label}: {text.escape(labels[chosen.id])}", width="content")
    elif offered:
        shown = chosen.id if chosen else None
        key = choice.show(shown, anew=True)
        st.selectbox(
            label,
            list(offered),
            format_func=labels.__getitem__,
            key=key,
            on_change=_choose_picked,
            args=(choice, store, key, shown),
            placeholder=placeholder,
            index=None if placeholder else 0,
            help=help,
            width=420,
        )


def _choose_picked(choice: Linked, store: DocumentStore[Any], key: str, shown: str | None) -> None:
    """Choose what the control `key`, made to show `shown`, was set to; say so if it was deleted."""
    picked = st.session_state[key]
    if picked == shown:
        return
    try:
        if picked:
            store.get(picked)
        choice.choose(picked)
    except (RunNotFoundError, SweepError) as error:
        st.toast(f"{text.escape(error)}.", icon=":material/search_off:")


def chosen_runs() -> list[Run]:
    """The runs that are chosen together, in order; warn if any of them was deleted."""
    found, missing = [], []
    for run_id in RUNS.read_ids() or ():
        try:
            found.append(server().store.get(run_id))
        except RunNotFoundError as error:
            missing.append(f"{text.escape(error)}; it may have been deleted.")
    choose_runs(run.id for run in found)
    if missing:
        st.warning(missing[0], icon=":material/search_off:")
    return found


def choose_runs(run_ids: Iterable[str]) -> None:
    """Choose these runs together, in order."""
    RUNS.choose_ids(list(run_ids) or None)


def forget_runs(run_ids: Iterable[str]) -> None:
    """Take these deleted runs out of every choice."""
    gone = set(run_ids)
    choose_runs(run_id for run_id in RUNS.read_ids() or () if run_id not in gone)
    if RUN.last in gone:
        RUN.choose(None)


def chosen_epoch(epochs: int) -> int | None:
    """The chosen epoch, from 1 to `epochs`; None if there is no choice, or none of these."""
    with suppress(TypeError, ValueError):
        epoch = int(EPOCH.read())  # type: ignore[arg-type]  # None raises TypeError
        if 1 <= epoch <= epochs:
            return epoch
    EPOCH.choose(None)
    return None


def show_epoch(epoch: int) -> str:
    """Have the control show the epoch; returns its key. Until one is chosen, it follows the run."""
    return EPOCH.show(epoch, anew=EPOCH.last is None)


def choose_picked_epoch(key: str, shown: int, default: int) -> None:
    """Choose the epoch that the control `key`, made to show `shown`, was set to.

    `default` is no choice.
    """
    picked = st.session_state[key]
    if picked != shown:
        EPOCH.choose(None if picked == default else str(picked))
