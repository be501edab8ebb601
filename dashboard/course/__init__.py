"""The course over all pages: how far a visitor is in a lesson, and the bar that says so."""
