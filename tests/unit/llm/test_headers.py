"""What a provider's headers tell of waiting and of limits."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.llm.headers import limits, retry_after
from aita.models.rate_limits import Rates


def told(**headers: str) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            (told(retry_after="7"), 7),
            (told(retry_after="1", retry_after_ms="250"), 0.25),
            (told(retry_after="0"), 0.001),
            (told(retry_after="9e8"), 3600),
            (told(retry_after="inf"), 3600),
            (told(retry_after="5s"), 5),
            (told(retry_after="1m30s"), 90),
            (told(retry_after="1772442030", date="Mon, 02 Mar 2026 09:00:00 GMT"), 30),
            (told(retry_after="1772442030500", date="Mon, 02 Mar 2026 09:00:00 GMT"), 30.5),
            (told(retry_after="2026-03-02T09:00:20Z", date="Mon, 02 Mar 2026 09:00:00 GMT"), 20),
            (told(retry_after="5, 5"), None),
            (told(retry_after="soon"), None),
            (told(x_ratelimit_reset_requests="6m0s"), 360),
            (told(x_ratelimit_reset_tokens="120ms"), 0.12),
            (told(x_ratelimit_reset_requests="1h2m3.5s"), 3600),
            (told(x_ratelimit_reset_requests="30", x_ratelimit_reset_tokens="2s"), 30),
            (
                told(
                    x_ratelimit_reset_requests="30s",
                    x_ratelimit_reset_tokens="2s",
                    x_ratelimit_remaining_tokens="0",
                    x_ratelimit_remaining_requests="9",
                ),
                2,
            ),
            (told(retry_after="soon", x_ratelimit_reset_requests="2s"), 2),
            (told(retry_after="Mon, 02 Mar 2026 09:00:00", x_ratelimit_reset_requests="2s"), 2),
            (told(retry_after="Mon, 02 Mar 99999999 09:00:00 GMT"), None),
            (told(x_ratelimit_reset_requests="later"), None),
            (told(x_ratelimit_reset_requests="2026-03-02T09:00:00"), None),
            (told(x_ratelimit_reset_requests="2026-03-02T09:00:00Z"), 0.001),
            (told(x_ratelimit_reset_requests="1e30"), None),
            (told(x_ratelimit_reset_requests="inf"), None),
            (told(x_ratelimit_reset_requests="-1"), 0.001),
            ({}, None),
        ],
    )
    def test_of_a_refusal_for_a_limit(self, headers: dict[str, str], seconds: float | None) -> None:
        assert retry_after(headers, limited=True) == seconds

    @pytest.mark.parametrize("apart", [timedelta(seconds=40), timedelta(seconds=-40), timedelta(days=3650)])
    @pytest.mark.parametrize("form", ["retry-after", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"])
    def test_a_time_is_read_by_the_clock_that_it_comes_from(self, apart: timedelta, form: str) -> None:
        clock = (datetime.now(UTC) + apart).replace(microsecond=0)
        due = clock + timedelta(seconds=2)
        told_time = format_datetime(due, usegmt=True) if form == "retry-after" else due.isoformat()
        headers = {"date": format_datetime(clock, usegmt=True), form: told_time}
        assert retry_after(headers, limited=True) == 2

    @pytest.mark.parametrize(
        "date", ["", "now", "Mon, 02 Mar 2026 09:00:00 -0000", "Mon, 02 Mar 99999999 09:00:00 GMT"]
    )
    def test_a_response_without_a_clock_is_read_by_the_local_one(self, date: str) -> None:
        due = datetime.now(UTC) + timedelta(seconds=90)
        headers = told(date=date, retry_after=format_datetime(due, usegmt=True))
        assert retry_after(headers, limited=True) == pytest.approx(90, abs=2)

    def test_a_date(self) -> None:
        moment = datetime.now(UTC) + timedelta(seconds=90)
        assert retry_after(told(retry_after=format_datetime(moment, usegmt=True)), limited=True) == pytest.approx(
            90, abs=2
        )

    @pytest.mark.parametrize("form", ["iso", "seconds", "milliseconds"])
    def test_a_reset_that_is_told_as_a_moment(self, form: str) -> None:
        moment = datetime.now(UTC) + timedelta(seconds=90)
        forms = {
            "iso": moment.isoformat().replace("+00:00", "Z"),
            "seconds": str(int(moment.timestamp())),
            "milliseconds": str(int(moment.timestamp() * 1000)),
        }
        assert retry_after(told(x_ratelimit_reset_tokens=forms[form]), limited=True) == pytest.approx(90, abs=2)

    def test_the_reset_of_a_limit_is_no_answer_to_another_failure(self) -> None:
        assert retry_after(told(x_ratelimit_reset_requests="1s"), limited=False) is None
        assert retry_after(told(retry_after="3"), limited=False) == 3

    @given(st.text(max_size=20))
    def test_whatever_stands_there_is_taken_or_passed_over(self, value: str) -> None:
        for name in ("retry-after", "retry-after-ms", "x-ratelimit-reset-requests"):
            seconds = retry_after({name: value}, limited=True)
            assert seconds is None or 0.001 <= seconds <= 3600
        limits({"x-ratelimit-limit-requests": value, "x-ratelimit-remaining-requests": "0"})


class TestLimits:
    @staticmethod
    def headers(limit: str, remaining: str, reset: str, kind: str = "requests") -> dict[str, str]:
        return {
            f"x-ratelimit-limit-{kind}": limit,
            f"x-ratelimit-remaining-{kind}": remaining,
            f"x-ratelimit-reset-{kind}": reset,
        }

    def test_a_used_bucket_tells_how_fast_it_fills(self) -> None:
        assert limits(self.headers("500", "0", "60s")) == Rates(500 / 60, None)
        assert limits(self.headers("90000", "900", "59.4s", "tokens")) == Rates(None, 90_000)

    def test_a_limit_of_a_day_that_fills_as_it_goes(self) -> None:
        """Groq's requests a day: one every six seconds, and the reset is when all are there again."""
        told = limits(self.headers("14400", "1440", "21h36m0s"))
        assert told.requests_per_second == pytest.approx(1 / 6)

    @pytest.mark.parametrize(("remaining", "tells"), [("10", True), ("11", False)])
    def test_nine_tenths_must_be_used(self, remaining: str, tells: bool) -> None:
        assert bool(limits(self.headers("100", remaining, "6s"))) is tells

    @pytest.mark.parametrize("reset", ["2099-01-01T00:00:00Z", "4070908800", "4070908800000"])
    def test_a_moment_tells_no_rate(self, reset: str) -> None:
        assert not limits(self.headers("500", "0", reset))

    def test_what_is_refused_for_a_limit_tells_it_too(self) -> None:
        headers = self.headers("500", "0", "60s") | self.headers("90000", "0", "30s", "tokens")
        assert limits(headers) == Rates(500 / 60, 180_000)

    def test_a_window_that_has_just_begun_tells_nothing(self) -> None:
        assert not limits(self.headers("60", "59", "59s"))

    @pytest.mark.parametrize(
        ("limit", "remaining", "reset"),
        [("-1", "-1", "0"), ("5", "0", "9999h"), ("5", "0", "1e-9"), ("1e400", "0", "1s"), ("0", "0", "1s"),
         ("-5", "0", "1s"), ("5", "9", "1s"), ("5", "-1", "1s"), ("5", "0", "0s"), ("nan", "0", "1s"),
         ("inf", "0", "1s"), ("5", "0", "inf"), ("five", "0", "1s"), ("5", "", "1s"), ("5", "0", "")],
    )  # fmt: skip
    def test_nonsense_tells_nothing(self, limit: str, remaining: str, reset: str) -> None:
        assert not limits(self.headers(limit, remaining, reset))
