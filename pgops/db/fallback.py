"""A connection that was made with more encryption than was asked for, and how to remember that in the profile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.errors import ConfigError

if TYPE_CHECKING:
    from pgops.config.writing import FileProposal


@attrs.frozen(kw_only=True)
class Fallback:
    """A connection was made with TLS although it was not asked for, since the server demands it."""

    profile: str | None
    """The profile whose sslmode could be set, or None for a URL."""
    config_path: Path | None = None
    """The postgres.toml that has the profile."""
    display: str
    """Where the connection goes, with its secrets masked."""
    from_sslmode: str
    to_sslmode: str
    message: str
    """The server's words."""

    def proposal(self) -> FileProposal:
        """To save it: the profile's sslmode becomes true, so that the refused attempt is spared from then on.

        Nothing is written before the proposal is applied with an approval. Raises `ConfigError` where there is no
        profile but a URL, or where the profile's own url has an sslmode, which no other key overrules.
        """
        from pgops.config.editing import set_sslmode  # noqa: PLC0415  only who saves it pays for the editor

        if self.profile is None or self.config_path is None:
            raise ConfigError(
                f"{self.display} was given by a URL: there is no profile to save its sslmode in.",
                cure=f"Say sslmode={self.to_sslmode} in the URL.",
            )
        return set_sslmode(self.profile, True, config=self.config_path)
