"""Letters: one PDF and one file of data for each print batch, sealed for the print house."""

from channels.mailing.letters import Letters
from engine.contract import Desk


def channel(desk: Desk) -> Letters:
    return Letters(desk)
