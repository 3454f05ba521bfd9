import pytest

from local import logs
from local.errors import InputError
from local.settings import Settings


@pytest.fixture(autouse=True)
def written(settings: Settings) -> None:
    (settings.logs / "api").mkdir(parents=True)
    (settings.logs / "emulator.log").write_text("".join(f"line {number}\n" for number in range(1, 301)))
    (settings.logs / "api/one.log").write_text("ready\n")


def show(settings: Settings, *names: str, lines: int = 2) -> None:
    logs.show(settings, names=names, lines=lines, follow=False)


def test_each_log_s_end_is_shown_with_its_name(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    show(settings)
    assert capsys.readouterr().out == "api/one | ready\nemulator | line 299\nemulator | line 300\n"


def test_logs_are_chosen_by_part_of_their_name(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    show(settings, "api")
    assert capsys.readouterr().out == "api/one | ready\n"


def test_an_unknown_name_lists_those_there_are(settings: Settings) -> None:
    with pytest.raises(InputError, match=r"no log is named like redis; there are: api, emulator"):
        show(settings, "redis")


def test_following_shows_whole_new_lines_and_new_logs(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = settings.logs / "api/one.log"
    writes = iter(
        [
            (log, "a", "begun"),
            (log, "a", " and ended\n"),
            (settings.logs / "api/two.log", "w", "second\n"),
            (log, "w", "anew\n"),
        ]
    )

    def write_next(_: float) -> None:
        try:
            path, mode, text = next(writes)
        except StopIteration:
            raise KeyboardInterrupt from None
        with path.open(mode) as file:
            file.write(text)

    monkeypatch.setattr("time.sleep", write_next)
    with pytest.raises(KeyboardInterrupt):
        logs.show(settings, names=["api"], lines=5, follow=True)
    assert capsys.readouterr().out.splitlines() == [
        "api/one | ready",
        "api/one | begun and ended",
        "api/two | second",
        "api/one | anew",
    ]
