"""What a campaign file may say about an e-mail."""

from typing import Annotated, Literal, Self

from pydantic import Field

from engine.model.campaign import Step


class EmailStep(Step):
    """One e-mail per member."""

    channel: Literal["email"]
    template: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]*/[a-z0-9][a-z0-9_-]*$",
        description="templates/<template>.mjml and its material card: dermapharm/announce",
    )
    subject: str | dict[str, str] = Field(
        description="the subject line, with placeholders; or one per language: {fr: ..., en: ...}"
    )
    preheader: str | None = Field(
        None, description="what mailboxes show behind the subject; takes the place of the template's"
    )
    from_: str | None = Field(
        None, alias="from", description="rep (the customer's own), or a sender of the policy"
    )
    reply_to: str | None = Field(None, description="rep, or an address; the sender's if absent")

    attachments: list[
        Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*/[A-Za-z0-9][A-Za-z0-9_-]*\.[a-z]{3}$")]
    ] = Field(
        [], max_length=5, description="files below templates/ that every mail brings: dermapharm/rcp.pdf"
    )
    measure_opens: bool = Field(
        True,
        description="a picture of one point tells when the mail is opened, only of customers who agreed to exactly that",
    )
    unknown: Literal["assume_sent", "resend_once", "manual"] = Field(
        "assume_sent",
        description="a mail of which nobody knows whether it left, 72 h later: counted as sent; sent a second time, once "
        "(must-arrive mails only); or left to a named person",
    )

    def marked(self, mark: str) -> Self:
        """Return the step with a mark in front of its subjects."""
        said = self.subject
        marked = (
            mark + said
            if isinstance(said, str)
            else {language: mark + text for language, text in said.items()}
        )
        return self.model_copy(update={"subject": marked})

    def subject_in(self, language: str) -> str:
        """Return the subject in a language, or the first one."""
        if isinstance(self.subject, str):
            return self.subject
        return self.subject.get(language) or next(iter(self.subject.values()), "")
