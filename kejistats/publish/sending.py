"""Send the outbox: keep to the rate, retry after growing pauses, record every state first."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kejistats.publish.ledger import Ledger
from kejistats.publish.mail_settings import MailSettings
from kejistats.publish.server import Outcome, Server, UnreachableError

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outgoing:
    """One message of the outbox.

    Parameters
    ----------
    number
        Its number in the ledger.
    address
        Address of the recipient.
    file
        The ``.eml`` in the outbox; exactly its bytes are sent.
    """

    number: int
    address: str
    file: Path


OnOutcome = Callable[[Outgoing, Outcome], None]


class Sending:
    """One run of sending.

    Parameters
    ----------
    server, sender, mail, ledger
        The server, the sender's address, the limits, and the ledger that records every state.
    on_outcome
        Called with each message and the outcome of each attempt.
    sleep, clock
        Functions of time; replaced in tests.
    """

    def __init__(
        self, server: Server, sender: str, mail: MailSettings, ledger: Ledger,
        on_outcome: OnOutcome = lambda _, __: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._server, self._sender, self._mail, self._ledger = server, sender, mail, ledger
        self._on_outcome, self._sleep, self._clock = on_outcome, sleep, clock
        self._next_time = 0.0
        self._sent_on_connection = 0
        self._breaks_in_a_row = 0

    def run(self, messages: Sequence[Outgoing]) -> None:
        """Send all messages; retry deferred ones after a pause that doubles each time.

        Raises
        ------
        ServerError
            When the server cannot be used; messages not attempted stay planned.
        """
        remaining = list(messages)
        try:
            for attempt in range(self._mail.attempts):
                if not remaining:
                    break
                if attempt:
                    self._sleep(self._mail.pause * 2 ** (attempt - 1))
                remaining = [m for m in remaining if self._send(m).state == "deferred"]
        finally:
            self._server.close()

    def _send(self, message: Outgoing) -> Outcome:
        self._connect()
        self._wait()
        outcome = self._server.hand_over(
            self._sender, message.address, message.file.read_bytes(),
            lambda: self._ledger.set_state(message.number, "handed"),
        )  # fmt: skip
        self._ledger.set_state(message.number, outcome.state, outcome.answer)
        _LOG.info("message to %s: %s %s", message.address, outcome.state, outcome.answer)
        self._on_outcome(message, outcome)
        self._sent_on_connection += 1
        self._breaks_in_a_row = self._breaks_in_a_row + 1 if outcome.broken else 0
        if self._breaks_in_a_row >= self._mail.attempts:
            raise UnreachableError(
                f"the connection broke {self._breaks_in_a_row} times in a row, "
                f"last: {outcome.answer}",
                "run the command again later; it sends what is missing",
            )
        if self._breaks_in_a_row:
            self._sleep(self._mail.pause * 2 ** (self._breaks_in_a_row - 1))
        return outcome

    def _connect(self) -> None:
        """Connect if needed, after each batch anew; retry while the server is unreachable."""
        if self._server.connected and self._sent_on_connection >= self._mail.batch:
            self._server.close()
        if self._server.connected:
            return
        self._sent_on_connection = 0
        for attempt in range(self._mail.attempts):
            try:
                self._server.connect()
            except UnreachableError:
                if attempt + 1 == self._mail.attempts:
                    raise
                self._sleep(self._mail.pause * 2**attempt)
            else:
                return

    def _wait(self) -> None:
        """Wait until the rate allows another message."""
        now = self._clock()
        if now < self._next_time:
            self._sleep(self._next_time - now)
        self._next_time = max(now, self._next_time) + 60 / self._mail.rate
