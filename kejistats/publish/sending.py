"""Sending: at the rate allowed, again after growing pauses, every state in the ledger first."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kejistats.publish.ledger import Ledger
from kejistats.publish.mail_settings import MailSettings
from kejistats.publish.server import Outcome, Server, UnreachableError


@dataclass(frozen=True)
class Outgoing:
    """One message of the outbox.

    Parameters
    ----------
    number
        Its number in the ledger.
    address
        Whom it goes to.
    file
        The message as it lies in the outbox; just these bytes go out.
    """

    number: int
    address: str
    file: Path


Told = Callable[[Outgoing, Outcome], None]


class Sending:
    """One run through the outbox.

    Parameters
    ----------
    server, sender, mail, ledger
        Where to, from whom, within which limits, and where every state is written.
    told
        Called with each message and how it ended.
    sleep, clock
        The time.
    """

    def __init__(
        self, server: Server, sender: str, mail: MailSettings, ledger: Ledger,
        told: Told = lambda _, __: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._server, self._sender, self._mail, self._ledger = server, sender, mail, ledger
        self._told, self._sleep, self._clock = told, sleep, clock
        self._next = 0.0
        self._used = 0
        self._breaks = 0

    def run(self, messages: Sequence[Outgoing]) -> None:
        """Send all; what is deferred is tried again after a pause, each twice as long.

        Raises
        ------
        ServerError
            When the server cannot be used; what has not been tried stays planned.
        """
        left = list(messages)
        try:
            for attempt in range(self._mail.attempts):
                if not left:
                    break
                if attempt:
                    self._sleep(self._mail.pause * 2 ** (attempt - 1))
                left = [one for one in left if self._send(one).state == "deferred"]
        finally:
            self._server.close()

    def _send(self, one: Outgoing) -> Outcome:
        self._connect()
        self._wait()
        outcome = self._server.hand_over(
            self._sender, one.address, one.file.read_bytes(),
            lambda: self._ledger.write(one.number, "handed"),
        )  # fmt: skip
        self._ledger.write(one.number, outcome.state, outcome.answer)
        self._told(one, outcome)
        self._used += 1
        self._breaks = self._breaks + 1 if outcome.broken else 0
        if self._breaks >= self._mail.attempts:
            raise UnreachableError(
                f"the connection broke {self._breaks} times in a row, last: {outcome.answer}",
                "run it again later; what is missing is sent then",
            )
        if self._breaks:
            self._sleep(self._mail.pause * 2 ** (self._breaks - 1))
        return outcome

    def _connect(self) -> None:
        """Make sure of a connection that is not used up; an unreachable server is tried again."""
        if self._server.connected and self._used >= self._mail.batch:
            self._server.close()
        if self._server.connected:
            return
        self._used = 0
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
        """Keep to the rate."""
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + 60 / self._mail.rate
