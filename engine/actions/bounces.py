"""Bounces: read what came back to our senders' addresses, keep it, and pause the run of which too much comes back."""

import mailbox
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from engine.actions.alarm import pause
from engine.contract import News, Returning
from engine.model.policy import Policy, Stops
from engine.model.written import RunId
from engine.problems import Say, UsageError
from engine.store import receipts
from engine.store.database import Connection
from engine.store.receipts import Tally

GROUP = 500  #: mails whose news are recorded together


@dataclass(slots=True)
class Returned:
    """What was found."""

    mails: int = 0
    new: int = 0  #: news that were not known yet
    kinds: Counter[str] = field(default_factory=Counter)
    paused: dict[RunId, str] = field(default_factory=dict)

    @property
    def not_ours(self) -> int:
        return self.mails - self.kinds.total()


def bounces(
    connection: Connection,
    mails: Iterable[bytes],
    channel: Returning,
    policy: Callable[[str, str], Policy],
    *,
    pepper: str,
) -> Returned:
    """Take in mails that came back; the same ones again change nothing.

    Args:
        policy: The one to which a run is pinned, by definition hash and campaign.
    """
    found = Returned()
    runs: set[RunId] = set()
    group: list[News] = []

    def record() -> None:
        new, of_runs = receipts.record(connection, group, pepper=pepper)
        found.new += new
        runs.update(of_runs)
        group.clear()

    for raw in mails:
        found.mails += 1
        news = channel.news(raw)
        if news is not None:
            found.kinds[news.kind] += 1
            group.append(news)
        if len(group) >= GROUP:
            record()
    record()
    for tally in receipts.tallies(connection, sorted(runs)):
        because = too_much(tally, policy(tally.definition_sha, tally.campaign).stops)
        if because is not None and pause(connection, tally.run_id, because):
            found.paused[tally.run_id] = because
    return found


def too_much(tally: Tally, stops: Stops) -> str | None:
    """Return why a run should pause for what came back of it, or `None`."""
    if tally.about_us >= stops.sender_refusals:
        return (
            f"{tally.about_us} mails came back because they were from us (policy, reputation, authentication)"
        )
    if tally.accepted < stops.after:
        return None
    if tally.bounced > tally.accepted * float(stops.bounces):
        return f"{tally.bounced} of {tally.accepted} mails came back for good"
    if tally.complained > tally.accepted * float(stops.complaints):
        return f"{tally.complained} of {tally.accepted} mails were complained of"
    return None


def read(place: Path, piped: BinaryIO) -> Iterator[bytes]:
    """Yield the mails of a Maildir, a folder of files, an mbox file, one file, or of a pipe (`-`).

    What was read in a Maildir is marked as seen, and not read again.

    Raises:
        UsageError: there is nothing of the kind.
    """
    if str(place) == "-":
        yield piped.read()
    elif (place / "new").is_dir() and (place / "cur").is_dir():
        box = mailbox.Maildir(place, create=False)
        for key in sorted(box.keys()):
            one = box.get_message(key)
            if "S" in one.get_flags():
                continue
            yield box.get_bytes(key)
            one.set_subdir("cur")
            one.add_flag("S")
            box[key] = one
    elif place.is_dir():
        for file in sorted(path for path in place.iterdir() if path.is_file()):
            yield file.read_bytes()
    elif place.is_file():
        with place.open("rb") as start:
            is_mbox = start.read(5) == b"From "
        if is_mbox:
            yield from (one.as_bytes() for one in mailbox.mbox(place, create=False))
        else:
            yield place.read_bytes()
    else:
        raise UsageError(
            Say(f"There is no folder or file {place}.", f"Il n'y a ni dossier ni fichier {place}."),
            Say(
                "Give a Maildir, a folder of mails, an mbox file, or - for a pipe.",
                "Donnez un Maildir, un dossier d'e-mails, un fichier mbox, ou - pour un tube.",
            ),
        )
