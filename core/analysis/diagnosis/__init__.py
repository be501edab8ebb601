"""What happened in a run, and what to try: rules on its configuration and its history.

`rules.diagnose` gives findings, most important first; `thresholds` says from where they count.
"""

from core.analysis.diagnosis.case import Case, Columns, Reference
from core.analysis.diagnosis.findings import Finding, Kind, Severity, Try, View
from core.analysis.diagnosis.rules import diagnose
from core.analysis.diagnosis.tries import REGULARIZE, STOP_EARLY
