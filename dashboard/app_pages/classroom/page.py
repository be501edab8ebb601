"""Classroom: the way in for the others, to project, and who one is oneself."""

import streamlit as st

from dashboard.app_pages.classroom.account import render_who
from dashboard.app_pages.classroom.invitation import render_address, render_qr

picture, words = st.columns([2, 3], gap="large")
with picture:
    render_qr()
with words:
    render_address()
    st.divider()
    render_who()
