"""The small part of GraphQL a bot needs: a strict parser and a handful of fields; anything else is an error that names it."""
