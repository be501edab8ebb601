"""The folder of runs and the run that the pages' tests have, too."""

from tests.dashboard.app_pages.conftest import _trained, lab, trained

__all__ = ["_trained", "lab", "trained"]
