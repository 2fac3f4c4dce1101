"""Files that a mail brings along: whole, the same for everybody, found wanting at check."""

import email
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from channels.email import Emails, outbox
from engine.content import attachments
from engine.contract import Parcel
from engine.problems import Fault, FilesError
from tests.channels.email.world import FILES, addressee, desk, step, wave
from tests.plans.house import CAMPAIGN, House

RCP = b"%PDF-1.7\n" + bytes(range(256)) * 40 + b"\n%%EOF\n"
INVITATION = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nSUMMARY:Soirée\r\nEND:VCALENDAR\r\n"
WITH = {
    **FILES,
    "templates/dermapharm/rcp.pdf": attachments.as_text(RCP),
    "templates/dermapharm/soiree.ics": INVITATION,
}


@pytest.fixture
def emails(tmp_path: Path) -> Iterator[Emails]:
    made = Emails(desk(tmp_path))
    yield made
    made.close()


def written(emails: Emails, *names: str) -> tuple[EmailMessage, bytes]:
    parcel = emails.prepare(wave(WITH, attachments=list(names)))(addressee())
    assert isinstance(parcel, Parcel)
    parsed = email.message_from_bytes(parcel.content.data, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed, parcel.content.data


def test_a_file_arrives_byte_by_byte(emails: Emails) -> None:
    mail, _ = written(emails, "dermapharm/rcp.pdf", "dermapharm/soiree.ics")

    pdf, ics = mail.iter_attachments()

    assert (pdf.get_filename(), pdf.get_content_type(), pdf.get_content()) == (
        "rcp.pdf",
        "application/pdf",
        RCP,
    )
    assert (ics.get_filename(), ics.get_content_type()) == ("soiree.ics", "text/calendar")
    assert ics.get_payload(decode=True) == INVITATION.encode()


def test_the_mail_itself_reads_as_without_files(emails: Emails) -> None:
    bare, _ = written(emails)
    full, _ = written(emails, "dermapharm/rcp.pdf")

    def parts(mail: EmailMessage) -> list[str]:
        return [
            str(part.get_content())
            for kind in ("plain", "html")
            if (part := mail.get_body((kind,))) is not None
        ]

    assert parts(full) == parts(bare) and len(parts(bare)) == 2


def test_nothing_of_a_file_can_end_a_mail(emails: Emails) -> None:  # SEC5
    mail, data = written(emails, "dermapharm/rcp.pdf")

    boundary = mail.get_boundary()
    assert boundary is not None
    assert data.endswith(f"--{boundary}--\r\n".encode()) and data.count(f"--{boundary}--".encode()) == 1
    _, _, attached = data.rpartition(b"\r\n\r\n")
    assert b"\r\n." not in data and max(map(len, attached.split(b"\r\n"))) <= 76  # RFC 2045, 6.8


def test_a_mail_with_a_file_goes_over_the_wire_as_it_was_composed(emails: Emails, tmp_path: Path) -> None:
    parcel = emails.prepare(wave(WITH, attachments=["dermapharm/rcp.pdf"]))(addressee())
    assert isinstance(parcel, Parcel)

    list(emails.post([parcel]))

    (one,) = outbox.mails(tmp_path / "outbox")
    _, _, left = (tmp_path / "outbox" / f"{one.id}.eml").read_bytes().partition(b"X-Envelope-To: ")
    assert left.partition(b"\r\n")[2] == parcel.content.data


@pytest.mark.parametrize(
    ("name", "files", "said"),
    [
        ("dermapharm/rpc.pdf", WITH, "there is no file 'templates/dermapharm/rpc.pdf'"),
        ("dermapharm/remise.exe", WITH, "'dermapharm/remise.exe' is no file that a mail may bring"),
        ("dermapharm/rcp.pdf", {**WITH, "templates/dermapharm/rcp.pdf": attachments.as_text(b"<html>")}, "'dermapharm/rcp.pdf' is called a PDF and is none"),
        ("dermapharm/rcp.pdf", {**WITH, "templates/dermapharm/rcp.pdf": attachments.as_text(b"%PDF-" + b"x" * 2**22)}, "the files of this mail are 4,096 kB together; 3,072 is the most"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_go_is_a_fault_at_its_place(
    emails: Emails, name: str, files: dict[str, str], said: str
) -> None:
    (fault,) = emails.check(step(attachments=[name]), files)

    assert isinstance(fault, Fault) and (fault.path, fault.what.en) == (("attachments", 0), said)


def attach(house: House, *names: str) -> None:
    named = ", ".join(names)
    house.change(
        f"campaigns/{CAMPAIGN}.yaml",
        "    from: officine\n",
        f"    from: officine\n    attachments: [{named}]\n",
    )


@pytest.mark.parametrize("name", ["dermapharm/rcp.pdf", "produits/rcp.pdf", "produits/soiree.ics"])
def test_a_changed_byte_of_an_attached_file_is_another_definition_wherever_it_stands(
    house: House, name: str
) -> None:  # C-35
    attach(house, name)
    house.write(f"templates/{name}", RCP.replace(bytes(range(128, 256)), b""))
    before, _ = house.project.definition(CAMPAIGN)

    changed = RCP.replace(bytes(range(128, 256)), b"").replace(b"1.7", b"1.6")
    house.write(f"templates/{name}", changed)
    after, files = house.project.definition(CAMPAIGN)

    assert before != after and attachments.content(name, files) == changed


def test_a_file_that_no_step_attaches_is_not_read_and_voids_no_approval(house: House) -> None:
    attach(house, "dermapharm/rcp.pdf")
    house.write("templates/dermapharm/rcp.pdf", RCP)
    before, _ = house.project.definition(CAMPAIGN)

    house.write("templates/dermapharm/other.pdf", RCP)

    assert house.project.definition(CAMPAIGN)[0] == before
    assert attachments.content("dermapharm/other.pdf", house.project.files) is None


def test_a_file_that_is_too_large_is_told_and_not_read(house: House) -> None:
    attach(house, "produits/film.pdf")
    house.write("templates/produits/film.pdf", b"%PDF-1.7\n" + b"x" * attachments.LARGEST)

    (problem,) = house.project.problems

    assert "kB together" in problem.what.en and problem.span.file == f"campaigns/{CAMPAIGN}.yaml"
    unread = attachments.unread(attachments.LARGEST + len(b"%PDF-1.7\n"))
    assert house.project.files["templates/produits/film.pdf"] == unread


def test_no_mail_leaves_with_an_empty_file_in_place_of_one_that_the_run_lacks(emails: Emails) -> None:
    with pytest.raises(FilesError) as told:
        emails.prepare(wave(FILES, attachments=["dermapharm/rcp.pdf"]))

    assert [problem.span.file for problem in told.value.problems] == ["templates/dermapharm/rcp.pdf"]
