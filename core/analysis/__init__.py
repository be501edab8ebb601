"""What can be learned from a trained run: arrays in, arrays and frames out."""
