"""When the steps of a campaign come due, out of a definition's files; without what only channels and segments understand.

Who only asks when, need not wait for mail, letters and SQL to be imported.
"""

from collections.abc import Mapping
from typing import Final

from engine.loading.source import parse, plain
from engine.model.campaign import AnyCampaign, Campaign, Step
from engine.problems import Say, UsageError

_OF_A_STEP: Final = ("channel", "at", "after", "until")


def timetable(files: Mapping[str, str], name: str) -> AnyCampaign:
    """Return a campaign that a stored definition holds, its steps by channel and moments alone.

    Raises:
        UsageError: the definition holds no such campaign.
    """
    for path, text in files.items():
        if not path.startswith("campaigns/") or path == "campaigns/policy.yaml":
            continue
        source, _ = parse(text, path)
        said = None if source is None else plain(source.root)
        if isinstance(said, dict) and said.get("campaign") == name:
            steps = {
                step: {key: value for key, value in spec.items() if key in _OF_A_STEP}
                for step, spec in said["steps"].items()
            }
            return Campaign[Step].model_validate({**said, "steps": steps, "exit": None})
    raise UsageError(
        Say(f"The definition holds no campaign '{name}'.", f"La définition ne contient pas « {name} ».")
    )
