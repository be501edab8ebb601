"""A frame or an array in, a figure out: charts of more than one page. Knows no Streamlit."""
