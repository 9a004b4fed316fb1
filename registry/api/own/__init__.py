"""Our own API, `/api/v1`: what this registry knows, for programs. Terraform itself never comes here."""
