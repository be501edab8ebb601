"""What a trained network did and how: arrays in, arrays and frames out.

`metrics`, `detection`, `digits` and `maps` need no Keras. `network`, `embedding` and `layers` load
it: a page reaches them through the engine, by name.
"""
