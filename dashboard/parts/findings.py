"""What happened in a run: its findings, in full or in short."""

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from core.analysis.diagnosis import Finding, Kind, Severity, View
from core.runs import Run
from dashboard import text

_BADGES: dict[Severity, tuple[Literal["red", "orange", "blue", "green"], str]] = {
    Severity.GRAVE: ("red", ":material/error:"),
    Severity.FAULT: ("orange", ":material/warning:"),
    Severity.NOTE: ("blue", ":material/info:"),
    Severity.GOOD: ("green", ":material/check_circle:"),
}
_VIEWS = {
    View.CURVES: ("The curves", ":material/show_chart:"),
    View.LAYERS: ("The layers", ":material/layers:"),
    View.COMPARE: ("Compare them", ":material/compare_arrows:"),
    View.EVALUATE: ("The errors", ":material/fact_check:"),
}


def render_findings(run: Run, findings: Sequence[Finding]) -> None:
    """Draw the findings, each with a link to where one sees it."""
    if not findings:
        return
    st.markdown(
        "**What happened**",
        help="Found by rules on the configuration, the curves, the units and other runs, and "
        "checked on trained runs that have the fault and on ones that have not.",
    )
    with st.container(key="findings", gap="xsmall"):
        for finding in findings:
            color, icon = _BADGES[finding.severity]
            label, view_icon = _VIEWS[finding.view]
            sentence, link = st.columns([4, 1], gap="small", vertical_alignment="center")
            badge = f":{color}-badge[{icon} {finding.kind}]"
            sentence.markdown(f"{badge} {text.escape(finding.sentence)}")
            link.page_link(
                f"app_pages/{finding.view}/page.py",
                label=label,
                icon=view_icon,
                query_params=_address(run, finding),
            )


def _address(run: Run, finding: Finding) -> dict[str, str]:
    if finding.other:
        return {"run": run.id, "runs": f"{finding.other},{run.id}"}
    return {"run": run.id}


def render_first_finding(findings: Sequence[Finding]) -> None:
    """Draw what is most important as a badge, its sentence as a tooltip; nothing if nothing is."""
    if findings and findings[0].kind is not Kind.DIFFERENCE:
        first = findings[0]
        color, icon = _BADGES[first.severity]
        st.badge(first.kind.value, color=color, icon=icon, help=text.escape(first.sentence))


def name_findings(findings: Sequence[Finding]) -> str:
    """What the run is found to be, such as "overfits, dead units"; "" if nothing was found."""
    return ", ".join(one.kind for one in findings if one.kind is not Kind.DIFFERENCE)


def overfits_from(findings: Sequence[Finding]) -> int | None:
    """The epoch from which on the run overfits; None if it does not."""
    return next((one.epoch for one in findings if one.kind is Kind.OVERFITS), None)
