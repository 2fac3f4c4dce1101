"""Commands about the project's files."""

from pathlib import Path

from engine.app import open_app
from engine.cli.console import complain, count, language, say
from engine.problems import FilesError, Say


def check(*, links: bool = False) -> int:
    """Show everything that is wrong with all files of the project: place, words, what to do. Needs no database.

    What is not wrong and should be looked at (words that read as spam, a subject that telephones cut) is told as
    remarks; they stop nothing.

    Args:
        links: Ask every link of every card in use whether it answers; needs the network.
    """
    from engine.actions.check import remarks

    app = open_app()
    project = app.project
    for remark in remarks(project, app.channels, app.now()):
        say(f"? {remark.show(language())}")
    problems = list(project.problems)
    if links and not problems:
        from engine.actions.dead_links import dead_links

        problems = dead_links(project)
    if problems:
        error = FilesError(problems)
        complain(error.show(language()))
        return error.exit_code
    campaigns, segments, files = len(project.campaigns), len(project.library.segments), len(project.files)
    say(
        Say(
            f"All is well: {count(campaigns)} campaigns, {count(segments)} segments, {count(files)} files.",
            f"Tout va bien : {count(campaigns)} campagnes, {count(segments)} segments, {count(files)} fichiers.",
        )
    )
    return 0


def play(campaign: str) -> int:
    """Play 90 days of a campaign with the customers of its own examples, and say who gets what when.

    Needs no database. Exit code 10: something came otherwise than an example expects.

    Args:
        campaign: A name from campaigns/.
    """
    from engine.actions.play import play_examples

    shown = play_examples(open_app().written, campaign)
    problems = [problem for one in shown for problem in one.problems]
    for one in shown:
        mark = "✗" if one.problems else "✓"
        came = ", ".join(f"{played.step}: {one.said(played)}" for played in one.played)
        say(f"{mark} {one.title}")
        say(Say(f"    {came or 'nothing'}", f"    {came or 'rien'}"))
    if problems:
        error = FilesError(problems)
        complain(error.show(language()))
        return error.exit_code
    return 0


def schema(folder: Path | None = None) -> None:
    """Write the JSON Schemas of campaigns, segments, policy and material cards, for editors to complete from.

    The company's own facts and their values are in them. The first line of each shipped file points at one.

    Args:
        folder: Where to; .touchbase/schemas if not given.
    """
    from engine.actions.schema import write_schemas

    app = open_app()
    for path in write_schemas(
        app.project,
        [channel.step for channel in app.channels.values()],
        folder or app.settings.folder / "schemas",
    ):
        say(str(path))
