"""How one name leads to another: what a fact is derived from, what a segment asks for."""

from collections.abc import Callable, Iterable


def chain(
    start: str, is_end: Callable[[str], bool], nexts: Callable[[str], Iterable[str]]
) -> tuple[str, ...]:
    """Return the names from `start` to the first that is an end, both included; nothing if none is reached.

    Each name is looked at once, so that names that lead to each other in many ways cost no more than their number.

    >>> chain("a", {"d"}.__contains__, {"a": "bc", "b": "a", "c": "d"}.get)  # type: ignore[arg-type]
    ('a', 'c', 'd')
    """
    seen: set[str] = set()

    def search(name: str) -> tuple[str, ...]:
        if is_end(name):
            return (name,)
        if name in seen:
            return ()
        seen.add(name)
        return next(((name, *way) for other in nexts(name) if (way := search(other))), ())

    return search(start)
