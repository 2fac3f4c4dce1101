"""Visits: tasks in the inbox of the rep to whom a customer is aligned."""

from channels.visit.visits import Visits
from engine.contract import Desk


def channel(desk: Desk) -> Visits:
    return Visits()
