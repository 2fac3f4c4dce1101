"""What a project's files are: those below it, and no others."""

from pathlib import Path

from channels.email.step import EmailStep
from engine.loading.project import load


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


def test_a_link_within_the_project_is_a_file_of_it(tmp_path: Path) -> None:
    root = project(tmp_path / "project")
    (root / "templates/dermapharm/one.mjml").write_text("<mj-text>a</mj-text>", encoding="utf-8")
    (root / "templates/dermapharm/two.mjml").symlink_to(root / "templates/dermapharm/one.mjml")

    read = load(root, [EmailStep])

    assert read.files["templates/dermapharm/two.mjml"] == "<mj-text>a</mj-text>"
    assert not any("leads out" in problem.what.en for problem in read.problems)
