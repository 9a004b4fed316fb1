"""The inside of the search: words, documents, questions, ranking, and the two engines. `registry.services.search` asks."""
