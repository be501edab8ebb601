"""Classroom: how others come in, to project; and the visitor's own account."""

import streamlit as st

from dashboard.app_pages.classroom.account import render_account
from dashboard.app_pages.classroom.class_address import render_address, render_qr

picture, words = st.columns([2, 3], gap="large")
with picture:
    render_qr()
with words:
    render_address()
    st.divider()
    render_account()
