"""A choice in the address and on every page, within a page that Streamlit runs."""

import pytest
from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from dashboard.session.linked import Linked

    choice = Linked("fruit")
    st.text(choice.read_ids())
    st.multiselect(
        "Fruit",
        ["apple", "pear", "plum"],
        key=choice.show([one for one in choice.read_ids() or () if one != "tree"]),
        on_change=lambda: choice.choose_ids(choice.picked),
    )
    st.button("Take back", on_click=choice.choose, args=(None,))


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_function(page, default_timeout=30)


def test_a_link_is_the_choice_and_a_pick_goes_into_the_address(app: AppTest) -> None:
    app.query_params["fruit"] = "pear,tree,pear"
    assert app.run().text[0].value == "['pear', 'tree']"
    app.multiselect[0].set_value(["pear", "apple"]).run()
    assert app.text[0].value == "['pear', 'apple']"
    assert app.query_params["fruit"] == "pear,apple"


def test_a_choice_outlives_an_address_without_it(app: AppTest) -> None:
    app.query_params["fruit"] = "plum"
    app.run()
    del app.query_params["fruit"]  # another page was opened from the menu
    assert app.run().text[0].value == "['plum']"
    assert app.query_params["fruit"] == "plum"


def test_none_chosen_is_a_choice_and_no_choice_is_none(app: AppTest) -> None:
    assert app.run().text[0].value == "None"
    assert "fruit" not in app.query_params
    app.multiselect[0].set_value(["plum"]).run()
    app.multiselect[0].set_value([]).run()
    assert app.text[0].value == "[]"
    app.button[0].click().run()
    assert app.text[0].value == "None"
    assert "fruit" not in app.query_params
