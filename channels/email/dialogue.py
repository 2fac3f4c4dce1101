"""One SMTP connection's talk, without the socket: what was written, what was answered, per mail.

    MAIL RCPT DATA →            ← 250 250 354
    body . MAIL RCPT DATA →     ← 250 250 250 354        the next envelope rides with the body's end

The one question that matters when a connection breaks is whether the dot of a mail was out. So each
mail knows at which byte of the stream its dot ends, and the socket's owner reports how many bytes
left. Before that byte: nothing was sent, it may be done again. After it, without a reply: unknown.

Servers without PIPELINING get the same commands one by one.

Source: RFC 5321 section 4.2.5 and 4.5.3.2, RFC 2920 (pipelining), RFC 1047 (why the window exists).
"""

import datetime as dt
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from channels.email.composer import Mail
from channels.email.replies import Garbage, Replies, Reply
from engine.contract import Ending, Parcel, Receipt, untold
from engine.model.written import TouchId

NOW: Final = dt.timedelta(0)
GREYLISTED: Final = dt.timedelta(minutes=6)
"""How long a mail waits that the other side does not want now; greylisting asks for five minutes."""

COMMAND_SECONDS: Final = 300.0
DOT_SECONDS: Final = 660.0
"""A server may scan for ten minutes; who hangs up at sixty seconds sends the mail again (RFC 5321 4.5.3.2.6)."""


class Expected(Enum):
    RSET = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    DOT = auto()


class Posting:
    """One mail on its way over one connection."""

    __slots__ = ("dot_at", "mail", "parcel", "refusal", "tries")

    def __init__(self, parcel: Parcel) -> None:
        self.parcel = parcel
        self.mail: Mail = parcel.content
        self.tries = 0
        self.dot_at: int | None = None  #: the byte of the stream after which its dot is out
        self.refusal: Receipt | None = None


