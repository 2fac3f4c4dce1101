"""How sending grows: with workers, with the size of the mail, with a second sink, into a real Postfix; and its memory.

Each worker is a process of its own, as in production, born and warm before the clock starts. Beside it `smtp-source`
sends as many mails of the same size to the same server; two of them to two.
"""

import datetime as dt
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from select import select
from typing import Any, Final, LiteralString

import psutil

from bench import mails
from bench.email_ledger import files
from bench.email_wire import SESSIONS, Lacking, sink, tool
from channels.email import Emails
from engine.actions.journal import journal
from engine.actions.send import drain
from engine.model.written import RunId
from engine.store import embedded, ledger
from engine.store.database import Connection, bring_up_to_date, connected
from tests.chaos import postfix, world

MAILS: Final = 5_000
REPEATS: Final = 5
WARM: Final = 600
PORT: Final = 2530
TEMPLATE: Final = "templates/dermapharm/announce.mjml"
KILOBYTES: Final = {
    "5_kB": -1,
    "26_kB": 0,
    "90_kB": 2,
}  #: sections there are of the filler; -1: the shortest mail instead

Sides = tuple[Callable[[], object], Callable[[], object]]


@dataclass(slots=True)
class Ground:
    """A database of our own, and workers that are born in it."""

    folder: Path
    url: str
    texts: Mapping[str, str]
    _stack: ExitStack
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def run(self, number: int = MAILS) -> int:
        slot = f"bench {next(self._numbers)}"
        return world.build(self.url, number, files=self.texts, slot=slot, cell="discount")

    def worker(self, smtp_url: str) -> "Worker":
        command = [sys.executable, "-m", "bench.email_workers", self.url, smtp_url, str(self.folder)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        worker = Worker(process)
        self._stack.callback(worker.end)
        worker.go(self.run(WARM))
        worker.settled()
        return worker


@dataclass(slots=True)
class Worker:
    """A process that drains the runs it is told."""

    process: subprocess.Popen[str]

    def go(self, run: int) -> None:
        assert self.process.stdin is not None
        print(run, file=self.process.stdin, flush=True)

    def settled(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def is_busy(self) -> bool:
        assert self.process.stdout is not None
        return not select([self.process.stdout], [], [], 0.5)[0]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def ground(texts: Mapping[str, str]) -> Iterator[Ground]:
    folder = Path(tempfile.mkdtemp(prefix="touchbase-bench-"))
    folder.chmod(0o755)  # under root the server runs as an account of its own
    try:
        url = embedded.start(folder)
        with connected(url, purpose="bench") as connection, ExitStack() as stack:
            bring_up_to_date(connection)
            yield Ground(folder, url, texts, stack)
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def relay(port: int) -> str:
    return f"smtp://127.0.0.1:{port}?connections={SESSIONS}"


def source(port: int, number: int, size: int) -> list[str]:
    return [
        *(tool("smtp-source"), "-s", str(SESSIONS), "-m", str(number), "-l", str(size)),
        *("-f", "a@example.org", "-t", "b@example.org", f"127.0.0.1:{port}"),
    ]


def sides(place: Ground, ports: tuple[int, ...], workers: int, size: int, together: int = MAILS) -> Sides:
    """Return both acts: our workers, spread over the servers, and one `smtp-source` for each server."""
    ours = [place.worker(relay(ports[number % len(ports)])) for number in range(workers)]
    ready = iter([place.run(together) for _ in range(REPEATS)])
    with connected(place.url, purpose="bench") as connection:
        connection.execute("VACUUM ANALYZE")

    def drained() -> None:
        run = next(ready)
        for worker in ours:
            worker.go(run)
        sent = sum(worker.settled() for worker in ours)
        assert sent == together, sent

    def sourced() -> None:
        each = [subprocess.Popen(source(port, together // len(ports), size)) for port in ports]
        assert [one.wait() for one in each] == [0] * len(ports)

    return drained, sourced


def size_of(texts: Mapping[str, str]) -> int:
    """Return how many bytes a mail of these texts is on the wire."""
    wave = replace(mails.wave(), files=texts, definition_sha="")
    return len(Emails(mails.desk()).prepare(wave)(mails.addressee(1)).content.data)  # type: ignore[union-attr]


@contextmanager
def lines() -> Iterator[Mapping[str, Sides]]:
    """Give 1, 2 and 4 workers with one sink."""
    texts = files()
    with sink(PORT), ground(texts) as place:
        yield {f"email_workers_{n}": sides(place, (PORT,), n, size_of(texts)) for n in (1, 2, 4)}


@contextmanager
def two_sinks() -> Iterator[Mapping[str, Sides]]:
    """Give two workers with two sinks, beside two `smtp-source`."""
    texts = files()
    with sink(PORT), sink(PORT + 1), ground(texts) as place:
        yield {"email_two_sinks": sides(place, (PORT, PORT + 1), 2, size_of(texts), 2 * MAILS)}


@contextmanager
def real_postfix() -> Iterator[Mapping[str, Sides]]:
    """Give two workers with a real Postfix that hands on to a sink, queue and log and all."""
    if (hindrance := postfix.may_run()) is not None:
        raise Lacking(hindrance)
    texts = files()
    with sink(PORT), ground(texts) as place, postfix.postfix(place.folder / "postfix", PORT) as real:
        yield {"email_postfix": sides(place, (real.port,), 2, size_of(texts), MAILS // 2)}


@contextmanager
def sizes() -> Iterator[Mapping[str, Sides]]:
    """Give two workers with mails of three sizes."""
    with ExitStack() as stack:
        stack.enter_context(sink(PORT))
        found = {}
        for name, times in KILOBYTES.items():
            texts = sized(files(), times)
            place = stack.enter_context(ground(texts))
            found[f"email_size_{name}"] = sides(place, (PORT,), 2, size_of(texts), MAILS // 2)
        yield found


def sized(texts: Mapping[str, str], times: int) -> dict[str, str]:
    """Return the texts with the announcement longer or shorter."""
    filler = "<mj-section><mj-column><mj-text>" + "Une phrase de plus, pour la mesure. " * 400
    filler += "</mj-text></mj-column></mj-section>"
    text = texts[TEMPLATE]
    if times < 0:
        return {
            **texts,
            TEMPLATE: world.FILES[TEMPLATE],
            TEMPLATE[:-4] + "yaml": world.FILES[TEMPLATE[:-4] + "yaml"],
        }
    return {**texts, TEMPLATE: text.replace("</mj-body>", filler * times + "</mj-body>")}


def megabytes(number: int = 100_000) -> dict[str, float]:
    """Return what a worker holds while it drains one run, at a tenth, at half and at its end, and print it."""
    with sink(PORT), ground(files()) as place:
        worker = place.worker(relay(PORT))
        run = place.run(number)
        with connected(place.url, purpose="bench") as connection:
            connection.execute("VACUUM ANALYZE")
            process, held = psutil.Process(worker.process.pid), [0.0]
            worker.go(run)
            while worker.is_busy():
                held.append(process.memory_info().rss / 1e6)
            assert worker.settled() == number
            held.append(process.memory_info().rss / 1e6)
    found = {
        "email_memory_tenth": held[len(held) // 10 + 1],
        "email_memory_half": held[len(held) // 2],
        "email_memory_end": held[-1],
        "email_memory_most": max(held),
    }
    print(
        f"email_memory of {number:,} mails | "
        + ", ".join(f"{name[13:]} {mb:.1f} MB" for name, mb in found.items())
    )
    return found


def seconds_after_a_pause() -> dict[str, float]:
    """Return how long after a pause had committed the last mail was settled, at a fast and at a slow relay; print it.

    A pause that a gate follows is an error of ours, not a figure.
    """
    found = {}
    for name, options in {"fast": (), "slow": ("-W", ".:1")}.items():
        with sink(PORT, *options), ground(files()) as place:
            worker, run = place.worker(relay(PORT)), place.run()
            with connected(place.url, purpose="bench") as connection:
                worker.go(run)
                while not _one(
                    connection, "SELECT count(*) FROM touch WHERE run_id = %s AND state = 'gated'", run
                ):
                    time.sleep(0.01)
                time.sleep(0.5)
                ledger.switch(connection, RunId(run), "paused", by="bench")
                paused = connection.execute("SELECT clock_timestamp()").fetchone()
                assert paused is not None
                worker.settled()
                assert not _one(connection, "SELECT count(*) FROM touch WHERE gated_at > %s", paused[0])
                left = "SELECT count(*) FROM touch WHERE run_id = %s AND state = 'ready'"
                assert _one(connection, left, run), "the run had ended before the pause"
                last = "SELECT extract(epoch FROM max(at) - %s) FROM attempt WHERE phase = 'accepted'"
                found[f"email_pause_{name}"] = max(0.0, float(_one(connection, last, paused[0])))
    print(
        "email_pause | " + ", ".join(f"{name[12:]} relay {seconds:.2f} s" for name, seconds in found.items())
    )
    return found


def _one(connection: Connection, question: LiteralString, value: object) -> Any:
    row = connection.execute(question, [value]).fetchone()
    return None if row is None else row[0]


def work(url: str, smtp_url: str, folder: Path) -> None:
    """Drain each run whose number is read; write how many of its touches were settled."""
    emails = Emails(replace(mails.desk(smtp_url), folder=folder))
    with connected(url, purpose="bench worker") as connection, journal(folder / "journals") as kept:
        for line in sys.stdin:
            sent = drain(
                connection,
                RunId(int(line)),
                {"email": emails},
                worker=kept.worker,
                clock=lambda: dt.datetime.now(dt.UTC),
                needs_permit=False,
                pepper="bench",
                journal=kept,
            )
            print(sent.settled, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "pause":
        seconds_after_a_pause()
    elif sys.argv[1] == "memory":
        megabytes(int(sys.argv[2]))
    else:
        work(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
