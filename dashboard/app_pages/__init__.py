"""The pages, a folder each: `page.py` composes, and beside it stands what that page alone needs.

The folder is not called `pages`: one of that name beside the main script Streamlit takes for
navigation of its own.
"""
