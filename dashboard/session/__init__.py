"""What a browser keeps and what all share: the address, the form, dialogs, live redrawing,
caches. The only code that touches Streamlit's session state.
"""
