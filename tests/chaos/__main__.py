"""`python -m tests.chaos [fault|postfix]`: carry out one trial, print the verdict, write it into docs/chaos.md.

The size stands in TOUCHBASE_CHAOS_MAILS, _WORKERS, _KILLS, _PAUSES, _PG_KILLS and _SEED; TOUCHBASE_CHAOS_FULL=1 is
50,000 mails, 8 workers, 1,000 kills, 100 pauses and 20 kills of the database. TOUCHBASE_CHAOS_FOLDER says where the
database lies: a killed process loses what it had not written, on a disk and in memory alike.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from engine.store import embedded
from engine.testing.relay import FaultRelay, entries, unsaid
from tests.chaos import postfix, report
from tests.chaos.auditor import Delivered, Verdict, audit, taken_by_postfix
from tests.chaos.trial import FAULTS, Done, Size, Trial

FULL = {"MAILS": "50000", "WORKERS": "8", "KILLS": "1000", "PAUSES": "100", "PG_KILLS": "20"}


def against_faults(size: Size, folder: Path) -> tuple[Done, Verdict, int, dict[str, int]]:
    """Return what was done, the verdict, its bound of `unknown`, and what the relay left unsaid."""
    with FaultRelay(folder / "relay.ledger", faults=FAULTS, seed=size.seed) as relay:
        trial = Trial(size, folder, relay.url)
        trial.carry_out()
        lost = unsaid(relay.ledger)
        bound = lost.total() + trial.done.uncertain
        delivered = [Delivered(entry.message_id, entry.recipient) for entry in entries(relay.ledger)]
        return trial.done, audit(trial.url, trial.run, delivered, bound), bound, dict(lost)


def against_postfix(size: Size, folder: Path) -> tuple[Done, Verdict, int, dict[str, int]]:
    """The same with a real Postfix: its log is evidence and, read by the auditor on its own, the ledger.

    What it hands on twice when it is stopped (the next server took it, and it did not hear so) is behind the boundary.
    """
    with FaultRelay(folder / "relay.ledger") as end, postfix.postfix(folder / "postfix", end.port) as relay:
        trial = Trial(size, folder, f"smtp://127.0.0.1:{relay.port}")
        trial.carry_out(restart=lambda: relay.restart(0.3), log=relay.log)
        for _ in range(600):
            if not relay.queue():
                break
            time.sleep(0.2)
        bound = size.mails // 1000
        delivered = taken_by_postfix(relay.log)
        arrived = {entry.message_id for entry in entries(end.ledger)}
        trial.done.mishaps += [
            f"{mail.message_id} is in Postfix's queue and never arrived"
            for mail in delivered
            if mail.message_id not in arrived
        ]
        more = {"relay stopped and started": trial.done.relay_restarts, **trial.done.by_log}
        return trial.done, audit(trial.url, trial.run, delivered, bound), bound, more


TRIALS = {"fault": against_faults, "postfix": against_postfix}


def main() -> None:
    kind = sys.argv[1] if len(sys.argv) > 1 else "fault"
    hindrance = postfix.may_run() if kind == "postfix" else None
    if hindrance is not None:
        print(f"The trial with a real Postfix is skipped: {hindrance}.")
        return
    if os.environ.get("TOUCHBASE_CHAOS_FULL"):
        for name, value in FULL.items():
            os.environ.setdefault(f"TOUCHBASE_CHAOS_{name}", value)
    size = Size.of_environment()
    folder = Path(tempfile.mkdtemp(prefix="touchbase-chaos-", dir=os.environ.get("TOUCHBASE_CHAOS_FOLDER")))
    folder.chmod(0o755)  # under root the server runs as an account of its own
    try:
        done, verdict, bound, lost = TRIALS[kind](size, folder)
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)
    text = report.written(kind, size, done, verdict, bound, lost)
    print(text)
    if verdict.faults or done.mishaps:
        raise SystemExit(f"The promises do not hold: {verdict.faults} {done.mishaps}")


if __name__ == "__main__":
    main()
