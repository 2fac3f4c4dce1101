"""The one place that ties everything: settings, clock, database, files and channels."""

import datetime as dt
import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from engine.problems import Language, Say, UsageError

if TYPE_CHECKING:
    from engine.contract import Channel, Desk
    from engine.loading.project import Project
    from engine.model.approval import Keys
    from engine.store.database import Connection

Clock = Callable[[], dt.datetime]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says; every name starts with TOUCHBASE_."""

    root: Path  #: the project: campaigns/, segments/, templates/
    folder: Path  #: what the engine makes: .touchbase below the root
    database_url: str | None  #: None: the embedded PostgreSQL
    smtp_url: str | None  #: None: the local outbox; anything else is the real world and needs to be armed
    base_url: str  #: where the public pages answer
    language: Language
    actor: str  #: who acts, for the audit trail
    secret: bytes = field(repr=False)  #: signs links, keys fingerprints
    bounces: Path | None = None  #: a Maildir to which mails come back; read by every `collect`
    prefect_api_url: str | None = None  #: None: a Prefect of our own
    prefect_port: int = 4200  #: where our own Prefect answers
    web_port: int = 8600  #: where our own pages answer
    segments_database_url: str | None = field(
        default=None, repr=False
    )  #: None: the role logs in at the engine's

    @property
    def is_real_world(self) -> bool:
        return self.smtp_url is not None


def settings(environment: Mapping[str, str] = os.environ, root: Path | None = None) -> Settings:
    """Return the settings of an environment.

    Raises:
        UsageError: a setting makes no sense.
    """
    here = (root or Path(environment.get("TOUCHBASE_ROOT", "."))).resolve()
    folder = Path(environment.get("TOUCHBASE_FOLDER", here / ".touchbase"))
    web_port = _port(environment, "TOUCHBASE_WEB_PORT", 8600)
    return Settings(
        root=here,
        folder=folder,
        database_url=environment.get("TOUCHBASE_DATABASE_URL") or None,
        smtp_url=environment.get("TOUCHBASE_SMTP_URL") or None,
        base_url=environment.get("TOUCHBASE_BASE_URL", f"http://127.0.0.1:{web_port}").rstrip("/"),
        language=language(environment),
        actor=environment.get("TOUCHBASE_ACTOR") or environment.get("USER") or "operator",
        secret=_secret(environment.get("TOUCHBASE_SECRET"), folder),
        bounces=Path(environment["TOUCHBASE_BOUNCES"]) if environment.get("TOUCHBASE_BOUNCES") else None,
        prefect_api_url=environment.get("PREFECT_API_URL") or None,
        prefect_port=_port(environment, "TOUCHBASE_PREFECT_PORT", 4200),
        web_port=web_port,
        segments_database_url=environment.get("TOUCHBASE_SEGMENTS_DATABASE_URL") or None,
    )


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    given = environment.get(name) or str(default)
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise UsageError(
            Say(
                f"{name} is '{given}', which is not a port.",
                f"{name} vaut « {given} », qui n'est pas un port.",
            ),
            Say("Set it to a number from 1024 to 65535.", "Donnez un nombre de 1024 à 65535."),
        )
    return int(given)


def language(environment: Mapping[str, str] = os.environ) -> Language:
    """Return the language in which doors speak: TOUCHBASE_LANG, English if absent.

    Raises:
        UsageError: a language we do not have.
    """
    match environment.get("TOUCHBASE_LANG", "en")[:2]:
        case "en":
            return "en"
        case "fr":
            return "fr"
        case other:
            raise UsageError(
                Say(f"TOUCHBASE_LANG is '{other}'.", f"TOUCHBASE_LANG vaut « {other} »."),
                Say("Set it to en or fr.", "Donnez en ou fr."),
            )


def _secret(given: str | None, folder: Path) -> bytes:
    """Return the installation's secret: the given one, or one made once and kept for its owner alone."""
    if given:
        return given.encode()
    import secrets

    path = folder / "secret"
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            made = folder / f".secret-{os.getpid()}"
            made.touch(mode=0o600)
            made.write_text(secrets.token_hex(32))
            with suppress(FileExistsError):
                os.link(made, path)  # the first of two at once wins; the other reads its secret
            made.unlink()
        return path.read_text().strip().encode()
    except OSError as error:
        raise UsageError(
            Say(
                f"{path} cannot be written or read ({error.strerror}).",
                f"{path} est illisible ou non inscriptible ({error.strerror}).",
            ),
            Say(
                "Free some disk or check the folder's rights, or set TOUCHBASE_SECRET.",
                "Libérez de la place ou vérifiez les droits du dossier, ou donnez TOUCHBASE_SECRET.",
            ),
        ) from None


def clock(as_of: dt.datetime | None = None) -> Clock:
    """Return the clock: the real one, or one that was set to `as_of` (aware) and goes on from there."""
    started = dt.datetime.now(dt.UTC)
    if as_of is None:
        return lambda: dt.datetime.now(dt.UTC)
    return lambda: as_of + (dt.datetime.now(dt.UTC) - started)


