"""Schema: what editors complete campaign, segment, policy and material files from."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.loading.project import Project, adapter
from engine.loading.segment_schema import campaign_schema, json_schema
from engine.model.campaign import Step
from engine.model.facts import Facts
from engine.model.material import Material
from engine.model.policy import Policy

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas(project: Project, steps: Sequence[type[Step]]) -> dict[str, dict[str, Any]]:
    """Return the schema of each kind of file by its name, from the models that validate it.

    They know the company's own facts and values, and the segments and campaigns that there are.
    """
    found = {
        "campaign": campaign_schema(adapter(steps).json_schema(), project.library),
        "segment": json_schema(project.library),
        "policy": Policy.model_json_schema(),
        "facts": Facts.model_json_schema(),
        "material": Material.model_json_schema(),
    }
    return {name: {"$schema": DIALECT, **schema} for name, schema in found.items()}


def write_schemas(project: Project, steps: Sequence[type[Step]], folder: Path) -> list[Path]:
    """Write the schemas into `folder`; return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas(project, steps).items():
        path = folder / f"{name}.schema.json"
        path.write_text(json.dumps(schema, ensure_ascii=False, indent=1), encoding="utf-8")
        written.append(path)
    return written
