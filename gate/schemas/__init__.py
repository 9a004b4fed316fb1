"""Providers' schemas without the providers: what resources there are, and what may stand in them. See NOTICE.md."""
