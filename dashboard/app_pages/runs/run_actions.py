"""What a user may do with the runs chosen in the table."""

from contextlib import suppress

import streamlit as st

from core.config import RunConfig, field_text
from core.runs import MAX_NAME, MAX_NOTE, Run
from core.runs.errors import RunError, RunNotFoundError, RunNotWritableError
from core.runs.origin import can_train_on
from core.runs.summary import Summary
from dashboard import text
from dashboard.access.visitor import may_change
from dashboard.app_pages.runs.run_download import render_downloads
from dashboard.charts.colors import RUN_COLORS
from dashboard.menu import PAGES
from dashboard.parts.findings import render_findings
from dashboard.session import dialogs, linked
from dashboard.session.queries import read_findings
from dashboard.session.server import server
from dashboard.session.trials import sweep_heads

_MAX_NAMES = 10


def render_actions(chosen: list[Summary]) -> None:
    """Draw what may be done with the chosen runs."""
    if not chosen:
        dialogs.close_dialog()
        st.caption("Tick runs at the left of the table to open, compare, rename or delete them.")
        return
    try:
        if len(chosen) == 1:
            _render_one(chosen[0])
        else:
            _render_many(chosen)
    except RunNotFoundError:  # deleted by another since it was listed
        st.rerun()


def _render_one(summary: Summary) -> None:
    run = server().store.get(summary.id)
    st.header(text.escape(summary.name), anchor=False)
    if summary.status.error:
        st.error(text.escape(summary.status.error), icon=":material/error:")
    with suppress(RunError):
        render_findings(run, read_findings(run))
    if summary.label.note:
        st.text(summary.label.note)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Open on**", width="content")
        for name, page in PAGES.items():
            if page.shows_run:
                file = f"app_pages/{name}/page.py"
                st.page_link(file, icon=page.icon, query_params={"run": run.id})
        _link_sweep([summary])
    with st.container(horizontal=True, vertical_alignment="center"):
        if summary.config:
            st.page_link(
                "app_pages/train/page.py",
                label="Duplicate into the form",
                icon=":material/content_copy:",
                query_params=form_link(summary.config),
                help="Opens the Train page with this run's hyperparameters.",
            )
            if can_train_on(run):
                st.page_link(
                    "app_pages/train/page.py",
                    label="Train on …",
                    icon=":material/alt_route:",
                    query_params={linked.PARENT.name: run.id, **form_link(summary.config)},
                    help="Opens the Train page with this run's hyperparameters; the next run then "
                    "starts from its network.",
                )
        render_downloads(run)
        _render_changes([summary])


def _render_many(chosen: list[Summary]) -> None:
    st.header(f"{len(chosen)} runs chosen", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(chosen) <= len(RUN_COLORS):
            st.page_link(
                "app_pages/compare/page.py",
                label="Compare",
                icon=":material/compare_arrows:",
                query_params={"runs": ",".join(summary.id for summary in chosen)},
                help="In what they differ, and whether one is really better.",
            )
        _link_sweep(chosen)
        _render_changes(chosen)


def _link_sweep(chosen: list[Summary]) -> None:
    """Draw a link to the sweep that began all of the runs, if one did and is still there."""
    sweeps = {run.trial.sweep if run.trial else "" for run in chosen}
    if len(sweeps) == 1 and (sweep := sweeps.pop()) in sweep_heads():
        st.page_link(
            "app_pages/sweep/page.py",
            label="Open the sweep",
            icon=PAGES["sweep"].icon,
            query_params={"sweep": sweep},
            help="The sweep that began this run." if len(chosen) == 1 else "It began all of these.",
        )


def _render_changes(chosen: list[Summary]) -> None:
    """Draw the buttons that change those of the runs that the user may change."""
    changeable = [summary for summary in chosen if may_change(server().store.get(summary.id))]
    if not changeable:
        st.caption("Not yours to change." if len(chosen) == 1 else "None is yours to change.")
        return
    if len(chosen) == 1 and _offer_dialog("Rename, note", ":material/edit:", "edit_run", chosen):
        _edit(chosen[0])
    pinned = all(summary.label.pinned for summary in changeable)
    st.button(
        "Unpin" if pinned else "Pin",
        key="pin_runs",
        icon=":material/keep_off:" if pinned else ":material/keep:",
        help="Pinned runs stand above the others.",
        on_click=_pin,
        args=(changeable, not pinned),
    )
    if _offer_dialog("Delete", ":material/delete:", "delete_runs", changeable):
        _confirm_delete(changeable, kept=len(chosen) - len(changeable))


def _offer_dialog(label: str, icon: str, dialog: str, runs: list[Summary]) -> bool:
    """Draw a button that opens a dialog about these runs; return whether it is open.

    It stays open while the page follows the runs.
    """
    ids = [summary.id for summary in runs]
    st.button(label, icon=icon, key=dialog, on_click=dialogs.open_dialog, args=(dialog, ids))
    return dialogs.is_dialog_open(dialog, ids)


def form_link(config: RunConfig) -> dict[str, str]:
    """The query parameters that fill the Train page's form with `config`, the defaults too."""
    return config.differences() or {"hidden": field_text(config.hidden)}


@st.dialog("Rename, note", on_dismiss=dialogs.close_dialog)
def _edit(summary: Summary) -> None:
    name = st.text_input("Name", summary.name, max_chars=MAX_NAME)
    note = st.text_area(
        "Note", summary.label.note, max_chars=MAX_NOTE, placeholder="what you want to remember"
    )
    if st.button("Save", type="primary", key="save_label"):
        try:
            run = server().store.get(summary.id)
            if may_change(run):
                run.update_label(name=name, note=note)
        except RunError as error:
            st.error(f"{text.escape(error)}.", icon=":material/error:")
            return
        dialogs.close_dialog()
        st.rerun()


@st.dialog("Delete for good?", on_dismiss=dialogs.close_dialog)
def _confirm_delete(chosen: list[Summary], kept: int) -> None:
    names = [f"- {text.escape(summary.name)}" for summary in chosen[:_MAX_NAMES]]
    if len(chosen) > _MAX_NAMES:
        names.append(f"- and {len(chosen) - _MAX_NAMES} more")
    st.markdown("\n".join(names))
    if kept:
        st.caption(f"{kept} of the chosen runs are not yours to delete: they stay.")
    active = sum(summary.status.state.is_active for summary in chosen)
    if active:
        st.warning("What still trains is stopped first.", icon=":material/stop:")
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Delete", type="primary", key="confirm_delete", icon=":material/delete:"):
            with st.spinner("Deleting …"):
                if _delete(chosen):
                    dialogs.close_dialog()
                    st.rerun()
        if st.button("Cancel", key="cancel_delete"):
            dialogs.close_dialog()
            st.rerun()


def _delete(chosen: list[Summary]) -> bool:
    """Delete the runs that still exist; report and return False if one cannot be deleted."""
    for summary in chosen:
        try:
            run = server().store.get(summary.id)
            if may_change(run):
                server().store.delete(summary.id)
        except RunNotFoundError:  # somebody else was quicker
            continue
        except OSError as error:
            st.error(f"{text.escape(summary.name)} could not be deleted: {text.escape(error)}.")
            return False
    linked.forget_runs(summary.id for summary in chosen)
    server().engine.wake()
    return True


def _pin(chosen: list[Summary], pinned: bool) -> None:
    for summary in chosen:
        try:
            run: Run = server().store.get(summary.id)
            if may_change(run):
                run.update_label(pinned=pinned)
        except RunNotFoundError:
            continue
        except RunNotWritableError as error:
            st.toast(f"{text.escape(error)}.", icon=":material/save:")
            return
