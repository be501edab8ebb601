"""What the theme cannot say, as CSS."""

import streamlit as st

# White text is written on the theme's primary colour, and text of that colour on its backgrounds.
# In the dark theme no colour is both dark and light enough, so what is filled has one of its own.
_STYLE = """<style>
[data-testid="stBaseButton-primary"]:enabled,
[data-testid="stMultiSelect"] [data-tag-index],
[data-testid^="stNumberInputStep"]:is(:hover, :focus):enabled {
  background-color: #1769AC;
  border-color: #1769AC;
}
[data-testid="stBaseButton-primary"]:is(:hover, :focus-visible):enabled {
  background-color: #12568E;
  border-color: #12568E;
}
/* On a narrow screen the menu is behind a button, which says so, and so is a form. */
@media (max-width: 768px) { [data-testid="stExpandSidebarButton"]::after { content: "Menu" } }
@media (max-width: 640px) { .st-key-form_closed { display: none } }
@media (min-width: 641px) { .st-key-form_button { display: none } }
.st-key-lesson_bar { padding: 0.25rem 0.75rem }
</style>"""


def render_style() -> None:
    """Give the page its style; nothing is drawn."""
    st.html(_STYLE)
