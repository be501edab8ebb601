"""A new hyperparameter is a field in RunConfig and nothing else: a copy of the project gets one of
each kind, and finds them everywhere.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHECKS = "tests/dashboard/app_pages/new_hyperparameters.py"
NEXT = '\n    @field_validator("hidden")\n'
FIELDS = """
    label_smoothing: Annotated[float, Bounds(0, 0.3)] = Field(
        0.0, title="Label smoothing", description="Share of certainty that is not asked for."
    )
    gradient_noise: Annotated[float, Bounds(1e-4, 1, logarithmic=True, or_zero=True)] = Field(
        0.0, title="Gradient noise", description="Noise on each step."
    )
    averaged_epochs: Annotated[int, Bounds(1, 20)] = Field(
        1, title="Averaged epochs", description="Epochs whose weights are averaged."
    )
    nesterov: bool = Field(False, title="Nesterov", description="Look ahead.")
    decay: Schedule = Field(Schedule.CONSTANT, title="Decay", description="How L2 changes.")
"""


def test_fields_that_are_added_to_run_config_are_found_everywhere(tmp_path: Path) -> None:
    for name in ("core", "dashboard", "tests", ".streamlit"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    module = tmp_path / "core" / "config" / "run_config.py"
    source = module.read_text(encoding="utf-8")
    assert source.count(NEXT) == 1
    module.write_text(source.replace(NEXT, FIELDS + NEXT), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", CHECKS],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-2_000:]
    assert " passed" in done.stdout
