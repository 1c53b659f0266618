"""The API of products."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from litestar import Response, delete, patch, post, put
from litestar.params import JSONBody, PathParameter
from litestar.types import ControllerRouterHandler

from tailorbird import records
from tailorbird.readings import records as reading
from tailorbird.views.records import (
    ProductBatch,
    ProductChange,
    ProductPage,
    ProductRecord,
    ProductRow,
    Stock,
    Written,
)
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    LATER,
    MISSING,
    WRITES,
    WRITING,
    At,
    Cursor,
    Limit,
    Wait,
    With,
    found,
    reads,
    written,
)

Item = Annotated[
    str, PathParameter(min_length=1, max_length=256, description="The product's id in the shop.")
]
LARGEST_BATCH_BYTES: Final = 4 << 20


@reads("/products", "All products", "products")
def list_products(desk: At, after: Cursor = "", limit: Limit = 50) -> ProductPage:
    """Return products by id."""
    return reading.products(desk.world, after, limit)


@reads("/products/{item:str}", "One product", "products", responses=MISSING)
def get_product(desk: At, item: Item) -> ProductRow:
    """Return a product."""
    return found(reading.product(desk.world, item), f"product {item!r}")


@put("/products/{item:str}", summary="Set a product", tags=["products"],
     responses=WRITING | LATER, **WRITES)  # fmt: skip
def put_product(
    desk: At, writer: With, item: Item, data: JSONBody[ProductChange], wait: Wait = "durable"
) -> Response[Written]:
    """Make a product or change it; what is left out stays as it is."""
    record = ProductRecord(item=item, **msgspec.structs.asdict(data))
    return written(desk, records.set_products(desk.world, [record], writer), wait)


@patch("/products/{item:str}/stock", summary="Set a product's stock", tags=["products"],
       responses=WRITING | LATER | MISSING, **WRITES)  # fmt: skip
def set_stock(
    desk: At, writer: With, item: Item, data: JSONBody[Stock], wait: Wait = "durable"
) -> Response[Written]:
    """Say how many pieces there are; what has none is not recommended."""
    found(reading.product(desk.world, item), f"product {item!r}")
    record = ProductRecord(item=item, stock=data.stock)
    return written(desk, records.set_products(desk.world, [record], writer), wait)


@post("/products/batch", summary="Set many products", tags=["products"], status_code=200,
      responses=WRITING | LATER, request_max_body_size=LARGEST_BATCH_BYTES, **WRITES)  # fmt: skip
def put_products(
    desk: At, writer: With, data: JSONBody[ProductBatch], wait: Wait = "durable"
) -> Response[Written]:
    """Make or change up to 1,000 products: all of them, or none where one cannot be taken."""
    return written(desk, records.set_products(desk.world, data.products, writer), wait)


@delete("/products/{item:str}", summary="Discontinue a product", tags=["products"],
        status_code=200, responses=INVALID | GUARDED | LATER | MISSING, **WRITES)  # fmt: skip
def discontinue_product(
    desk: At, writer: With, item: Item, wait: Wait = "durable"
) -> Response[Written]:
    """Take a product out of stock for good; past orders still name it, so it stays listed."""
    found(reading.product(desk.world, item), f"product {item!r}")
    return written(desk, records.discontinue(desk.world, item, writer), wait)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_products,
    get_product,
    put_product,
    set_stock,
    put_products,
    discontinue_product,
]
