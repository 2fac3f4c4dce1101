"""What the demo leaves behind is worth looking at."""

from engine.cli import demo
from engine.rules.schedule import latest
from tests import shipped


def test_the_last_campaign_is_left_while_its_visits_can_still_be_made() -> None:
    app = shipped.opened()

    moments = demo._moments(app)

    last = max(moments, key=lambda moment: moment.slot.at)
    campaign = app.project.campaigns[last.campaign]
    visits = [name for name, step in campaign.steps.items() if step.channel == "visit"]
    ends = latest(campaign, last.slot.at)
    assert visits and all(moments[-1].at < ends[name] for name in visits)
