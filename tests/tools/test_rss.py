"""News from RSS and Atom."""

from datetime import UTC, datetime

import pytest

from domain.errors import BadInput, OperatorNeeded, Transient
from tests.standins.vendors import VendorServer
from tools.news import NEWS
from tools.news.rss import RssNews, RssSettings

RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>Wire &amp; Co</title>
<item><title>Apple (NASDAQ: AAPL) opens a shop</title><guid>1</guid>
<pubDate>Tue, 01 Mar 2022 12:00:00 GMT</pubDate></item>
<item><title>Rates rise &lt;b&gt;again&lt;/b&gt;</title><guid>2</guid>
<pubDate>Tue, 01 Mar 2022 07:30:00 -0500</pubDate></item>
<item><title>Old news</title><guid>3</guid>
<pubDate>Mon, 21 Feb 2022 12:00:00 GMT</pubDate></item>
<item><title>Nobody knows when</title><guid>4</guid></item>
<item><title>Later today $MSFT</title><guid>5</guid>
<pubDate>Tue, 01 Mar 2022 15:00:00 GMT</pubDate></item>
</channel></rss>"""
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Atom</title>
<entry><title>Cola changed</title><id>urn:1</id><published>2022-03-01T08:00:00Z</published>
<updated>2022-03-01T13:00:00Z</updated></entry></feed>"""
SINCE, UNTIL = datetime(2022, 2, 26, tzinfo=UTC), datetime(2022, 3, 1, 14, 30, tzinfo=UTC)


def news(*addresses):
    return RssNews(RssSettings(_env_file=None, rss_feeds=", ".join(addresses)))


def test_items_of_the_window_come_oldest_first_with_the_symbols_that_they_name():
    with VendorServer(lambda *_: RSS) as server:
        found = news(server.url).headlines(("AAPL", "MSFT", "A"), SINCE, UNTIL)

    assert [(item.title, item.symbols) for item in found] == [
        ("Apple (NASDAQ: AAPL) opens a shop", ("AAPL",)),
        ("Rates rise again", ()),
    ]
    assert found[1].at == datetime(2022, 3, 1, 12, 30, tzinfo=UTC)
    assert found[0].source == "rss/Wire & Co"
    assert NEWS["rss"] is RssNews


def test_an_item_that_was_changed_is_known_since_its_change_only():
    with VendorServer(lambda *_: ATOM) as server:
        (found,) = news(server.url).headlines(("KO",), SINCE, UNTIL)
        none = news(server.url).headlines(("KO",), SINCE, datetime(2022, 3, 1, 12, tzinfo=UTC))

    assert found.at == datetime(2022, 3, 1, 13, tzinfo=UTC)
    assert none == ()


def test_a_feed_by_symbol_is_asked_for_each_and_the_same_item_is_one_with_both():
    with VendorServer(lambda *_: ATOM) as server:
        (found,) = news(server.url + "/{symbol}").headlines(("KO", "BRK.B"), SINCE, UNTIL)

    assert [path for path, _ in server.asked] == ["/KO", "/BRK.B"]
    assert found.symbols == ("KO", "BRK.B")


@pytest.mark.parametrize(
    "answer", ["<html><body>Sign in</body></html>", "", "/etc/hostname", (404, "no"), "x" * 9_000_000]
)
def test_what_is_no_feed_or_no_end_is_told(answer):
    with VendorServer(lambda *_: answer) as server, pytest.raises(Transient):
        news(server.url).headlines(("KO",), SINCE, UNTIL)


def test_addresses_are_https_and_there_is_one():
    with pytest.raises(BadInput, match="only https"):
        news("http://example.org/rss").headlines(("KO",), SINCE, UNTIL)
    with pytest.raises(BadInput, match="only https"):
        news("file:///etc/passwd").headlines(("KO",), SINCE, UNTIL)
    with pytest.raises(OperatorNeeded, match="PM_RSS_FEEDS"):
        news().headlines(("KO",), SINCE, UNTIL)
