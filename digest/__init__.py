"""digest: an RSS/Atom feed aggregator and digest mailer for people who curate."""

__version__ = "0.1.0"
