"""The statements known when written: each under a name, with a line of purpose, in `sql/*.sql`.

Where `/*law: standing*/` stands in one, the fragment of that name in `sql/law.sql` is put: what planning and gate both
ask is written once.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Final, LiteralString

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_LAW: Final = re.compile(r"/\*law: (\w+)\*/")


@cache
def statements(file: str) -> dict[str, LiteralString]:
    """Return the named statements of `sql/<file>.sql`.

    The texts are ours, read from the package: literal, whatever a type checker can see of it.
    """
    text = (files("engine.store") / "sql" / f"{file}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)
    return {
        name: _LAW.sub(lambda part: statement("law", part[1]), body.strip().rstrip(";"))
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def statement(file: str, name: str) -> LiteralString:
    """Return one named statement.

    Raises:
        KeyError: no statement of that name; a slip of ours.
    """
    return statements(file)[name]
