"""The part of GraphQL a bot needs: a strict parser, a handful of fields, and an error that names anything else."""
