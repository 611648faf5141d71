"""What a suite found, and how it is told."""

from dataclasses import dataclass, field

# The only reason for which a test may skip itself: reference material that is not part of the project.
ALLOWED_SKIP = "no ../shared"


@dataclass
class Result:
    """:param str suite: its name.

    :param list problems: texts for the reader, one for each thing that counts as a failure beside the failed tests.
    :param str output: what is shown when something failed.
    """

    suite: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    problems: list = field(default_factory=list)
    output: str = ""

    @property
    def good(self):
        return not self.failed and not self.problems

    def add_skip(self, test, reason):
        """Count a skipped test; with any other reason than ``ALLOWED_SKIP`` it is a failure: it hides what is missing."""
        if ALLOWED_SKIP in reason:
            self.skipped += 1
        else:
            self.problems.append(f"{test} skipped itself: {reason}")

    def line(self):
        """:return: the one line of a summary."""
        return (
            f"{self.suite:8} {self.passed:5} passed {self.failed + len(self.problems):3} failed {self.skipped:3} skipped"
            f"  {self.seconds:6.1f} s"
        )


def total(results):
    """:return: the count line of all suites; a problem counts as a failure."""
    passed = sum(result.passed for result in results)
    failed = sum(result.failed + len(result.problems) for result in results)
    skipped = sum(result.skipped for result in results)
    return f"tests: {passed} passed, {failed} failed, {skipped} skipped"
