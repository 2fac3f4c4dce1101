"""`python -m bench [NAME ...] [--repeat N] [--keep FILE]`: print each line's ratio, and keep it in .touchbase/bench.json.

A name may stand for several lines that share a base; a summary of their ratios follows them. What this machine
lacks (Postfix, root) leaves a line out, and is said.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

from bench import (
    caps,
    email_ledger,
    email_render,
    email_wire,
    email_workers,
    freeze,
    generate,
    load,
    memory,
    segments,
)
from bench.email_wire import Lacking

Sides: TypeAlias = tuple[Callable[[], object], Callable[[], object]]

LINES: Mapping[str, Callable[[], AbstractContextManager[Sides]]] = {
    "freeze": freeze.line,
    "caps": caps.line,
    "generate": generate.line,
    "email_render": email_render.line,
    "email_wire": email_wire.line,
    "email_ledger": email_ledger.ledger_line,
    "email_whole": email_ledger.whole_line,
}
SEVERAL: Mapping[str, Callable[[], AbstractContextManager[Mapping[str, Sides]]]] = {
    "load": load.lines,
    "segments": segments.lines,
    "email_workers": email_workers.lines,
    "email_two_sinks": email_workers.two_sinks,
    "email_sizes": email_workers.sizes,
    "email_postfix": email_workers.real_postfix,
}
WEIGHED: Mapping[str, Callable[[], dict[str, float]]] = {
    "memory": memory.megabytes,
    "email_memory": email_workers.megabytes,
    "email_pause": email_workers.seconds_after_a_pause,
}
"""Lines that have no other side: megabytes, and the seconds after a pause."""


def timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def measured(name: str, sides: Sides, repeat: int) -> dict[str, float]:
    """Time both sides in turn, and print how they compare; whoever is first one time is second the next."""
    ours, reference = sides
    pairs = []
    for number in range(repeat):
        if number % 2:
            other, mine = timed(reference), timed(ours)
        else:
            mine, other = timed(ours), timed(reference)
        pairs.append((mine, other))
        if sys.stdout.isatty():
            print(f"  {name}: {number + 1} of {repeat}", end="\r", flush=True)
    ratios = [mine / other for mine, other in pairs]
    found = {
        "ours": median(mine for mine, _ in pairs),
        "reference": median(other for _, other in pairs),
        "ratio": median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
    }
    print(
        f"{name} | {found['ours']:.2f} s | {found['reference']:.2f} s | "
        f"{found['ratio']:.2f} ({found['lowest']:.2f}-{found['highest']:.2f})"
    )
    return found


@contextmanager
def alone(name: str) -> Iterator[Mapping[str, Sides]]:
    with LINES[name]() as sides:
        yield {name: sides}


def together(name: str) -> AbstractContextManager[Mapping[str, Sides]]:
    """Give the lines of a name: one, or several that share a base."""
    return SEVERAL[name]() if name in SEVERAL else alone(name)


def main() -> None:
    names = sorted([*LINES, *SEVERAL, *WEIGHED])
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("only", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--keep", type=Path, default=Path(".touchbase/bench.json"))
    asked = parser.parse_args()
    if unknown := sorted({*asked.only} - {*names}):
        parser.error(f"no such line: {', '.join(unknown)}; there are {', '.join(names)}")
    kept: Path = asked.keep
    figures: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    print("name | ours | reference | ratio (median, min-max)")
    for name in asked.only or [*LINES, *SEVERAL, *WEIGHED]:
        try:
            figures |= figures_of(name, asked.repeat)
        except Lacking as lacking:
            print(f"{name} | not measured: {lacking}")
            continue
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(figures, indent=2) + "\n")  # after each: a run of hours may be ended


def figures_of(name: str, repeat: int) -> dict[str, Any]:
    """Measure and print the lines of a name.

    Raises:
        Lacking: this machine has no such tool.
    """
    if name in WEIGHED:
        return dict(WEIGHED[name]())
    with together(name) as lines:
        found: dict[str, Any] = {line: measured(line, sides, repeat) for line, sides in lines.items()}
    if name in SEVERAL:
        ratios = [figure["ratio"] for figure in found.values()]
        found[name] = {"ratio": median(ratios), "lowest": min(ratios), "highest": max(ratios)}
        print(f"{name} | | | median {median(ratios):.2f}, worst {max(ratios):.2f}")
    return found


if __name__ == "__main__":
    main()
