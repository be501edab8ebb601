"""The words of the field, as a newcomer reads them."""

import re

import pytest
from pydantic import ValidationError

from core.course.glossary import Word, glossary, words_in, words_on


def test_sixty_words_and_more_are_explained_in_order() -> None:
    names = list(glossary())
    assert len(names) >= 60
    assert names == sorted(names, key=str.casefold)


@pytest.mark.parametrize("name", glossary())
def test_a_word_is_explained_in_one_short_sentence_without_itself(name: str) -> None:
    sentence = glossary()[name].sentence
    assert len(sentence.split()) <= 25
    assert not re.search(r"[.!?] ", sentence)
    assert "<" not in sentence
    assert not re.match(rf"(An? |The )?{re.escape(name)} is\b", sentence, re.IGNORECASE)


def test_a_page_is_given_its_own_words() -> None:
    assert words_on("features")["perplexity"].startswith("Roughly how many neighbours")
    assert "perplexity" not in words_on("train")
    assert words_on("nowhere") == {}


def test_the_words_of_a_text_are_found_whole_and_in_the_plural() -> None:
    found = words_in(
        ["Two Epochs and a dead unit; its weights.", "t-SNE, not biased; test accuracies."]
    )
    assert set(found) == {"epoch", "dead unit", "unit", "weight", "t-SNE", "test set", "accuracy"}
    assert found["epoch"] == glossary()["epoch"].sentence


@pytest.mark.parametrize(
    "wrong",
    [
        {"sentence": "no capital.", "pages": ["train"]},
        {"sentence": "No full stop", "pages": ["train"]},
        {"sentence": "On no page at all.", "pages": []},
        {"sentence": "A key too many.", "pages": ["train"], "page": "train"},
    ],
)
def test_a_wrong_entry_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Word.model_validate(wrong)
