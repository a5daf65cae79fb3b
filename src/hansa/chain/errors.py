"""What can go wrong when a chain is built: one error, for the person at the keyboard."""

__all__ = ["ChainError"]


class ChainError(Exception):
    """The chain cannot be built as asked. Nothing is left behind."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. {remedy}.")
        self.problem = problem
        self.remedy = remedy
