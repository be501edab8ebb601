"""Sweeps: a search through hyperparameters, of which every trial is an ordinary run.

Optuna proposes, the engine trains. `space` and `config` say what is searched and how, `store` keeps
a sweep beside the runs, `study` and `figures` are the only code that knows Optuna, `driver` takes
the trials on and `supervisor` looks after all sweeps of a server.
"""
