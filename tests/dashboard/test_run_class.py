"""The passwords that the server of a class draws as it starts; the browser tests have the rest."""

import io
import os
import re
import sys
from pathlib import Path

import pytest

from dashboard.run_class import _set_passwords

CLASS, TEACHER = "DIGITLAB_CLASS_PASSWORD", "DIGITLAB_TEACHER_PASSWORD"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The environment of a server without passwords, whose terminal nobody sits at."""
    environment = os.environ | {"DIGITLAB_RUNS": str(tmp_path), CLASS: "", TEACHER: ""}
    monkeypatch.setattr(os, "environ", environment)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return environment


def test_a_folder_has_passwords_of_its_own(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = []
    for folder in (tmp_path, tmp_path, tmp_path / "another"):
        environment |= {"DIGITLAB_RUNS": str(folder), CLASS: "", TEACHER: ""}
        _set_passwords()
        drawn.append((environment[CLASS], environment[TEACHER], capsys.readouterr().out))
    first, again, another = drawn
    assert first == again
    assert len({*first[:2], *another[:2]}) == 4
    students, teachers, output = first
    two = "([b-z][aeiou]){2}"
    assert re.fullmatch(f"{two}(-{two}){{2}}", students)
    assert re.fullmatch(f"{two}(-{two}){{4}}", teachers)
    assert output.index("For the teacher alone") < output.index(f"    {teachers}\n")
    assert students not in output


def test_passwords_that_are_set_are_kept_and_not_said(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    environment |= {CLASS: "sesame", TEACHER: "open wide"}
    _set_passwords()
    assert (environment[CLASS], environment[TEACHER]) == ("sesame", "open wide")
    assert capsys.readouterr().out == ""
