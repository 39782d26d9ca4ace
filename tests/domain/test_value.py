from datetime import date

from domain.book import Book


def test_a_changed_copy_has_a_digest_of_its_own():
    book = Book(portfolio="demo", session=date(2017, 5, 26), cash=1.0, equity=1.0)
    before = book.digest

    after = book.model_copy(update={"cash": 2.0})

    assert after.digest != before
    assert after.digest == Book(portfolio="demo", session=date(2017, 5, 26), cash=2.0, equity=1.0).digest
