"""placeholder until the real module arrives"""
from scipy.stats import binomtest
def wilson_interval(correct: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    ci = binomtest(correct, total).proportion_ci(confidence, method="wilson")
    return float(ci.low), float(ci.high)
