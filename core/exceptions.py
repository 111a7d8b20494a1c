class DomainError(Exception):
    """A rule of the domain was broken; the message is safe to show to the user."""


class TransitionNotAllowed(DomainError):
    """The verb does not apply in the present state."""


class FileRefused(DomainError):
    """A file or an import profile as a whole cannot be read; the message is one line with what to do."""
