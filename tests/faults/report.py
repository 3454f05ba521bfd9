"""The table, line by line as it comes about."""

from collections.abc import Sequence

from tests.faults.run import Result

_HEADERS = ("row", "injected", "accepted", "sent", "failed", "missing", "twice", "repeats", "retried", "s", "verdict")
_FORMAT = "{:<46} {:<28} {:>8} {:>6} {:>6} {:>7} {:>5} {:>7} {:>7} {:>5}  {}"


class Report:
    """Prints results, and keeps what is wrong with them."""

    def __init__(self, *, seed: int, count: int) -> None:
        self._seed = seed
        self._count = count
        self._results: list[Result] = []

    def say(self, text: str) -> None:
        """A line of its own, at once."""
        print(text, flush=True)

    def begin(self) -> None:
        """The headers."""
        self.say(f"{self._count} notifications a row, seed {self._seed}\n")
        self.say(_FORMAT.format(*_HEADERS))

    def add(self, result: Result) -> None:
        """One line, and below it what is wrong."""
        self._results.append(result)
        found = result.verdict
        figures = (found.accepted, found.sent, found.failed, found.missing, found.twice, found.repeats, found.troubles)
        verdict = "kept" if result.is_green else "BROKEN"
        self.say(_FORMAT.format(result.row.title, result.injected, *figures, f"{result.seconds:.0f}", verdict))
        for complaint in [*found.complaints, *([result.void] if result.void else [])]:
            self.say(f"    {result.row.name}: {complaint}")

    def end(self, seconds: float) -> bool:
        """The sums; returns whether every row is green."""
        accepted, sent, failed, missing, twice, repeats = (
            sum(getattr(result.verdict, name) for result in self._results)
            for name in ("accepted", "sent", "failed", "missing", "twice", "repeats")
        )
        red = [result.row.name for result in self._results if not result.is_green]
        self.say(
            f"\n{accepted} accepted = {sent} sent + {failed} failed; {missing} missing, {twice} recorded twice,"
            f" {repeats} delivered again; {seconds / 60:.1f} min"
        )
        self.say("missing: lost or unsettled; repeats: deliveries beyond the first; retried: requests made again")
        self.say(_verdict(red))
        return not red


def _verdict(red: Sequence[str]) -> str:
    return f"the promise was broken in: {', '.join(red)}" if red else "the promise was kept in every row"
