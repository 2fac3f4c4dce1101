"""The command about touches of which nobody knows whether they left."""

from typing import Annotated

from cyclopts import Parameter

from engine.app import open_app
from engine.cli.console import say, table
from engine.problems import Say


def unknown(
    touch: int | None = None,
    *,
    ending: Annotated[str | None, Parameter(name="--as")] = None,
    because: str = "",
) -> None:
    """List the touches of which nobody knows whether they left; or settle one of a step that declares 'unknown: manual'.

    Args:
        touch: The number of one touch, as 'touchbase customer' shows it.
        ending: What became of it: accepted, refused, or ready (it may leave once more).
        because: How you know, in a few words without a person's data; it stands in the audit trail with your name.
    """
    from engine.actions.pinned import pinned
    from engine.actions.unknown import decide
    from engine.model.written import TouchId
    from engine.store.unknown import waiting

    app = open_app()
    with app.database("unknown") as connection:
        if touch is not None:
            decide(
                connection,
                TouchId(touch),
                ending or "",
                app.channels,
                by=app.settings.actor,
                because=because,
            )
            say(Say(f"Touch {touch} is {ending}.", f"Contact {touch} : {ending}."))
            return
        rows = []
        for one in waiting(connection):
            steps = pinned(connection, one.definition_sha, one.campaign, app.channels).campaign.steps
            declared = getattr(steps[one.step], "unknown", "-")
            rows.append([one.run_id, one.campaign, one.step, one.touches, declared])
    table(
        [
            Say("run", "exécution"),
            Say("campaign", "campagne"),
            Say("step", "étape"),
            Say("nobody knows", "nul ne sait"),
            Say("declared", "déclaré"),
        ],
        rows,
    )