class Dialogue:
    """The talk on one connection, from its first mail to its last.

    `take` gives the next mail or `None`; `report` takes a receipt; `mark` is asked of each touch
    before the bytes of its dot can leave: after a no they never do.
    """

    def __init__(
        self,
        *,
        pipelining: bool,
        take: Callable[[], Posting | None],
        report: Callable[[Receipt], None],
        mark: Callable[[TouchId], bool] = untold,
    ) -> None:
        self._pipelining = pipelining
        self._take, self._report, self._mark = take, report, mark
        self._replies = Replies()
        self._expected: deque[tuple[Expected, Posting]] = deque()
        self._under_way: list[Posting] = []  #: written in part or whole, without a receipt: two at most
        self._needs_reset = False
        self._queued = 0  #: bytes handed to `outgoing` so far
        self.outgoing: list[bytes] = []
        self.left = 0  #: bytes that may have reached the other side; kept by the socket's owner
        self.is_broken = False  #: nothing more may be written here
        self.refuses_us: Reply | None = None  #: a 5xx to our own name: no mail will pass

    @property
    def is_idle(self) -> bool:
        return not self._expected

    @property
    def patience(self) -> float:
        """Return how many seconds the next reply may take."""
        first = self._expected[0][0] if self._expected else Expected.MAIL
        return DOT_SECONDS if first is Expected.DOT else COMMAND_SECONDS

    def start(self) -> None:
        """Write the next mail's envelope, if there is a next mail and nothing is under way."""
        if not self._expected and not self.is_broken:
            posting = self._take()
            if posting is not None:
                self._write(self._envelope(posting))

    def received(self, data: bytes) -> None:
        """Take in what the other side wrote.

        Raises:
            Garbage: it is no reply, or one to nothing; close the connection and call `lost`.
        """
        for reply in self._replies.feed(data):
            if reply.code == 421:
                self.is_broken = True
            if not self._expected:
                raise Garbage("a reply to nothing")
            expected, posting = self._expected.popleft()
            if expected is Expected.DOT and (posting.dot_at or 0) > self.left:
                raise Garbage("a reply before its time")
            self._answered(expected, posting, reply)
            if self.is_broken:
                return

    def lost(self) -> list[Posting]:
        """Return the mails whose dot was never out: they may go by another connection.

        The others get their receipt here: nobody knows what became of them.
        """
        self.is_broken = True
        again: list[Posting] = []
        for posting in list(self._under_way):
            if posting.refusal is not None:
                self._finish(posting, posting.refusal)
            elif posting.dot_at is not None and self.left >= posting.dot_at:
                unknown = Receipt(posting.parcel.touch, Ending.UNKNOWN, reply="connection lost after the dot")
                self._finish(posting, unknown)
            else:
                posting.dot_at = None
                again.append(posting)
        self._under_way.clear()
        self._expected.clear()
        return again

    def _finish(self, posting: Posting, receipt: Receipt) -> None:
        self._under_way.remove(posting)
        self._report(receipt)

    def _write(self, data: bytes) -> None:
        self._queued += len(data)
        self.outgoing.append(data)

    def _envelope(self, posting: Posting) -> bytes:
        """Return the commands that may go out now for a mail, and expect their answers."""
        self._under_way.append(posting)
        expect = self._expected.append
        sender = b"MAIL FROM:<%b>\r\n" % posting.mail.sender.encode("ascii")
        front = b""
        if self._needs_reset:
            self._needs_reset = False
            front = b"RSET\r\n"
            expect((Expected.RSET, posting))
            if not self._pipelining:
                return front
        expect((Expected.MAIL, posting))
        if not self._pipelining:
            return front + sender
        expect((Expected.RCPT, posting))
        expect((Expected.DATA, posting))
        return front + sender + b"RCPT TO:<%b>\r\nDATA\r\n" % posting.parcel.address.encode("ascii")

    def _answered(self, expected: Expected, posting: Posting, reply: Reply) -> None:
        code = reply.code
        match expected:
            case Expected.RSET:
                if code != 250:
                    self.is_broken = True
                elif not self._pipelining:
                    self._step(Expected.MAIL, posting, b"MAIL FROM:<%b>\r\n" % posting.mail.sender.encode())
            case Expected.MAIL:
                if code != 250:
                    self._refused(expected, posting, reply)
                if not self._pipelining and not self.is_broken:
                    if posting.refusal is None:
                        self._step(
                            Expected.RCPT, posting, b"RCPT TO:<%b>\r\n" % posting.parcel.address.encode()
                        )
                    else:
                        self._end(posting)
            case Expected.RCPT:
                if code not in (250, 251):
                    self._refused(expected, posting, reply)
                if not self._pipelining and not self.is_broken:
                    if posting.refusal is None:
                        self._step(Expected.DATA, posting, b"DATA\r\n")
                    else:
                        self._end(posting)
            case Expected.DATA:
                if code == 354 and posting.refusal is None:
                    self._post(posting)
                elif code == 354:
                    # It refused sender or recipient and wants data all the same. Without a dot no mail can
                    # come of it, not even an empty one: hang up.
                    self.is_broken = True
                else:
                    self._refused(expected, posting, reply)
                    if not self.is_broken:
                        self._end(posting)
            case Expected.DOT:
                self._settled(posting, reply)

    def _step(self, expected: Expected, posting: Posting, command: bytes) -> None:
        self._expected.append((expected, posting))
        self._write(command)

    def _post(self, posting: Posting) -> None:
        """Write body and dot; the next envelope rides with them."""
        if not self._mark(posting.parcel.touch):
            # Behind a 354 only a dot or the end of the connection is understood.
            posting.refusal = Receipt(
                posting.parcel.touch,
                Ending.LATER,
                reply="not written: its time to leave was over",
                retry_in=NOW,
            )
            self.is_broken = True
            return
        body = posting.mail.data + b".\r\n"
        posting.dot_at = self._queued + len(body)
        self._expected.append((Expected.DOT, posting))
        following = self._take() if self._pipelining else None
        self._write(body if following is None else body + self._envelope(following))

    def _refused(self, expected: Expected, posting: Posting, reply: Reply) -> None:
        """Keep the first no to a mail; what the server says to the commands behind it follows from it."""
        if posting.refusal is not None:
            return
        touch, code = posting.parcel.touch, reply.code
        if 400 <= code < 500 or code == 503:
            posting.refusal = Receipt(
                touch, Ending.LATER, "not_now", reply.text, reply.enhanced, retry_in=GREYLISTED
            )
        elif 500 <= code < 600 and expected is Expected.MAIL:
            # Our own name is refused: no fault of this customer, and no mail will pass.
            posting.refusal = Receipt(touch, Ending.LATER, "sender_refused", reply.text, reply.enhanced)
            self.refuses_us = reply
        elif 500 <= code < 600:
            posting.refusal = refused(touch, reply)
        else:
            self.is_broken = True  # an answer that makes no sense here; the dot is not out

    def _end(self, posting: Posting) -> None:
        """Report a mail that did not get as far as its body, and go on with the next."""
        if posting.refusal is not None:
            self._finish(posting, posting.refusal)
        self._needs_reset = True
        if self.refuses_us is None:
            self.start()

    def _settled(self, posting: Posting, reply: Reply) -> None:
        """Report what the server said to the dot."""
        touch, code = posting.parcel.touch, reply.code
        if posting.refusal is not None:
            receipt = posting.refusal
        elif code == 250:
            receipt = Receipt(touch, Ending.ACCEPTED, reply=reply.text)
        elif 400 <= code < 500:
            receipt = Receipt(touch, Ending.LATER, "not_now", reply.text, reply.enhanced, retry_in=GREYLISTED)
        elif 500 <= code < 600:
            receipt = refused(touch, reply)
        else:
            receipt = Receipt(touch, Ending.UNKNOWN, reply=reply.text)
            self.is_broken = True
        self._finish(posting, receipt)
        if self.refuses_us is None:
            self.start()


def refused(touch: TouchId, reply: Reply) -> Receipt:
    """Return the receipt of a definite no: about the address, about policy, or about the mail.

    Only the first kind says anything about the customer's address.
    """
    enhanced = reply.enhanced or ""
    if enhanced.startswith("5.7."):
        reason = "policy_refused"
    elif enhanced.startswith("5.1.") or (not enhanced and reply.code in (550, 551, 553)):
        reason = "address_refused"
    else:
        reason = "mail_refused"
    return Receipt(touch, Ending.REFUSED, reason, reply.text, enhanced or None)
