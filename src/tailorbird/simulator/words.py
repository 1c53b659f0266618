"""Word lists of our own: names, cities, products. No brands, nobody real."""

from __future__ import annotations

from typing import NamedTuple


def _words(text: str) -> tuple[str, ...]:
    """Return the words of a text; a hyphen joins what belongs together."""
    return tuple(text.split())


class Country(NamedTuple):
    """One market of the shop: its share of the people, and how people and towns are called."""

    code: str
    weight: float
    cities: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]


_GERMAN_FIRST = _words(
    "Anna Lena Mia Johanna Jürgen Käthe Lukas Felix Jonas Moritz Greta Frieda Theo Emil Nele Björn "
    "Sabine Heike Thomas Stefan"
)
_GERMAN_LAST = _words(
    "Keller Brandt Vogel Lindner Schäfer Müller Krüger Hartmann Seidel Böhm Winkler Arndt Kaiser "
    "Lorenz Engel Pohl Busch Horn Ritter Sommer"
)
_ENGLISH_FIRST = _words(
    "Emma Oliver Grace Harry Zoë Alfie Chloe Jack Amelia Noah Sophie Liam Isla Owen Niamh Sean "
    "Helen Peter Susan Graham"
)
_ENGLISH_LAST = _words(
    "Hughes Walker Bennett O'Connor Marsh Fletcher Doyle Parker Reed Whitfield Shaw Byrne Archer "
    "Holt Mercer Lane Pike Ashworth Quinn Barlow"
)

COUNTRIES = (
    Country(
        "DE",
        0.26,
        ("Berlin", "Hamburg", "Köln", "Leipzig", "München", "Bremen"),
        _GERMAN_FIRST,
        _GERMAN_LAST,
    ),
    Country(
        "GB",
        0.18,
        ("London", "Leeds", "Bristol", "Glasgow", "Cardiff", "York"),
        _ENGLISH_FIRST,
        _ENGLISH_LAST,
    ),
    Country(
        "FR",
        0.16,
        ("Paris", "Lyon", "Nantes", "Lille", "Bordeaux", "Orléans"),
        _words(
            "Camille Léa Manon Chloé Inès Hugo Louis Jules Arthur Gabriel Élise Margaux Théo "
            "Noémie Aurélie Benoît Sylvie Michel Claire Antoine"
        ),
        _words(
            "Lefèvre Moreau Girard Fontaine Roussel Chevalier Garnier Lambert Perrin Morel "
            "Gauthier Dumont Renaud Marchand Besson Leclerc Colin Vidal Charpentier Noël"
        ),
    ),
    Country(
        "NL",
        0.11,
        ("Amsterdam", "Utrecht", "Rotterdam", "Groningen", "Haarlem"),
        _words(
            "Sanne Daan Lotte Bram Fleur Sem Eva Thijs Noor Joris Femke Ruben Anouk Maarten "
            "Ingrid Willem"
        ),
        _words(
            "de-Vries Bakker Visser Smit Mulder Dekker Brouwer Kuipers Hoekstra Postma Jonker "
            "Veenstra Schouten Molenaar Prins Hofman"
        ),
    ),
    Country(
        "ES",
        0.09,
        ("Madrid", "Valencia", "Sevilla", "Málaga", "Bilbao"),
        _words(
            "Lucía Hugo Martina Pablo Sofía Diego Carmen Álvaro Elena Javier Pilar Íñigo Nuria "
            "Rafael Begoña Andrés"
        ),
        _words(
            "García Romero Navarro Torres Domínguez Vázquez Ramos Gil Serrano Blanco Molina Castro "
            "Ortega Rubio Núñez Iglesias"
        ),
    ),
    Country(
        "PL",
        0.08,
        ("Warszawa", "Kraków", "Łódź", "Gdańsk", "Poznań"),
        _words(
            "Zofia Jan Hanna Antoni Łucja Jakub Maja Szymon Oliwia Filip Agnieszka Paweł Ewa "
            "Tomasz Małgorzata Stanisław"
        ),
        _words(
            "Nowak Wiśniewska Zieliński Wójcik Mazur Krawczyk Dudek Pawlak Wróbel Sikora Baran "
            "Głowacki Rutkowska Szczepaniak Lis Kubiak"
        ),
    ),
    Country("IE", 0.06, ("Dublin", "Cork", "Galway", "Limerick"), _ENGLISH_FIRST, _ENGLISH_LAST),
    Country("AT", 0.06, ("Wien", "Graz", "Linz", "Salzburg"), _GERMAN_FIRST, _GERMAN_LAST),
)


class Category(NamedTuple):
    """A shelf of the shop. `months` weighs January to December."""

    name: str
    price: float
    """Median price in euros."""
    consumable: bool
    nouns: tuple[str, ...]
    adjectives: tuple[str, ...]
    goes_with: tuple[str, ...]
    """Shelves from which complements come."""
    months: tuple[float, ...]


_EVEN = (1.0,) * 12
_GIFTS = (0.8, 0.9, 0.8, 0.9, 1.0, 0.8, 0.7, 0.7, 0.9, 1.1, 1.6, 2.0)
_SPRING = (0.4, 0.7, 1.5, 2.0, 2.0, 1.6, 1.2, 0.9, 0.8, 0.6, 0.4, 0.3)
_WINTER = (1.5, 1.3, 1.0, 0.7, 0.5, 0.4, 0.4, 0.6, 1.0, 1.4, 1.7, 1.8)
_SUMMER = (0.6, 0.7, 1.0, 1.2, 1.4, 1.6, 1.6, 1.3, 1.0, 0.7, 0.6, 0.6)

