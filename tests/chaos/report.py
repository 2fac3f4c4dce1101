"""The report of a trial: figures, seed, versions; its section of docs/chaos.md."""

import datetime as dt
import platform
import re
import subprocess
from pathlib import Path
from typing import Final

from tests.chaos.auditor import Verdict
from tests.chaos.trial import Done, Size

PAGE: Final = Path("docs/chaos.md")


def written(kind: str, size: Size, done: Done, verdict: Verdict, bound: int, more: dict[str, int]) -> str:
    """Put a trial's figures into its section of the page, in place of older ones; return the section."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True
    ).stdout.strip()
    verdicts = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in verdict.faults.items())
    lines = [
        f"{dt.datetime.now(dt.UTC).date()}, commit {commit}, Python {platform.python_version()}, embedded PostgreSQL 18, seed {size.seed}.",
        "",
        "| | |",
        "|---|---|",
        f"| mails | {size.mails:,} |",
        f"| workers at once, born in all | {size.workers}, {done.born:,} |",
        f"| SIGKILLs | {done.kills:,} |",
        f"| pauses past the lease (SIGSTOP) | {done.pauses:,} |",
        f"| PostgreSQL killed with all its processes | {done.database_kills:,} |",
        *(f"| {name} | {count:,} |" for name, count in sorted(more.items())),
        f"| seconds | {done.seconds:,.0f} |",
        f"| accepted | {verdict.accepted:,} |",
        f"| unknown, of these delivered | {verdict.unknown:,}, {verdict.unknown_delivered:,} |",
        f"| bound of unknown | {bound:,} |",
        f"| **duplicates** | **{verdict.duplicates}** |",
        f"| **unaccounted** | **{verdict.unaccounted}** |",
        f"| **false accepted** | **{verdict.false_accepted}** |",
        f"| **refused but delivered** | **{verdict.refused_but_delivered}** |",
        f"| **verdict** | **{verdicts or 'all promises held'}** |",
    ]
    text = "\n".join(lines)
    page = PAGE.read_text(encoding="utf-8")
    start, end = f"<!-- {kind} -->", f"<!-- end of {kind} -->"
    PAGE.write_text(
        re.sub(f"{start}.*?{end}", lambda _: f"{start}\n{text}\n{end}", page, flags=re.DOTALL),
        encoding="utf-8",
    )
    return text
