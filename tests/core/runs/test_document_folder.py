import os
from pathlib import Path

import pytest

from core.runs.document_folder import replace_file


def test_a_file_that_others_have_open_is_replaced_once_they_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where renaming over an open file is refused."""
    refusals = iter([PermissionError("in use")] * 3)
    replace = os.replace

    def refuse(source: Path, target: Path) -> None:
        for error in refusals:
            raise error
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    replace_file(tmp_path / "file", lambda path: path.write_text("new"))
    assert (tmp_path / "file").read_text() == "new"


def test_a_file_that_is_never_let_go_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def refuse(source: Path, target: Path) -> None:
        raise PermissionError("in use")

    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr("core.runs.document_folder._RENAME_SECONDS", 0.1)
    with pytest.raises(PermissionError):
        replace_file(path, lambda path: path.write_text("new"))
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]
