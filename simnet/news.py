"""Timelines of news from CSV, RSS and Atom files."""

from simnet.scenario.files.news_files import NewsItem, read_news
from simnet.scenario.newspaper import Newspaper, newspaper

__all__ = [
    "NewsItem",
    "Newspaper",
    "newspaper",
    "read_news",
]
