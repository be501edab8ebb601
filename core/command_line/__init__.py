"""The commands of `python -m core`, a module each, and the options that they share."""
