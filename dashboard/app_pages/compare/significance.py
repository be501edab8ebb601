"""Is B really better than A? The answer as a sentence, and a button that finds out more."""

import pandas as pd
import streamlit as st

from core.analysis.comparison import compare_on_images, compare_over_seeds
from core.analysis.verdict import Verdict, judge_images, judge_seeds
from core.runs.seed_siblings import is_representative, seed_accuracies, siblings
from core.runs.status import State
from core.runs.summary import Summary
from dashboard import text
from dashboard.app_pages.compare.compared import Pair
from dashboard.parts.start import start_seeds
from dashboard.session.follow import follow_runs
from dashboard.session.queries import estimate_seconds

_MORE = 3


def render_significance(pair: Pair, runs: list[Summary]) -> None:
    """Draw both tests' results. `runs` are searched for other seeds of the two configurations."""
    a, b = pair.a, pair.b
    on_images = compare_on_images(pair.right_a, pair.right_b)
    if a.summary.is_from_scratch and siblings(a.config, [b.summary]):
        origin = (
            "the same seed: they differ only in what was asked of them while they trained"
            if a.config.seed == b.config.seed
            else "different seeds: what differs between them is chance"
        )
        st.info(
            f"{a.letter} and {b.letter} are the same network from {origin}.",
            icon=":material/casino:",
        )
        _render_images(pair, judge_images(on_images, a.letter, b.letter).finding)
        return
    first, second = (seed_accuracies(one.summary, runs) for one in (a, b))
    over_seeds = compare_over_seeds(first, second)
    by_images = judge_images(on_images, a.letter, b.letter)
    by_seeds = judge_seeds(over_seeds, a.letter, b.letter) if over_seeds else None
    verdict = by_seeds or by_images
    if not (a.summary.is_from_scratch and b.summary.is_from_scratch):
        verdict = verdict._replace(advice="")  # which is to train more seeds
    _render_verdict(verdict)
    _render_more_seeds(pair, runs)
    left, right = st.columns(2, gap="large")
    with left:
        _render_images(pair, by_images.finding if by_seeds else "")
    with right:
        _render_seeds(pair, first, second)


def _render_verdict(verdict: Verdict) -> None:
    sentence = text.escape(f"{verdict.finding} {verdict.advice}".strip())
    with st.container(key="verdict"):
        if verdict.is_real:
            st.success(f"**{sentence}**", icon=":material/verified:")
        else:
            st.info(f"**{sentence}**", icon=":material/casino:")


def _render_more_seeds(pair: Pair, runs: list[Summary]) -> None:
    """Draw the button, or, while its runs train, how many are left; nothing for runs that do not
    start from nothing.
    """
    if not (pair.a.summary.is_from_scratch and pair.b.summary.is_from_scratch):
        return
    configs = [pair.a.config, pair.b.config]
    related = [run for config in configs for run in siblings(config, runs)]
    waiting = [run for run in related if run.status.state.is_active]
    if waiting:
        follow_runs(runs)
        count = len(waiting)
        st.caption(
            f":material/hourglass_top: {count} more {'run' if count == 1 else 'runs'} of these "
            "two to come; this page follows them."
        )
        return
    seconds, _ = estimate_seconds(*(configs * _MORE))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Train three more seeds of each",
            key="more_seeds",
            type="primary",
            icon=":material/casino:",
            on_click=start_seeds,
            args=(configs, [run.config.seed for run in related if run.config], _MORE),
            help="Queues six runs: both configurations from the same three new seeds, so that they "
            "can be compared one by one.",
        )
        st.caption(f"Six runs, {text.about(seconds)}.")


def _render_images(pair: Pair, sentence: str) -> None:
    a, b = pair.right_a, pair.right_b
    st.markdown(
        "**On the test images**",
        help="McNemar's exact test: of the images that only one of the two gets right, each would "
        "be as likely one's as the other's if they were equally good. It judges these two "
        "networks, not their hyperparameters.",
    )
    with st.container(key="both_right"):
        st.table(
            pd.DataFrame(
                {
                    f"{pair.b.letter} right": [f"{(a & b).sum():,}", f"{(~a & b).sum():,}"],
                    f"{pair.b.letter} wrong": [f"{(a & ~b).sum():,}", f"{(~a & ~b).sum():,}"],
                },
                index=[f"{pair.a.letter} right", f"{pair.a.letter} wrong"],
            ),
            alt="Images that both, one or none of the two get right",
        )
    if sentence:
        st.caption(text.escape(sentence))


def _render_seeds(pair: Pair, first: dict[int, float], second: dict[int, float]) -> None:
    a, b = pair.a.letter, pair.b.letter
    st.markdown(
        "**Over seeds**",
        help="All finished runs that differ from the two in nothing but the seed. A seed decides "
        "the split, the first weights and the order of images. Student's t-test, of the "
        "differences where both have the seed, judges the hyperparameters.",
    )
    for one in (pair.a, pair.b):
        if not is_representative(one.summary):
            st.caption(f"{one.letter} is not among them: {_why_not_whole(one.summary)}.")
    difference = f"{b} − {a}"
    table = pd.DataFrame({a: pd.Series(first, dtype=float), b: pd.Series(second, dtype=float)})
    table = 100 * table.sort_index().assign(**{difference: lambda both: both[b] - both[a]})
    spread = table.agg(["mean", "std"]).rename(index={"std": "standard deviation"})
    rows = pd.concat([table.set_axis(table.index.map(str)), spread])
    shown = rows.map(text.PERCENT_FORMAT.__mod__, na_action="ignore")
    shown[difference] = rows[difference].map("{:+.2f}".format, na_action="ignore")
    shown = shown.astype(object).fillna(text.NO_VALUE).replace({difference: {"-": "−"}}, regex=True)
    shown.iloc[-1, -1] = shown.iloc[-1, -1].lstrip("+")
    with st.container(key="over_seeds"):
        st.table(
            shown.rename_axis("Seed").reset_index(), hide_index=True, alt="Test accuracy by seed"
        )


def _why_not_whole(summary: Summary) -> str:
    if not summary.is_from_scratch:
        return "it starts from another run, or learned from drawings: other seeds do not repeat it"
    if summary.status.state is State.FINISHED:
        return "its learning rate was changed while it trained"
    if summary.status.state.is_active:
        return "it has not finished yet"
    return "it did not come to its end"
