"""The truth, written beside the events for proofs. No room reads it.

Parquet files whose metadata says `simulated`, `seed` and `version`:

    people.parquet      one row a user id: type, rates, churn, consents, identities, mailbox
    outcomes.parquet    one row a person: both potential outcomes of one window
    pairs.parquet       one row a product with its complement
    products.parquet    one row a product: what is hidden behind the catalogue
    reactions.parquet   one row a reaction to a mail: whether a machine was behind it
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tailorbird.simulator.draws import Ids, Ints
from tailorbird.simulator.keys import user_id
from tailorbird.simulator.mailboxes import Reaction
from tailorbird.simulator.people import (
    CONSENT_SHARES,
    DAYS_A_YEAR,
    EMAIL_CONSENTS,
    PROVIDERS,
    RHYTHMS,
    SECOND_ACCOUNT,
    SECOND_IDENTITIES,
)
from tailorbird.simulator.potential import Outcomes
from tailorbird.simulator.shop import Shop
from tailorbird.simulator.visits import Lives
from tailorbird.simulator.words import CATEGORIES, COUNTRIES, TASTES

VERSION = 1
"""Of the behaviour: raised when the same seed gives other events than before."""
_CHUNK = 1 << 16


def truth_files(shop: Shop, folder: Path) -> list[Path]:
    """Write the truth about a shop's people and products and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    products = _products(shop)
    pairs = products.filter(pc.is_valid(products["complement"]))
    return [
        _write(folder / "people.parquet", _people(shop), shop.seed),
        _write(folder / "products.parquet", iter([products]), shop.seed),
        _write(
            folder / "pairs.parquet", iter([pairs.select(["product_id", "complement"])]), shop.seed
        ),
    ]


def outcome_file(
    keys: Sequence[str], truth: Outcomes, treated: Mapping[str, bool], folder: Path, seed: int
) -> Path:
    """Write both potential outcomes of one window, and which one happened."""
    folder.mkdir(parents=True, exist_ok=True)
    mailed = np.array([treated.get(key, False) for key in keys], dtype=np.bool_)
    table = pa.table(
        {
            "user_id": pa.array(keys, pa.string()),
            "chance": truth.chance,
            "y0": truth.y0,
            "y1": truth.y1,
            "reachable": truth.reachable,
            "treated": mailed,
            "bought": truth.lived(mailed),
        }
    )
    return _write(folder / "outcomes.parquet", iter([table]), seed)


def reaction_file(reactions: Iterable[Reaction], folder: Path, seed: int) -> Path:
    """Write what is true about each reaction to a mail."""
    folder.mkdir(parents=True, exist_ok=True)
    return _write(folder / "reactions.parquet", _reactions(reactions), seed)


def _write(path: Path, tables: Iterator[pa.Table], seed: int) -> Path:
    label = {"simulated": "true", "seed": str(seed), "version": str(VERSION)}
    first = next(tables)
    schema = first.schema.with_metadata(label)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        writer.write_table(first.replace_schema_metadata(label))
        for table in tables:
            writer.write_table(table.replace_schema_metadata(label))
    return path


def _people(shop: Shop) -> Iterator[pa.Table]:
    for first, lives in shop.visits.lives():
        ids = np.arange(first, first + lives.orders.size, dtype=np.uint64)
        people = _columns(shop, ids, lives)
        yield people
        second = shop.latent.second_identity(ids) == SECOND_ACCOUNT
        yield _second_accounts(people.filter(pa.array(second & lives.second_seen)))


def _columns(shop: Shop, ids: Ids, lives: Lives) -> pa.Table:
    latent = shop.latent
    alive = lives.churned < 0
    rate = latent.rate(ids)
    return pa.table(
        {
            "user_id": pa.array([user_id(number) for number in ids.tolist()], pa.string()),
            "duplicate_of": pa.nulls(ids.size, pa.string()),
            "second_identity": _named(SECOND_IDENTITIES, latent.second_identity(ids)),
            "second_seen": lives.second_seen,
            "second_linked": lives.second_linked,
            "type": _named([taste.name for taste in TASTES], latent.taste(ids)),
            "rhythm": _named(RHYTHMS, latent.rhythm(ids)),
            "country": _named([country.code for country in COUNTRIES], latent.country(ids)),
            "purchases_a_year": rate,
            "dropout": latent.dropout(ids),
            "conversion": latent.conversion(ids),
            "price_sensitivity": latent.sensitivity(ids),
            "staple": _staples(shop, ids),
            "joined_at": shop.start + lives.joined,
            "orders": lives.orders,
            "churned_at": pa.array(shop.start + lives.churned, pa.int64(), mask=alive),
            "expected_purchases_30_days": np.where(alive, rate * 30 / DAYS_A_YEAR, 0.0),
            "missing_name": latent.missing_name(ids),
            "email_consent": _named(EMAIL_CONSENTS, latent.email_consent(ids)),
            **{f"consent_{name}": latent.consents(ids, name) for name in CONSENT_SHARES},
            "provider": _named(PROVIDERS, latent.provider(ids)),
            "dead_mailbox": latent.dead_mailbox(ids),
            "warmth": latent.warmth(ids),
        }
    )


def _second_accounts(people: pa.Table) -> pa.Table:
    """Return the rows of second accounts: as the person's own, but for the two ids."""
    own = people["user_id"]
    second = pc.binary_join_element_wise(own, "b", "")
    place = people.schema.get_field_index
    renamed = people.set_column(place("user_id"), "user_id", second)
    return renamed.set_column(place("duplicate_of"), "duplicate_of", own)


def _products(shop: Shop) -> pa.Table:
    shelf = shop.catalogue
    complement = [shelf.ids[other] if other >= 0 else None for other in shelf.complement.tolist()]
    return pa.table(
        {
            "product_id": shelf.ids,
            "name": shelf.names,
            "category": _named([category.name for category in CATEGORIES], shelf.category),
            "consumable": shelf.consumable,
            "style": shelf.style,
            "rank_on_shelf": shelf.numbers // len(CATEGORIES) + 1,
            "launch_period": shelf.launch_period,
            "complement": pa.array(complement, pa.string()),
        }
    )


def _reactions(reactions: Iterable[Reaction]) -> Iterator[pa.Table]:
    left = iter(reactions)
    chunk = list(islice(left, _CHUNK))
    while True:
        yield pa.table(
            {
                "at": pa.array([one.at for one in chunk], pa.int64()),
                "send_id": pa.array([one.send_id for one in chunk], pa.binary()),
                "kind": pa.array([one.kind for one in chunk], pa.string()),
                "method": pa.array([one.method for one in chunk], pa.string()),
                "code": pa.array([one.code for one in chunk], pa.string()),
                "machine": pa.array([one.machine_truth for one in chunk], pa.bool_()),
            }
        )
        chunk = list(islice(left, _CHUNK))
        if not chunk:
            return


def _staples(shop: Shop, ids: Ids) -> pa.Array:
    staple = shop.baskets.shoppers(ids).staple.tolist()
    names = [shop.catalogue.ids[product] if product >= 0 else None for product in staple]
    return pa.array(names, pa.string())


def _named(names: Sequence[str], places: Ints) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(places))
