"""Wikipedia: dumps of MediaWiki and of Wikimedia Enterprise, and the text of their pages."""