@dataclass(frozen=True)
class App:
    """Everything a verb may need, tied."""

    settings: Settings
    now: Clock

    @cached_property
    def channels(self) -> dict[str, "Channel"]:
        """The installed channels by name: every folder of `channels/`."""
        import pkgutil

        import channels

        desk = _desk(self.settings, _stamp(self.settings.root, "campaigns/policy.yaml"))
        found: dict[str, Channel] = {}
        for entry in pkgutil.iter_modules(channels.__path__):
            if entry.ispkg:
                channel: Channel = importlib.import_module(f"channels.{entry.name}").channel(desk)
                found[channel.name] = channel
        return found

    @cached_property
    def project(self) -> "Project":
        """The project's files, with all their problems."""
        return _project(
            self.settings, _stamp(self.settings.root, "campaigns/**/*", "segments/**/*", "templates/**/*")
        )

    @cached_property
    def written(self) -> "Project":
        """The same, without what only channels see: no template is compiled, no letter set."""
        from engine.loading.project import load

        return load(self.settings.root, [channel.step for channel in self.channels.values()])

    @cached_property
    def database_url(self) -> str:
        """Where the database answers; the embedded one is started if nothing is configured."""
        if self.settings.database_url is not None:
            return self.settings.database_url
        from engine.store import embedded

        return embedded.start(self.settings.folder)

    @contextmanager
    def database(self, purpose: str = "engine") -> Iterator["Connection"]:
        """Give a connection to a database whose schema is up to date.

        Raises:
            DatabaseUnavailable: it cannot be reached or used.
        """
        from engine.store.database import bring_up_to_date, connected

        with connected(self.database_url, purpose=purpose) as connection:
            bring_up_to_date(connection)
            yield connection

    @property
    def journals(self) -> Path:
        """Where this machine's workers keep what may have left."""
        return self.settings.folder / "journals"

    @property
    def keys(self) -> "Keys":
        """Everybody's public key, by which approvals are checked."""
        from engine.content.signature import public_keys

        return public_keys(self.settings.folder / "keys")

    @property
    def pepper(self) -> str:
        """The key of fingerprints; it stands outside the database."""
        import hashlib

        return hashlib.sha256(b"fingerprint:" + self.settings.secret).hexdigest()


# A flow ties an app for each of its tasks. What the files say is read again only when a file has changed: that
# takes longer than most tasks.
_Stamp = tuple[tuple[str, int, int], ...]


def _stamp(root: Path, *patterns: str) -> _Stamp:
    """Return name, time of change and size of every file: another stamp, other files."""
    found = {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}
    stats = ((str(path), path.stat()) for path in sorted(found))
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


@lru_cache(maxsize=4)
def _desk(chosen: Settings, stamp: _Stamp) -> "Desk":
    """Return what a channel is given; the channels themselves hold open lines and belong to one app."""
    from engine.contract import Desk
    from engine.loading.project import read_policy

    policy, _ = read_policy(chosen.root)  # what is wrong with it, `check` says
    return Desk(
        folder=chosen.folder,
        base_url=chosen.base_url,
        secret=chosen.secret,
        smtp_url=chosen.smtp_url,
        senders={} if policy is None else policy.senders,
        default_sender=None if policy is None else policy.default_sender,
    )


@lru_cache(maxsize=4)
def _project(chosen: Settings, stamp: _Stamp) -> "Project":
    from engine.actions.check import read_project

    return read_project(chosen.root, App(chosen, clock()).channels)


def open_app(
    *, root: Path | None = None, as_of: dt.datetime | None = None, environment: Mapping[str, str] = os.environ
) -> App:
    """Return the engine, tied and lazy: nothing is opened before it is asked for."""
    chosen = settings(environment, root)
    if chosen.segments_database_url is not None:
        from engine.store.segment_role import log_in_at

        log_in_at(chosen.segments_database_url)
    return App(chosen, clock(as_of))


def prefect_environment(
    chosen: Settings, *, api_url: str | None = None, environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the environment in which Prefect runs as ours: its home below `.touchbase`, telling nobody.

    Without `api_url`, and without a PREFECT_API_URL of the operator's own, flows bring a server of their
    own for as long as they run.
    """
    home = chosen.folder / "prefect"
    home.mkdir(parents=True, exist_ok=True)  # Prefect makes no parent folders
    ours = {
        "PREFECT_HOME": str(home),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",  # ten are usual; a busy machine takes minutes
        "PREFECT_LOGGING_EXTRA_LOGGERS": "engine,channels",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "TOUCHBASE_ROOT": str(chosen.root),
    }
    if api_url is not None:
        ours["PREFECT_API_URL"] = api_url
    return {**ours, **{name: value for name, value in environment.items() if value}}


def prepare_prefect(chosen: Settings, *, api_url: str | None = None) -> None:
    """Let this process run flows; call it before Prefect is imported, which reads its settings only then.

    Prefect's own words stay off the terminal; they stand in its database and pages.
    """
    quiet = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL", "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL"}
    os.environ.update({**quiet, **prefect_environment(chosen, api_url=api_url)})
