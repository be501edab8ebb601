"""What a trained network did and how good it is: arrays in, arrays and frames out. Knows no run."""
