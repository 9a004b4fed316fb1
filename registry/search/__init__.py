"""The inside of the search: words, documents, questions, ranking, two engines. `registry.services.search` asks."""
