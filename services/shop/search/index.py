"""The service's own index in PostgreSQL, and how OpenSearch comes by what is in it."""

from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from services.background import Loop
from services.events import Event
from services.shop.events import Connections, ProductCreated
from services.shop.search.engine import Engine, EngineAwayError, IndexMissingError, Product

_BATCH = 200
_LOOK_SECONDS = 1.0
# A million products take some ten seconds.
_RESET_TIMEOUT = "5min"
# Any number that nothing else in the database locks.
_RESET_LOCK = 7_366_145


def know(connection: Connection[Any], event: Event) -> None:
    """Takes a product into the index; it can be found from here on."""
    product = ProductCreated.of(event)
    connection.execute(
        "INSERT INTO products (id, name, price_cents) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (product.product_id, product.name, product.price_cents),
    )


def find(connection: Connection[Any], words: str, *, limit: int) -> list[Product]:
    """Up to `limit` products with all of the words, the best first."""
    with connection.cursor(row_factory=class_row(Product)) as cursor:
        return cursor.execute(
            """
            SELECT id, name, price_cents FROM products, plainto_tsquery('simple', %s) AS query
            WHERE words @@ query ORDER BY ts_rank(words, query) DESC, name, id LIMIT %s
            """,
            (words, limit),
        ).fetchall()


class Filling(Loop):
    """Brings to OpenSearch what it does not have yet, whenever it answers. Several may run at the same time."""

    def __init__(self, connections: Connections, engine: Engine) -> None:
        super().__init__("filling of OpenSearch", self._fill, idle_seconds=_LOOK_SECONDS)
        self._connections = connections
        self._engine = engine
        self._has_index = False
        self._complete = False

    @property
    def complete(self) -> bool:
        """Whether OpenSearch had everything when it was last filled: only then is its answer as good."""
        return self._complete

    def index_is_missing(self) -> None:
        """Tells that OpenSearch has to be filled from the beginning."""
        self._has_index = self._complete = False

    def _fill(self) -> bool:
        try:
            with self._connections() as connection:
                # Also before each filling: an index that is not there would come into being with guessed mappings.
                if not self._has_index or _has_more(connection):
                    self._make_index(connection)
                return self._fill_from(connection)
        except IndexMissingError:
            self.index_is_missing()
        except EngineAwayError:
            self._complete = False
        return False

    def _make_index(self, connection: Connection[Any]) -> None:
        if not self._engine.has_index():
            # Committed before there is one: whatever fails in between, an index is never taken for full that is not.
            with connection.transaction():
                connection.execute("SELECT set_config('statement_timeout', %s, true)", (_RESET_TIMEOUT,))
                # One task at a time: two that take the rows in different orders would wait for each other.
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_RESET_LOCK,))
                # All of them: it waits for whoever was putting some into the former index, and overrules that.
                connection.execute("UPDATE products SET in_engine = FALSE")
            self._engine.make_index()
        self._has_index = True

    def _fill_from(self, connection: Connection[Any]) -> bool:
        with connection.transaction(), connection.cursor(row_factory=class_row(Product)) as cursor:
            products = cursor.execute(
                """
                SELECT id, name, price_cents FROM products WHERE NOT in_engine
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
                """,
                (_BATCH,),
            ).fetchall()
            taken = self._engine.put(products) if products else set()
            connection.execute("UPDATE products SET in_engine = TRUE WHERE id = ANY(%s)", (list(taken),))
        # Not told by what was taken: another task may be about to put what it has locked.
        self._complete = not _has_more(connection)
        return len(taken) == _BATCH


def _has_more(connection: Connection[Any]) -> bool:
    return connection.execute("SELECT 1 FROM products WHERE NOT in_engine LIMIT 1").fetchone() is not None
