"""What the agent says when it does not sign: a code and its parameters, never a secret."""


class AgentError(Exception):
    """``code``: one of the `agent.` codes that the caller knows; ``params``: what the code's sentence names."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code, self.params = code, params
