"""What is told at once, and what waits for its turn."""

from __future__ import annotations

from collections.abc import Callable

from pipecell.frontend.pace import MOST_SECONDS, Pace


class Teller:
    """The teller's thread, the clock and the timer, by hand."""

    def __init__(self, cost: float = 0.1) -> None:
        self.told: list[int] = []
        self.rests: list[float] = []
        self.queue: list[Callable[[], None]] = []
        self._alarms: list[Callable[[], None]] = []
        self._now = 0.0
        self._cost = cost
        self.pace: Pace[int] = Pace(self._tell, self.queue.append, self._set_alarm, lambda: self._now)

    def work(self) -> None:
        """Do what is queued."""
        while self.queue:
            self.queue.pop(0)()

    def rest(self) -> None:
        """Let the rest pass, and do what is queued then."""
        self._alarms.pop()()
        self.work()

    def _tell(self, what: int) -> None:
        self.told.append(what)
        self._now += self._cost

    def _set_alarm(self, seconds: float, act: Callable[[], None]) -> None:
        self.rests.append(seconds)
        self._alarms.append(act)


def test_the_first_is_told_at_once() -> None:
    teller = Teller()
    teller.pace.put("a", 1)
    teller.work()
    assert teller.told == [1]


def test_of_a_hundred_that_come_during_a_rest_the_newest_alone_is_told() -> None:
    teller = Teller()
    teller.pace.put("a", 0)
    teller.work()
    for number in range(1, 101):
        teller.pace.put("a", number)
        teller.work()
    assert teller.told == [0]
    teller.rest()
    assert teller.told == [0, 100]


def test_of_those_that_come_before_the_teller_has_time_the_newest_alone_is_told() -> None:
    teller = Teller()
    for number in range(10):
        teller.pace.put("a", number)
    teller.work()
    assert teller.told == [9]


def test_the_newest_of_each_name_is_told_in_the_order_in_which_they_came() -> None:
    teller = Teller()
    for name, number in (("a", 1), ("b", 2), ("a", 3)):
        teller.pace.put(name, number)
    teller.work()
    assert teller.told == [2, 3]


def test_what_comes_after_a_rest_in_which_nothing_came_is_told_at_once() -> None:
    teller = Teller()
    teller.pace.put("a", 1)
    teller.work()
    teller.rest()
    teller.pace.put("a", 2)
    teller.work()
    assert teller.told == [1, 2]


def test_a_rest_is_longer_than_the_telling_and_has_an_end() -> None:
    quick, slow = Teller(0.1), Teller(60.0)
    for teller in (quick, slow):
        teller.pace.put("a", 1)
        teller.work()
    assert 0.1 < quick.rests[0] < MOST_SECONDS == slow.rests[0]


def test_what_waits_is_told_once_when_something_follows_that_needs_it() -> None:
    teller = Teller()
    teller.pace.put("a", 1)
    teller.work()
    teller.pace.put("a", 2)
    teller.pace.hasten()
    assert teller.told == [1, 2]
    teller.rest()
    assert teller.told == [1, 2]


def test_a_telling_that_fails_does_not_end_the_turns() -> None:
    teller = Teller()

    def fail(_: int) -> None:
        raise RuntimeError

    alarms: list[Callable[[], None]] = []
    pace: Pace[int] = Pace(fail, teller.queue.append, lambda _, act: alarms.append(act))
    pace.put("a", 1)
    try:
        teller.work()
    except RuntimeError:
        alarms.pop()()
    pace.put("a", 2)
    assert len(teller.queue) == 1
