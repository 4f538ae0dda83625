"""The sections of the page, each from its part of the report; empty where the run has not come that far."""
