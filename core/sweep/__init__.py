"""Sweeps: a search through hyperparameters, of which every trial is an ordinary run.

Optuna proposes, the engine trains. `space` and `config` say what is searched and how, `store` keeps
a sweep beside the runs, `study` is the only code that knows Optuna, `driver` drives one sweep and
`supervisor` all sweeps of a server.
"""
