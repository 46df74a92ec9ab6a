"""What the checks that read the configuration files share: the rights that it takes, which no predefined role has."""

from __future__ import annotations

GRANTS = ("SELECT ON pg_catalog.pg_file_settings", "EXECUTE ON FUNCTION pg_catalog.pg_show_all_file_settings()")
