"""What a project's files are: those below it, and no others."""

from pathlib import Path

import pytest

from channels.email.step import EmailStep
from engine.deployments import standing
from engine.loading.project import load
from engine.problems import FilesError


def project(root: Path) -> Path:
    for folder in ("campaigns", "segments", "templates/dermapharm"):
        (root / folder).mkdir(parents=True)
    return root


def test_a_link_that_leads_out_of_the_project_is_refused_and_not_read(tmp_path: Path) -> None:  # SEC22, SEC23
    root = project(tmp_path / "project")
    (tmp_path / "secret.mjml").write_text("root:x:0:0", encoding="utf-8")
    (root / "templates/dermapharm/part.mjml").symlink_to(tmp_path / "secret.mjml")

    read = load(root, [EmailStep])

    assert "leads out of the project" in [problem.what.en for problem in read.problems]
    assert not any("root:x" in text for text in read.files.values())


@pytest.mark.parametrize(
    "name",
    [
        "campaigns/spring.yaml",
        "campaigns/policy.yaml",
        "segments/gp.yaml",
        "segments/gp.sql",
        "segments/facts.yaml",
        "templates/dermapharm/announce.yaml",
        "templates/dermapharm/flyer.pdf",
    ],
)
def test_no_reader_follows_a_link_out_of_the_project(tmp_path: Path, name: str) -> None:  # SEC22
    root = project(tmp_path / "project")
    (tmp_path / "secret").write_text("password: of the root\nsegment: [", encoding="utf-8")
    (root / name).symlink_to(tmp_path / "secret")

    read = load(root, [EmailStep])

    told = [(problem.what.en, problem.excerpt) for problem in read.problems if problem.span.file == name]
    assert told == [("leads out of the project", None)]
    assert not any("password" in text for text in read.files.values())


def test_the_standing_flows_are_not_read_from_outside(tmp_path: Path) -> None:
    root = project(tmp_path / "project")
    (tmp_path / "secret").write_text("deployments: []", encoding="utf-8")
    (root / "prefect.yaml").symlink_to(tmp_path / "secret")

    with pytest.raises(FilesError) as raised:
        standing(root)

    assert [problem.what.en for problem in raised.value.problems] == ["leads out of the project"]


def test_a_link_within_the_project_is_a_file_of_it(tmp_path: Path) -> None:
    root = project(tmp_path / "project")
    (root / "templates/dermapharm/one.mjml").write_text("<mj-text>a</mj-text>", encoding="utf-8")
    (root / "templates/dermapharm/two.mjml").symlink_to(root / "templates/dermapharm/one.mjml")

    read = load(root, [EmailStep])

    assert read.files["templates/dermapharm/two.mjml"] == "<mj-text>a</mj-text>"
    assert not any("leads out" in problem.what.en for problem in read.problems)


def test_a_file_that_ends_in_yml_is_told(tmp_path: Path) -> None:
    root = project(tmp_path / "project")
    for name in ("campaigns/spring.yml", "segments/gp.yml", "templates/dermapharm/announce.yml"):
        (root / name).write_text("segment: gp\n", encoding="utf-8")

    told = {problem.span.file: problem for problem in load(root, [EmailStep]).problems}

    assert [told[name].what.en for name in sorted(told) if name.endswith(".yml")] == [
        "is not read: its name ends in .yml"
    ] * 3
    assert "Rename it to spring.yaml" in told["campaigns/spring.yml"].remedy.en


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("campaigns/spring.yaml", "campaign: spring\ntitle: été", "2:8"),
        ("segments/gp.yaml", "segment: gp\ntitle: été", "2:8"),
        ("segments/gp.sql", "-- segment: gp\n-- title: été", "2:11"),
        ("templates/dermapharm/announce.yaml", "reference: é", "1:12"),
        ("templates/dermapharm/announce.mjml", "<mj-text>\nété</mj-text>", "2:1"),
    ],
)
def test_a_file_that_is_not_utf8_is_told_once_with_its_place(
    tmp_path: Path, name: str, text: str, place: str
) -> None:
    root = project(tmp_path / "project")
    (root / name).write_bytes(text.encode("latin-1"))

    told = [problem for problem in load(root, [EmailStep]).problems if problem.span.file == name]

    assert [f"{problem.span}: {problem.what.en}" for problem in told] == [
        f"{name}:{place}: is not UTF-8 text"
    ]


def test_a_material_card_with_an_unknown_key_is_told(tmp_path: Path) -> None:
    root = project(tmp_path / "project")
    card = root / "templates/dermapharm/announce.yaml"
    card.write_text("referense: 26/03/DER/PM/001\n", encoding="utf-8")

    told = [
        problem.what.en
        for problem in load(root, [EmailStep]).problems
        if problem.span.file.endswith("announce.yaml")
    ]

    assert "unknown key 'referense'" in told and "'reference' is missing" in told
