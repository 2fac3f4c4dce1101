"""`python -m bench [NAME] [--repeat N]`: print each line's ratio, and keep it in .touchbase/bench.json."""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench import email_render, email_wire, freeze, load

LINES = {
    "load": load.line,
    "freeze": freeze.line,
    "email_render": email_render.line,
    "email_wire": email_wire.line,
}


def timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("only", nargs="?", choices=sorted(LINES))
    parser.add_argument("--repeat", type=int, default=5)
    asked = parser.parse_args()
    kept = Path(".touchbase/bench.json")
    figures = json.loads(kept.read_text()) if kept.exists() else {}
    print("name | ours | reference | ratio (median, min-max)")
    for name in [asked.only] if asked.only else LINES:
        with LINES[name]() as (ours, reference):
            pairs = []
            for number in range(asked.repeat):
                pairs.append((timed(ours), timed(reference)))
                print(f"  {name}: {number + 1} of {asked.repeat}", end="\r", flush=True)
        ratios = [mine / other for mine, other in pairs]
        figures[name] = {
            "ours": median(mine for mine, _ in pairs),
            "reference": median(other for _, other in pairs),
            "ratio": median(ratios),
            "lowest": min(ratios),
            "highest": max(ratios),
        }
        found = figures[name]
        print(
            f"{name} | {found['ours']:.2f} s | {found['reference']:.2f} s | "
            f"{found['ratio']:.2f} ({found['lowest']:.2f}-{found['highest']:.2f})"
        )
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
