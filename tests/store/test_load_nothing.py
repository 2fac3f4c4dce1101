"""A delivery that has only its header: news of nothing is news, a list of nothing is a failed export."""

from pathlib import Path

import pytest

from engine.problems import DeliveryError
from engine.store.database import Connection
from tests.store.deliveries import delivered, done

CUSTOMERS = "id;type client;RPPS;Nom\n"
HEADERS = {
    "consents": "RPPS;canal;finalite;choix;date\n",
    "orders": "FINESS;commande;date commande;statut;marque;quantité;montant\n",
    "history": "RPPS;canal;date;sens\n",
}


@pytest.mark.parametrize("feed", HEADERS)
def test_a_day_without_news_is_a_delivery(database: Connection, tmp_path: Path, feed: str) -> None:
    report = delivered(database, tmp_path, feed, HEADERS[feed])

    assert (report.lines, done(report)) == (0, (0, 0, 0))
    assert database.execute("SELECT feed, counts ->> 'lines' FROM import_batch").fetchall() == [(feed, "0")]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_list_without_a_line_is_refused_and_leaves_no_delivery(
    database: Connection, tmp_path: Path, end: str
) -> None:
    """An empty file would renew the feed, and campaigns would take the old base for today's."""
    with pytest.raises(DeliveryError, match="a header and no line below it") as refused:
        delivered(database, tmp_path, "customers", CUSTOMERS.rstrip() + end)

    assert refused.value.exit_code == 10
    assert database.execute("SELECT count(*) FROM import_batch").fetchone() == (0,)
