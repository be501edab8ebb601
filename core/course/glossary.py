"""The words of the field, each in one sentence: `glossary.toml` has them, and this reads it."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

_FILE = Path(__file__).with_suffix(".toml")


class Word(BaseModel):
    """One word of the field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sentence: str = Field(min_length=10, pattern=r"^[A-Z0-9].*\.$")
    """What it means, as Markdown."""
    pages: tuple[str, ...] = Field(min_length=1)
    """The addresses of the pages on which it appears."""


@cache
def glossary() -> dict[str, Word]:
    """Every word, by its name, in alphabetical order. Raises ValidationError for a wrong file."""
    words = TypeAdapter(dict[str, Word]).validate_python(tomllib.loads(_FILE.read_text("utf-8")))
    return dict(sorted(words.items(), key=lambda item: item[0].casefold()))


def words_on(page: str) -> dict[str, str]:
    """The sentences of the words that appear on a page, by the words."""
    return {name: word.sentence for name, word in glossary().items() if page in word.pages}


def words_in(texts: Iterable[str]) -> dict[str, str]:
    """The sentences of the words that occur in any of the texts, also in the plural.

    "Test set" is meant wherever "test" stands.
    """
    text = " ".join(texts)
    return {
        name: word.sentence
        for name, word in glossary().items()
        if re.search(rf"\b(?:{'|'.join(_forms(name))})\b", text, re.IGNORECASE)
    }


def _forms(name: str) -> list[str]:
    """The word and its plurals, as parts of a regular expression."""
    stem = re.escape(name.removesuffix(" set"))
    return [stem, f"{stem}s", f"{stem}es", f"{stem[:-1]}ies"]
