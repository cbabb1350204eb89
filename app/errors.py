"""Refusals a person can read: one plain sentence, one HTTP status. `app.error_pages` shows them."""

from __future__ import annotations


class AppError(Exception):
    """Base of all refusals; `str(error)` is the sentence shown to the person."""

    status_code = 400


class BadInputError(AppError):
    """The input names a file, row or field that cannot be used; nothing was changed."""

    status_code = 422


class TooLargeError(AppError):
    status_code = 413


class NotSignedInError(AppError):
    status_code = 401


class ForbiddenError(AppError):
    status_code = 403


class NotFoundError(AppError):
    """Absent, or not this person's to see: the answer is the same."""

    status_code = 404


class ConflictError(AppError):
    """Somebody else was first, or the thing has moved on; the person's input is kept on screen."""

    status_code = 409


class TryLaterError(AppError):
    """Refused for now; asked again after so long, it may work."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooManyTriesError(TryLaterError):
    status_code = 429


class BusyError(TryLaterError):
    """There is no room for one more just now."""

    status_code = 503


class NoSpaceError(AppError):
    status_code = 507


class StartError(AppError):
    """The program cannot start as asked; the command line prints the sentence and exits 1."""
