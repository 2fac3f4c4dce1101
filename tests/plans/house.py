"""A house with one campaign over three channels and some sixty pharmacies: what plans and approvals are tested on."""

import datetime as dt
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from channels.email import outbox
from engine.actions.advance import Advanced, advance
from engine.actions.check import read_project
from engine.actions.plan import plan
from engine.actions.run import NOBODYS, Started, start
from engine.actions.send import Sent, drain
from engine.app import App, Settings
from engine.contract import Channel
from engine.loading.project import Project
from engine.model.approval import Keys
from engine.model.plan import Plan
from engine.model.written import RunId
from engine.rules.schedule import Slot, slot
from engine.store.database import Connection

ROOT = Path(__file__).parents[2]
NOW = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
CAMPAIGN = "dermapharm-test"
SLOT: Slot = slot(dt.datetime(2026, 3, 3, 9, 30), "Europe/Paris")  # noqa: DTZ001 - local by meaning
PEPPER = "pepper"

CAMPAIGN_FILE = """\
campaign: dermapharm-test
title: Dermapharm, essai
owner: marketing-officine
brand: DERMAPHARM
purpose: commercial
schedule: {start: 2026-03-03 09:30}
audience:
  segment: pharmacies
holdout: {share: 20%}
cells:
  discount: {share: 50%, offer: {code: DPD26-A, discount: 10%, label: "10 % de remise"}}
  free_goods: {share: 50%, offer: {code: DPD26-B, free_goods: 10+1, label: "1 offerte pour 10"}}
steps:
  announce:
    channel: email
    at: day 0 09:30
    template: dermapharm/announce
    subject: "{{ customer.name }}, votre offre directe"
    from: officine
    until: day 3
  visit:
    channel: visit
    after: announce + 8 days
    until: announce + 20 days
    task: {type: order_taking, reps: PHARMA, talking_points: dermapharm/points}
  letter:
    channel: mailing
    after: announce + 12 days
    until: announce + 30 days
    if:
      - excluded: {step: announce, because: no_contact_point}
    template: dermapharm/letter
goals:
  orders: {response: order, brand: DERMAPHARM, within: 60 days, target: 15%}
"""

POLICY_FILE = """\
policy: armorial
company: Laboratoires Armorial
senders:
  officine: {name: Armorial Officine, address: officine@armorial.example.org}
default_sender: officine
costs: {email: 0.02 EUR, visit: 55.00 EUR, mailing: 0.90 EUR}
"""

SEGMENT_FILE = """\
segment: pharmacies
title: Les pharmacies
of: organisation
who:
  - kind: pharmacy
"""


_projects: dict[frozenset[tuple[str, bytes]], Project] = {}


@dataclass
class House:
    """A project on disk, its base, and what one does with them."""

    connection: Connection
    root: Path
    _read: Project | None = None

    def write(self, path: str, text: str | bytes) -> None:
        self._read = None
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))

    def change(self, path: str, before: str, after: str) -> None:
        text = (self.root / path).read_text(encoding="utf-8")
        assert before in text
        self.write(path, text.replace(before, after))

    @property
    def folder(self) -> Path:
        return self.root / ".touchbase"

    @cached_property
    def channels(self) -> dict[str, Channel]:
        settings = Settings(
            self.root, self.folder, None, None, "http://127.0.0.1", "fr", "test", b"sixteen bytes and more"
        )
        return App(settings, lambda: NOW).channels

    @property
    def project(self) -> Project:
        """The files as they now stand."""
        if self._read is None:
            texts = {
                path: path.read_bytes() for path in self.root.rglob("*.*") if ".touchbase" not in path.parts
            }
            said = frozenset((str(path.relative_to(self.root)), text) for path, text in texts.items())
            if said not in _projects:  # to check the templates takes longer than a test
                _projects[said] = read_project(self.root, self.channels)
            self._read = replace(_projects[said], root=self.root)
        return self._read

    def plan(self, *, at: Slot = SLOT, now: dt.datetime = NOW, by: str = "claire") -> Plan:
        return plan(
            self.connection,
            self.project,
            CAMPAIGN,
            at,
            self.channels,
            pepper=PEPPER,
            made_by=by,
            now=now,
            samples=1,
            folder=self.folder,
        )

    def start(
        self, plan_id: str | None = None, *, at: Slot = SLOT, now: dt.datetime = NOW, keys: Keys = NOBODYS
    ) -> Started:
        return start(
            self.connection,
            self.project,
            CAMPAIGN,
            at,
            self.channels,
            pepper=PEPPER,
            now=now,
            plan_id=plan_id,
            keys=keys,
        )

    def advance(self, run: RunId, now: dt.datetime) -> Advanced:
        return advance(self.connection, run, self.channels, pepper=PEPPER, now=now)

    def drain(
        self, run: RunId, now: dt.datetime = NOW, *, worker: str = "w1", most: int | None = None
    ) -> Sent:
        return drain(
            self.connection,
            run,
            self.channels,
            worker=worker,
            clock=lambda: now,
            needs_permit=False,
            pepper=PEPPER,
            most=most,
        )

    def mails(self, to: str = "") -> list[outbox.Kept]:
        """Return the mails that left, or those to one address."""
        folder = self.folder / "outbox"
        kept = [outbox.mail(folder, one.id) for one in outbox.mails(folder)]
        return [one for one in kept if one is not None and to in one.envelope_to]

    def mails_each(self) -> Counter[str]:
        """Return how many mails each address got."""
        return Counter(one.envelope_to for one in self.mails())

    def states(self, step: str) -> dict[str, int]:
        return dict(
            self.connection.execute(
                "SELECT coalesce(reason, state), count(*) FROM touch WHERE step = %s GROUP BY 1", [step]
            ).fetchall()
        )

    def touched(self, step: str) -> set[int]:
        return {
            int(row[0])
            for row in self.connection.execute(
                "SELECT customer_id FROM touch WHERE step = %s AND state IN ('planned','ready','accepted')",
                [step],
            )
        }

    def runs(self) -> int:
        row = self.connection.execute("SELECT count(*) FROM run").fetchone()
        assert row is not None
        return int(row[0])


