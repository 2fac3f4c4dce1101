"""What the demo leaves behind is worth looking at."""

from pathlib import Path

from engine.app import open_app
from engine.cli import demo
from engine.rules.schedule import latest


def test_the_last_campaign_is_left_while_its_visits_can_still_be_made() -> None:
    app = open_app(
        root=Path(__file__).parents[2], environment={"TOUCHBASE_SECRET": "of this test, long enough"}
    )

    moments = demo._moments(app)

    last = max(moments, key=lambda moment: moment.slot.at)
    campaign = app.project.campaigns[last.campaign]
    visits = [name for name, step in campaign.steps.items() if step.channel == "visit"]
    ends = latest(campaign, last.slot.at)
    assert visits and all(moments[-1].at < ends[name] for name in visits)
