"""From where on something counts as a finding: every threshold, once.

They were set on trained runs that have the fault and on ones that have not, three to six seeds
each: those of `tests/core/analysis/diagnosis/recorded_runs.py`, presets among them. What these came
to stands in brackets; where a figure has another source, it is named.
"""

from core.config import Optimizer

OVERFIT_RISE = 1.1
"""Median validation loss of the last fifth of the epochs, divided by the lowest (the notebook's
network 1.32 to 1.38, the same with dropout and L2 1.04 to 1.06)."""
EPOCHS_PAST_BEST = 3
"""Epochs after the best one, before it is said that a run overfits."""
BEST_EARLIER_RISE = 1.02
"""Validation loss after the last epoch, divided by the lowest: from here on that is said."""

GAP = 0.02
"""Validation less training loss, in nats: a gap that is worth closing."""
GAP_NARROWED = 0.8
"""The gap with regularisation as a share of that without: narrowed from here down (the notebook's
two networks 0.58 to 0.61; two seeds of the same 0.93)."""

STILL_FALLING = 0.03
"""The share by which validation loss fell over the last fifth of the epochs, against the fifth
before: from here on it had not finished (a preset with its rate falling to zero: below 0.02)."""
SMALL_STILL_FALLING = 0.06
"""The same, up to where a small network counts as having learned what it can (2 to 16 units, 25
epochs: at most 0.05)."""

STEEP = 0.15
"""The share as in STILL_FALLING, from which on it is too early to say what a run cannot learn."""
EPOCHS_TO_SETTLE = 8
"""With fewer epochs it is too early too (dropout 0.5 looks too strong up to the fifth)."""
SLOW = 0.005
"""The same, from which on a run still learns, however slowly (SGD at a thousandth of the usual
rate: 0.007)."""

LEARNED = 0.97
"""Training accuracy from which on a network is neither too small nor held back too strongly."""
SMALL_WIDTH = 32
"""Units of the narrowest hidden layer, up to which a network may be too small."""
LITTLE = 0.9
"""Training accuracy below which a run learned little, whatever the reason: a linear classifier gets
0.92 (LeCun and others 1998)."""
HELD_BACK = 0.08
"""Training accuracy as measured after the epoch, less that while fitting: what dropout takes (0.5:
0.04; 0.7: 0.09; 0.8: 0.25)."""
STRONG_L2 = 3e-3
"""L2 from which on it may be what holds a network back (training accuracy at 1e-3 0.97, at 1e-2
0.94)."""

JUMPS = 0.1
"""All rises of the training loss from one epoch to the next, as a share of all its falls (Adam at
0.1: up to 0.15; at 0.01 and below: 0)."""
JUMP = 0.05
"""The rise of a training loss, in nats, from which on it counts among JUMPS."""

USUAL_RATE = {
    Optimizer.ADAM: 1e-3,
    Optimizer.RMSPROP: 1e-3,
    Optimizer.SGD: 0.1,
    Optimizer.SGD_MOMENTUM: 0.02,
}
"""Learning rates with which these optimizers train the notebook's network well. Of Adam it is what
its authors recommend (Kingma and Ba 2015), of RMSprop Keras's default."""
LOW_RATE = 0.2
"""A rate as a share of the usual one: up to here a run that has not learned was too slow."""
HIGH_RATE = 3.0
"""A rate as a multiple of the usual one: from here on it explains jumps, dead units and a run that
learned nothing."""
VERY_HIGH_RATE = 10.0
"""The same, from where on it explains that a run learned too little (Adam at 3 to 5 times the usual
rate learns as well)."""

DEAD = 0.25
"""The share of a layer's units that are dead (runs at the usual rate: at most 0.1)."""
MANY_DEAD = 0.5
"""The same, from where it is a fault."""
SATURATED = 0.6
"""The share of a layer's answers that are saturated."""

FEW_IMAGES = 5_000
"""Training images."""
FEW_IMAGES_GAP = 0.03
"""Training less validation accuracy, from which on more images would help."""
TINY_BATCH = 16
"""Images in a batch whose mean and variance batch normalisation uses (Wu and He 2018, "Group
Normalization": its error grows below 32, and fast below 16)."""

SHORT_PATIENCE = 2
"""Epochs of patience, up to which chance may end a run."""
RAN_ON = 0.01
"""The share by which validation loss fell on after the epoch that early stopping took for best."""
STILL_LEARNING = 0.02
"""The share by which validation loss fell in each epoch, on average, of the three up to the best:
from here on it was stopped too early."""
