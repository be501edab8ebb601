"""What `python -m core` understands besides its own commands: options, Ctrl-C, and `sweep`."""
