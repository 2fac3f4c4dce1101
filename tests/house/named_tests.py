"""The tests that a page of the docs names, and those that there are."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def named(said: str) -> list[tuple[str, str]]:
    return re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", said)


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
