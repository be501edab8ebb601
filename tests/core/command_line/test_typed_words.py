"""What a user types is shown as typed by every command: no markup, emoji codes or escapes."""

import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from core.__main__ import main
from core.command_line.terminal import plain, printable, progress_bar
from core.config import RunConfig
from core.runs import RunStore
from core.sweep.store import SweepStore

WORDS = [
    "second [/try]",
    "[/x]",
    "[red]x",
    "[bold red]x[/]",
    "[link=http://evil.example]x[/link]",
    "[@click=quit]x",
    r"\[x] and \\[/x]",
    "ends in \\",
    ":smile:",
    "{task.fields} {0} %s %(prog)s",
    "[",
]
NAME = " ".join(sorted(WORDS, key=len, reverse=True))[:80].strip()  # the longest that a name is
ESCAPES = "\x1b[31mred\x07\x9b"
SMALL = ["--hidden", "16", "--epochs", "1", "--training-images", "1000"]


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """The runs folder that the command line finds in the environment, and a wide terminal."""
    monkeypatch.setenv("DIGITLAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("COLUMNS", "300")
    return RunStore()


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`say("runs")`: what the command says on both its streams; it must succeed."""

    def say(*arguments: str) -> str:
        assert main(list(arguments)) == 0
        return "".join(capsys.readouterr())

    return say


def test_every_command_shows_a_name_as_it_was_typed(
    store: RunStore, say: Callable[..., str]
) -> None:
    said = say("train", *SMALL, "--name", NAME)
    (run,) = store.list()
    assert run.name == NAME
    assert f"{NAME} ━" in said
    assert f"run {run.id} epochs 1 " in said

    said = say("sweep", *SMALL, "--vary", "dropout=0:0.7", "--trials", "1", "--name", NAME)
    (found,) = SweepStore(store).list()
    assert found.name == NAME
    assert f"{NAME} ━" in said
    assert f"sweep {found.id} trials 1 " in said

    said = say("runs")
    assert sum(line.count(NAME) for line in said.splitlines()) == 2  # its trial's too
    assert "quick: " in say("presets")


@pytest.mark.parametrize("words", WORDS)
def test_a_name_and_an_owner_are_listed_as_typed(
    store: RunStore, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = store.create(RunConfig(), name=words, owner=f"owner {words}")
    assert main(["runs"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if run.id in line)
    assert line.split(maxsplit=1)[1].startswith(f"{words} ")
    assert f" owner {words} " in line


@pytest.mark.parametrize("words", WORDS)
def test_a_progress_bar_shows_words_as_they_are(words: str) -> None:
    file = io.StringIO()
    with progress_bar() as progress:
        progress.add_task(words, detail=f"at {words}")
        Console(file=file, width=300).print(progress.get_renderable())
    assert file.getvalue().startswith(f"{words} ")
    assert f" at {words} " in file.getvalue()


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize(
    "arguments",
    [
        ["{}"],
        ["train", "--preset", "{}"],
        ["train", "--learning-rate", "{}"],
        ["train", "--hidden", "{}"],
        ["train", "--optimizer", "{}"],
        ["train", "--no-such-option={}"],
        ["runs", "{}"],
        ["presets", "{}"],
        ["sweep", "--vary", "{}=0:0.5"],
        ["sweep", "--vary", "dropout={}:0.5"],
        ["sweep", "--vary", "dropout=0:0.5", "--sampler", "{}"],
        ["sweep", "--vary", "dropout=0:0.5", "--trials", "{}"],
        ["sweep", "--resume", "{}"],
    ],
    ids=" ".join,
)
def test_an_error_quotes_what_was_typed(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = [argument.replace("{}", words) for argument in arguments]
    with pytest.raises(SystemExit) as ended:
        main(typed)
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("python -m core")
    quoted = next(filter(None, re.split("[=: ]", words)))  # a part may be what is wrong with it
    assert quoted in err or repr(quoted)[1:-1] in err


def test_the_folder_of_runs_is_named_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "[red] :smile:"
    monkeypatch.setenv("DIGITLAB_RUNS", str(folder))
    assert main(["runs"]) == 0
    assert f"no runs in {folder};" in capsys.readouterr().out


def test_what_is_no_character_to_print_is_replaced(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """An escape would colour the terminal, or do worse; half a character cannot be written."""
    assert printable(f"a{ESCAPES}é 中 🙂\n") == "a\ufffd[31mred\ufffd\ufffdé 中 🙂\n"
    assert str(plain(ESCAPES)) == "\ufffd[31mred\ufffd\ufffd"
    store.create(RunConfig(), name=f"n{ESCAPES}", owner=f"o{ESCAPES}")
    assert main(["runs"]) == 0
    assert "\x1b" not in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["sweep", "--vary", f"dropout{ESCAPES}=0:0.5"])
    assert "\x1b" not in capsys.readouterr().err


def test_a_name_that_is_no_text_is_kept_as_far_as_it_is(
    store: RunStore, say: Callable[..., str]
) -> None:
    name = os.fsdecode(b"half \xff a character")
    say("train", *SMALL, "--name", name)
    assert [run.name for run in store.list()] == ["half \ufffd a character"]
