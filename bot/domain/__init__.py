"""Values and pure decisions: no library, no clock, no network, no database."""
