"""What an attempt to deliver a webhook came to, and when it is tried again."""

import random

import pytest

from elfatoora.wire import PROBLEM_CODES
from webhooks import answers


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_taken(status):
    assert answers.of_status(status, "ok").code is None


@pytest.mark.parametrize(
    ("status", "code", "down"),
    [
        (301, "webhook.redirect", True),
        (307, "webhook.redirect", True),
        (400, "webhook.status", False),
        (404, "webhook.status", False),
        (410, "webhook.status", False),
        (408, "webhook.status", True),
        (425, "webhook.status", True),
        (429, "webhook.status", True),
        (500, "webhook.status", True),
        (503, "webhook.status", True),
    ],
)
def test_not_taken(status, code, down):
    outcome = answers.of_status(status, "no")
    assert (outcome.code, outcome.down, outcome.status, outcome.answer) == (code, down, status, "no")


def test_every_problem_of_the_network_has_a_code():
    for code in [*PROBLEM_CODES, None, "something.new"]:
        outcome = answers.of_problem(code, "host")
        assert outcome.code in answers.CODES
        assert outcome.down


def test_the_wait_grows_with_jitter_and_ends():
    rng = random.Random(7)
    waits = [answers.retry_delay(failures, rng) for failures in range(1, answers.ATTEMPTS)]
    assert waits == sorted(waits)
    assert 8 <= waits[0] <= 12
    assert answers.retry_delay(100, rng) <= 43200 * 1.2
    assert 86400 < sum(waits) < 4 * 86400
    assert answers.retry_delay(0, random.Random(1)) == answers.retry_delay(1, random.Random(1))
