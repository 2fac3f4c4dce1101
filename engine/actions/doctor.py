"""Doctor: whether what the engine stands on is well, each finding with what to do."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.problems import EngineError, Say
from engine.store import ledger
from engine.store.database import connected

LEAST_DISK: Final = 2 * 1024**3
"""Bytes free below which a run of some size may fill the disk."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: Say
    is_well: bool
    words: Say


def examine(folder: Path, database_url: str, *, problems: int, is_real_world: bool) -> Iterator[Finding]:
    """Yield what was found of machine, files and database, in the order in which one would mend them."""
    yield _python()
    yield _disk(folder)
    yield Finding(
        Say("files", "fichiers"),
        problems == 0,
        Say("in order", "en ordre")
        if problems == 0
        else Say(
            f"{problems} problems; see 'touchbase check'", f"{problems} problèmes ; voyez « touchbase check »"
        ),
    )
    yield from _database(database_url, is_real_world)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(Say("Python", "Python"), sys.version_info >= (3, 11), Say(version, version))


def _disk(folder: Path) -> Finding:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    amount = f"{free / 1024**3:,.1f} GB"
    words = Say(f"{amount} free under {folder}", f"{amount} libres sous {folder}")
    if free < LEAST_DISK:
        words = Say(
            f"only {words.en}; make room before a run",
            f"seulement {words.fr} ; faites de la place avant un lancement",
        )
    return Finding(Say("disk", "disque"), free >= LEAST_DISK, words)


def _database(url: str, is_real_world: bool) -> Iterator[Finding]:
    about = Say("database", "base de données")
    try:
        with connected(url, purpose="doctor") as connection:
            version = connection.info.server_version // 10000
            row = connection.execute(
                "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
            ).fetchone()
            assert row is not None
            yield Finding(about, True, Say(f"PostgreSQL {version} answers", f"PostgreSQL {version} répond"))
            is_durable = row[0] == "on" and row[1] in ("on", "remote_apply", "remote_write")
            yield Finding(
                Say("durability", "durabilité"),
                is_durable,
                Say("what is committed survives a power cut", "ce qui est validé survit à une coupure")
                if is_durable
                else Say(
                    f"fsync {row[0]}, synchronous_commit {row[1]}: a power cut may make us send twice; set both to on",
                    f"fsync {row[0]}, synchronous_commit {row[1]} : une coupure peut faire envoyer deux fois ; mettez-les à on",
                ),
            )
            armed = ledger.is_armed(connection)
            if is_real_world:
                yield Finding(
                    Say("permit", "autorisation"),
                    armed,
                    Say("armed: mails leave", "armé : les courriels partent")
                    if armed
                    else Say(
                        "disarmed: nothing leaves until 'touchbase arm'",
                        "désarmé : rien ne part avant « touchbase arm »",
                    ),
                )
            else:
                yield Finding(
                    Say("permit", "autorisation"),
                    True,
                    Say(
                        "not needed: mails go to the local outbox",
                        "inutile : les courriels vont dans la boîte locale",
                    ),
                )
    except EngineError as error:
        yield Finding(about, False, Say(error.show("en"), error.show("fr")))
