"""How the pages reach the house: one dependency."""

from starlette.requests import Request

from engine.web.house import House


def house_of(request: Request) -> House:
    """Return the house of the application that answers."""
    house: House = request.app.state.house
    return house