def furnish(root: Path) -> None:
    """Write the project: one campaign, one policy, one segment, the templates that are shipped."""
    for folder in ("dermapharm", "shared"):
        shutil.copytree(ROOT / "templates" / folder, root / "templates" / folder)
    shutil.copytree(
        ROOT / "segments", root / "segments", ignore=lambda _, names: {n for n in names if n != "facts.yaml"}
    )
    for path, text in {
        f"campaigns/{CAMPAIGN}.yaml": CAMPAIGN_FILE,
        "campaigns/policy.yaml": POLICY_FILE,
        "segments/pharmacies.yaml": SEGMENT_FILE,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def pharmacies(connection: Connection, count: int, *, mail: bool = True) -> list[int]:
    """Add pharmacies that were told that they may object, with a rep; return their ids."""
    rows = connection.execute(
        "INSERT INTO customer (of, kinds, org_name, sort_name, street, postcode, town, source)"
        " SELECT 'organisation', '{pharmacy}', 'Pharmacie du Port ' || n, 'PHARMACIE DU PORT ' || n,"
        " '12 rue du Port', '44000', 'NANTES', 'test' FROM generate_series(1, %s) AS n RETURNING customer_id",
        [count],
    ).fetchall()
    ids = [int(row[0]) for row in rows]
    connection.execute("INSERT INTO contact_guard (customer_id) SELECT unnest(%s::bigint[])", [ids])
    if mail:
        connection.execute(
            "INSERT INTO contact_point (customer_id, type, value_norm, usage, notice_given_at, source)"
            " SELECT id, 'email', 'port' || id || '@example.org', 'org', %s, 'test' FROM unnest(%s::bigint[]) AS id",
            [NOW - DAY, ids],
        )
    connection.execute(
        "INSERT INTO contact_point (customer_id, type, value_norm, usage, notice_given_at, source)"
        " SELECT id, 'postal', '12 rue du Port|44000 NANTES', 'org', %s, 'test' FROM unnest(%s::bigint[]) AS id",
        [NOW - DAY, ids],
    )
    connection.execute(
        "INSERT INTO territory (territory, name) VALUES ('FR-W-01', 'Nantes') ON CONFLICT DO NOTHING"
    )
    connection.execute(
        "INSERT INTO rep (code, first_name, last_name, email, rep_type) VALUES ('PHARMA-01', 'Yann', 'Le Goff',"
        " 'y.legoff@armorial.example.org', 'PHARMA') ON CONFLICT DO NOTHING"
    )
    connection.execute(
        "INSERT INTO rep_assignment (rep_id, territory) SELECT rep_id, 'FR-W-01' FROM rep ON CONFLICT DO NOTHING"
    )
    connection.execute(
        "INSERT INTO alignment (customer_id, rep_type, territory) SELECT unnest(%s::bigint[]), 'PHARMA', 'FR-W-01'",
        [ids],
    )
    return ids
