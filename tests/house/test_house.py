"""The house keeps its own promises: floors, documents, statements, packages."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("engine", "channels")


def tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", pattern],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def commands() -> list[str]:
    from engine.cli.commands import GROUPS

    return [command.name for group in GROUPS for command in group.commands]


def test_floors_import_downwards_only() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_the_name_of_each_package_leads_into_our_tree(package: str) -> None:
    """`channels` is also the import name of Django Channels."""
    module = import_module(package)

    assert Path(str(module.__file__)).is_relative_to(ROOT)


@pytest.mark.parametrize("name", commands())
def test_every_command_does_something(name: str) -> None:
    from engine.cli.commands import GROUPS

    (where,) = [command.where for group in GROUPS for command in group.commands if command.name == name]
    module, function = where.split(":")
    assert callable(getattr(import_module(module), function))


@pytest.mark.parametrize("name", commands())
def test_every_command_is_documented(name: str) -> None:
    pages = [ROOT / "README.md", *tracked("docs/*.md"), *tracked("docs/**/*.md")]

    assert any(f"touchbase {name}" in page.read_text(encoding="utf-8") for page in pages)


def test_every_setting_is_documented() -> None:
    settings = set(
        re.findall(r'"(TOUCHBASE_[A-Z_]+)"', (ROOT / "engine" / "app.py").read_text(encoding="utf-8"))
    )
    pages = "".join(page.read_text(encoding="utf-8") for page in [ROOT / "README.md", *tracked("docs/*.md")])

    assert settings and {setting for setting in settings if setting not in pages} == set()


def test_every_named_statement_is_used() -> None:
    named = {
        (path.stem, name)
        for path in tracked("engine/store/sql/*.sql")
        for name in re.findall(r"^-- name: (\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    words = {
        node.value
        for path in [*tracked("engine/**/*.py"), *tracked("engine/*.py"), *tracked("channels/**/*.py")]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    words |= {
        part
        for path in tracked("engine/store/sql/*.sql")
        for part in re.findall(r"/\*law: (\w+)\*/", path.read_text(encoding="utf-8"))
    }

    assert named and {f"{file}.sql: {name}" for file, name in named if name not in words} == set()


def test_what_planning_and_gate_both_ask_of_a_customer_is_written_once() -> None:
    asked = {
        file: {
            " ".join(case.split())
            for case in re.findall(
                r"CASE WHEN .+? END",
                (ROOT / f"engine/store/sql/{file}.sql").read_text(encoding="utf-8"),
                re.DOTALL,
            )
        }
        for file in ("journey", "ledger", "law")
    }

    assert len(asked["law"]) > 10 and all(asked.values())
    assert asked["journey"] & asked["ledger"] == asked["journey"] & asked["law"] == set()


def test_every_word_of_the_glossary_stands_once() -> None:
    words = re.findall(r"^\| \*\*(.+?)\*\*", (ROOT / "GLOSSARY.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert len(words) > 40 and sorted(words) == sorted(set(words))


def test_no_committed_file_knows_a_path_of_one_machine() -> None:
    suspicious = re.compile(r"(?<![\w.$}])/(?:work|root|farm|home/\w+|Users/\w+)/\w")
    found = []
    for path in tracked("."):
        if path.suffix in (".svg", ".png", ".pdf", ".lock", ".js", ".css") or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if suspicious.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}")

    assert found == []


def test_the_wheel_holds_every_file_that_the_engine_reads(tmp_path: Path) -> None:
    from zipfile import ZipFile

    uv = next(
        (
            str(path)
            for path in (Path(sys.executable).with_name("uv"), ROOT / ".touchbase" / "tools" / "bin" / "uv")
            if path.exists()
        ),
        "uv",
    )
    try:
        built = subprocess.run(
            [uv, "build", "--wheel", "--offline", "--out-dir", tmp_path, ROOT], capture_output=True, text=True
        )
    except FileNotFoundError:
        pytest.skip("uv is not on PATH")
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")

    held = set(ZipFile(wheel).namelist())

    needed = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in tracked(f"{package}/*")
        if path.suffix not in (".md",)
    }
    assert needed - held == set()


def test_the_schema_that_a_shipped_file_names_is_written(tmp_path: Path) -> None:
    from engine.actions.schema import write_schemas
    from tests import shipped

    app = shipped.opened()
    steps = [channel.step for channel in app.channels.values()]
    written = {path.name for path in write_schemas(app.project, steps, tmp_path)}
    named = {
        path: re.search(r"\$schema=(\S+)", path.read_text(encoding="utf-8"))
        for folder in ("campaigns", "segments", "templates")
        for path in tracked(f"{folder}/**/*.yaml")
    }

    assert named and all(named.values()), "each shipped file names its schema"
    for path, said in named.items():
        assert said is not None
        schema = (path.parent / said[1]).resolve()
        assert (schema.parent, schema.name in written) == (ROOT / ".touchbase" / "schemas", True), path
