"""The product beside its reference: both in turn, several times in one go, so that a noisy machine does not matter."""
