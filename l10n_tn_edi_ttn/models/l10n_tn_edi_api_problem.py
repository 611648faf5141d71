"""A call that is refused: raised anywhere below the API, answered as problem+json by its dispatcher."""

from werkzeug.exceptions import HTTPException

from ..api.problems import PROBLEMS


class ApiProblem(HTTPException):
    """Ends the call; what it did is rolled back.

    :ivar str problem: a code of ``api.problems.PROBLEMS``.
    :ivar dict params: of its sentence.
    :ivar list findings: dicts as the schema ``Finding`` has them.
    :ivar dict headers: to add to the answer.
    """

    def __init__(self, problem, /, *, findings=None, headers=None, **params):
        super().__init__()
        self.code = PROBLEMS[problem]
        self.problem, self.params = problem, params
        self.findings, self.headers = findings or [], headers or {}
