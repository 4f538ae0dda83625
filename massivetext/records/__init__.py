"""Token sequences: how they are drawn, cut, mixed, ordered, stored and read."""
