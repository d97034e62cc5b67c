"""What `make aws-check` and `make aws-smoke` do without an account, and the report."""

from collections.abc import Callable

import pytest

from tests.aws import check
from tests.aws.smoke import __main__ as smoke
from tests.aws.smoke.report import CheckFailed, Report, Verdict


@pytest.mark.parametrize("main", [check.main, smoke.main])
def test_without_an_account_nothing_is_begun(
    main: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    assert main() == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "aws configure" in err


def test_a_check_that_fails_is_told_and_the_next_is_made() -> None:
    said: list[str] = []
    report = Report({"stack": "a"}, said.append)
    with report.check("grades") as seen:
        seen.append("never told")
        raise CheckFailed("2 rows | differ")
    with report.check("alarms") as seen:
        seen += ["14 alarms", "quiet"]
    report.not_here("strangers", "no signatures")
    assert [line.verdict for line in report.lines] == [Verdict.FAILED, Verdict.SHOWN, Verdict.NOT_HERE]
    assert not report.is_good
    assert len(said) == 3
    table = report.markdown()
    assert "| grades | FAILED | CheckFailed: 2 rows / differ |" in table
    assert "| alarms | shown | 14 alarms; quiet |" in table
    assert "never told" not in table


def test_a_report_that_shows_nothing_is_not_good() -> None:
    report = Report({}, lambda line: None)
    report.not_here("all of it", "there is no account")
    assert not report.is_good
    with report.check("grades"):
        pass
    assert report.is_good