_ROASTS = _words("dark mild nutty smoky floral bright velvety spiced single-estate morning")
_TASTES = _words("wild stone-milled sun-dried smoked golden rustic peppery sweet toasted raw")
_SCENTS = _words("cedar lavender fig rosemary amber linen citrus juniper sandalwood rain")
_MATERIALS = _words("walnut stoneware enamel copper beech glass slate oak bamboo steel")
_CLOTHS = _words("linen washed-cotton wool striped quilted waffle velvet checked muslin corded")
_COLOURS = _words("moss sand ink rust sky clay plum chalk saffron pine")

CATEGORIES = (
    Category(
        "Coffee",
        9.5,
        True,
        _words("espresso-beans filter-coffee decaf cold-brew coffee-pods house-blend"),
        _ROASTS,
        ("Kitchen", "Tableware"),
        _EVEN,
    ),
    Category(
        "Tea",
        7.5,
        True,
        _words("green-tea black-tea rooibos herbal-tea chai white-tea"),
        _ROASTS,
        ("Tableware", "Pantry"),
        _WINTER,
    ),
    Category(
        "Pantry",
        6.0,
        True,
        _words("olive-oil honey sea-salt pasta chutney granola"),
        _TASTES,
        ("Kitchen", "Tableware"),
        _EVEN,
    ),
    Category(
        "Pet care",
        14.0,
        True,
        _words("cat-food dog-treats cat-litter dog-food bird-seed chew-sticks"),
        _TASTES,
        ("Pet care", "Outdoor"),
        _EVEN,
    ),
    Category(
        "Skin care",
        16.0,
        True,
        _words("hand-cream face-oil body-lotion soap-bar lip-balm bath-salts"),
        _SCENTS,
        ("Home fragrance", "Textiles"),
        _EVEN,
    ),
    Category(
        "Home fragrance",
        19.0,
        True,
        _words("candle room-spray diffuser incense wax-melts scented-sachet"),
        _SCENTS,
        ("Lighting", "Skin care"),
        _WINTER,
    ),
    Category(
        "Kitchen",
        34.0,
        False,
        _words("serving-board mixing-bowl coffee-grinder kettle knife-block storage-jar"),
        _MATERIALS,
        ("Pantry", "Coffee"),
        _GIFTS,
    ),
    Category(
        "Tableware",
        22.0,
        False,
        _words("mug-set dinner-plate carafe cake-stand soup-bowl teapot"),
        _MATERIALS,
        ("Tea", "Textiles"),
        _GIFTS,
    ),
    Category(
        "Textiles",
        39.0,
        False,
        _words("throw cushion-cover bed-linen tea-towel table-runner bathrobe"),
        _CLOTHS,
        ("Home fragrance", "Tableware"),
        _WINTER,
    ),
    Category(
        "Garden",
        27.0,
        False,
        _words("planter watering-can seed-box hand-trowel bird-house garden-gloves"),
        _COLOURS,
        ("Outdoor", "Pantry"),
        _SPRING,
    ),
    Category(
        "Stationery",
        11.0,
        False,
        _words("notebook letter-set wall-planner pen-case sketchbook wrapping-paper"),
        _COLOURS,
        ("Bags", "Toys"),
        _GIFTS,
    ),
    Category(
        "Toys",
        24.0,
        False,
        _words("building-blocks puzzle kite toy-train picture-book marble-run"),
        _COLOURS,
        ("Stationery", "Outdoor"),
        _GIFTS,
    ),
    Category(
        "Outdoor",
        58.0,
        False,
        _words("picnic-blanket camping-lamp hammock lunch-box water-bottle day-pack"),
        _COLOURS,
        ("Bags", "Garden"),
        _SUMMER,
    ),
    Category(
        "Bags",
        64.0,
        False,
        _words("tote-bag backpack weekender belt-bag pouch laptop-sleeve"),
        _COLOURS,
        ("Stationery", "Outdoor"),
        _EVEN,
    ),
    Category(
        "Lighting",
        72.0,
        False,
        _words("desk-lamp string-lights pendant-lamp lantern night-light floor-lamp"),
        _MATERIALS,
        ("Home fragrance", "Kitchen"),
        _WINTER,
    ),
)


class Taste(NamedTuple):
    """A latent type of shopper: its share of the people and the shelves that it likes."""

    name: str
    weight: float
    likes: tuple[str, ...]


TASTES = (
    Taste("coffee lovers", 0.18, ("Coffee", "Kitchen", "Pantry")),
    Taste("tea and comfort", 0.15, ("Tea", "Home fragrance", "Textiles")),
    Taste("pet owners", 0.13, ("Pet care", "Outdoor", "Pantry")),
    Taste("self care", 0.14, ("Skin care", "Home fragrance", "Bags")),
    Taste("home makers", 0.14, ("Tableware", "Textiles", "Lighting")),
    Taste("gardeners", 0.10, ("Garden", "Tea", "Outdoor")),
    Taste("families", 0.10, ("Toys", "Stationery", "Pantry")),
    Taste("commuters", 0.06, ("Bags", "Coffee", "Stationery")),
)
"""Weight of each of the first shelves falls from 1 to 0.45; every other shelf keeps 0.05."""
