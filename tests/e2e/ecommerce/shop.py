"""A customer of the deployed shop."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from local.web import Answer
from tests.e2e.cloud import DeployedCloud
from tests.support.eventually import eventually


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who has signed in."""

    cloud: DeployedCloud
    email: str
    token: str

    @classmethod
    def sign_in(cls, cloud: DeployedCloud) -> "Customer":
        """Register somebody new."""
        email, password = f"{uuid4().hex}@example.com", uuid4().hex
        cloud.ask("/users", {"email": email, "name": "Ada", "password": password})
        return cls(cloud, email, cloud.ask("/sessions", {"email": email, "password": password})["token"])

    def request(self, path: str, body: object = None, *, method: str | None = None, **headers: str) -> Answer:
        """A request in the session; underscores in header names stand for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.cloud.request(path, body, method=method, headers={"authorization": f"Bearer {self.token}"} | named)

    def read(self, path: str) -> Answer:
        """The answer to a GET in the session, as `DeployedCloud.read`."""
        return self.cloud.read(path, headers={"authorization": f"Bearer {self.token}"})

    def offer(self, name: str, *, quantity: int, price_cents: int = 4200) -> str:
        """A new product on stock; returns its id once it can be ordered."""
        answer = self.request("/products", {"name": name, "price_cents": price_cents})
        assert answer.status == 201, answer.document
        product = str(answer.document["id"])
        stock = {"quantity": quantity}
        # The inventory takes stock of what it has heard of.
        eventually(lambda: self.request(f"/inventory/{product}", stock, method="PUT").is_success)
        return product

    def order(self, product: str, quantity: int = 1) -> str:
        """An order; returns its id. Orders are taken for products whose price has been heard of."""

        def taken() -> Answer | None:
            answer = self.request("/orders", {"product_id": product, "quantity": quantity})
            return answer if answer.status == 202 else None

        placed = eventually(taken).document
        assert placed["status"] == "placed"
        return str(placed["id"])

    def settled(self, order: str) -> dict[str, Any]:
        """The order, once it is confirmed or rejected."""

        def ended() -> dict[str, Any] | None:
            answer = self.request(f"/orders/{order}")
            # What tells of a problem has a status too: the answer's.
            if not answer.is_success:
                return None
            found: dict[str, Any] = answer.document
            return None if found["status"] == "placed" else found

        return eventually(ended)

    def mails(self, text: str) -> list[dict[str, Any]]:
        """The e-mails that this customer has got with a text in them."""
        return [each for each in self.cloud.deliveries("email", text) if self.email in str(each["To"])]
