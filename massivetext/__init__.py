"""massivetext: from raw web crawls, books, news, code and Wikipedia to training shards for language models."""

__version__ = "0.1.0"
