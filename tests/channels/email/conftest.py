"""The house of the plans' tests, for what a channel's step means in a whole project."""

from tests.plans.conftest import house

__all__ = ["house"]
