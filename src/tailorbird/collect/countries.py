"""Country names, as shops and people write them, and their ISO 3166-1 codes."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_NAMES: Final = """
AD Andorra|AE United Arab Emirates, UAE|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania
AM Armenia|AO Angola|AQ Antarctica|AR Argentina|AS American Samoa|AT Austria, Österreich, AUT
AU Australia, AUS|AW Aruba|AX Åland Islands|AZ Azerbaijan|BA Bosnia and Herzegovina|BB Barbados
BD Bangladesh|BE Belgium, Belgique, België, BEL|BF Burkina Faso|BG Bulgaria, BGR|BH Bahrain
BI Burundi|BJ Benin|BL Saint Barthélemy|BM Bermuda|BN Brunei, Brunei Darussalam|BO Bolivia
BQ Bonaire, Sint Eustatius and Saba|BR Brazil, Brasil, BRA|BS Bahamas, The Bahamas|BT Bhutan
BV Bouvet Island|BW Botswana|BY Belarus|BZ Belize|CA Canada, CAN|CC Cocos Islands
CD Democratic Republic of the Congo|CF Central African Republic|CG Congo, Republic of the Congo
CH Switzerland, Schweiz, Suisse, Svizzera, CHE|CI Côte d'Ivoire, Ivory Coast|CK Cook Islands
CL Chile, CHL|CM Cameroon|CN China, People's Republic of China, CHN|CO Colombia, COL|CR Costa Rica
CU Cuba|CV Cape Verde, Cabo Verde|CW Curaçao|CX Christmas Island|CY Cyprus, CYP
CZ Czech Republic, Czechia, CZE|DE Germany, Deutschland, DEU|DJ Djibouti|DK Denmark, Danmark, DNK
DM Dominica|DO Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia, EST|EG Egypt, EGY
EH Western Sahara|ER Eritrea|ES Spain, España, ESP|ET Ethiopia|FI Finland, Suomi, FIN|FJ Fiji
FK Falkland Islands|FM Micronesia|FO Faroe Islands|FR France, FRA|GA Gabon
GB United Kingdom, UK, Great Britain, Britain, England, Scotland, Wales, Northern Ireland, GBR
GD Grenada|GE Georgia|GF French Guiana|GG Guernsey|GH Ghana|GI Gibraltar|GL Greenland|GM Gambia
GN Guinea|GP Guadeloupe|GQ Equatorial Guinea|GR Greece, Hellas, GRC
GS South Georgia and the South Sandwich Islands|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana
HK Hong Kong, HKG|HM Heard Island and McDonald Islands|HN Honduras|HR Croatia, Hrvatska, HRV
HT Haiti|HU Hungary, Magyarország, HUN|ID Indonesia, IDN
IE Ireland, Eire, Éire, Republic of Ireland, IRL|IL Israel, ISR|IM Isle of Man|IN India, IND
IO British Indian Ocean Territory|IQ Iraq|IR Iran|IS Iceland, Ísland, ISL|IT Italy, Italia, ITA
JE Jersey|JM Jamaica|JO Jordan|JP Japan, JPN|KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati
KM Comoros|KN Saint Kitts and Nevis|KP North Korea|KR South Korea, Republic of Korea, KOR|KW Kuwait
KY Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon, LBN|LC Saint Lucia|LI Liechtenstein
LK Sri Lanka|LR Liberia|LS Lesotho|LT Lithuania, Lietuva, LTU|LU Luxembourg, LUX
LV Latvia, Latvija, LVA|LY Libya|MA Morocco|MC Monaco|MD Moldova|ME Montenegro|MF Saint Martin
MG Madagascar|MH Marshall Islands|MK North Macedonia, Macedonia|ML Mali|MM Myanmar, Burma
MN Mongolia|MO Macao, Macau|MP Northern Mariana Islands|MQ Martinique|MR Mauritania|MS Montserrat
MT Malta, MLT|MU Mauritius|MV Maldives|MW Malawi|MX Mexico, México, MEX|MY Malaysia, MYS
MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|NF Norfolk Island|NG Nigeria, NGA|NI Nicaragua
NL Netherlands, The Netherlands, Nederland, Holland, NLD|NO Norway, Norge, NOR|NP Nepal|NR Nauru
NU Niue|NZ New Zealand, NZL|OM Oman|PA Panama|PE Peru|PF French Polynesia|PG Papua New Guinea
PH Philippines, The Philippines, PHL|PK Pakistan|PL Poland, Polska, POL
PM Saint Pierre and Miquelon|PN Pitcairn|PR Puerto Rico|PS Palestine|PT Portugal, PRT|PW Palau
PY Paraguay|QA Qatar|RE Réunion|RO Romania, România, ROU|RS Serbia|RU Russia, Russian Federation
RW Rwanda|SA Saudi Arabia, SAU|SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden, Sverige, SWE
SG Singapore, SGP|SH Saint Helena|SI Slovenia, Slovenija, SVN|SJ Svalbard and Jan Mayen
SK Slovakia, Slovak Republic, SVK|SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia|SR Suriname
SS South Sudan|ST Sao Tome and Principe|SV El Salvador|SX Sint Maarten|SY Syria
SZ Eswatini, Swaziland|TC Turks and Caicos Islands
TD Chad|TF French Southern Territories|TG Togo|TH Thailand, THA
TJ Tajikistan|TK Tokelau|TL Timor-Leste, East Timor|TM Turkmenistan|TN Tunisia|TO Tonga
TR Turkey, Türkiye, TUR|TT Trinidad and Tobago|TV Tuvalu|TW Taiwan, TWN|TZ Tanzania|UA Ukraine, UKR
UG Uganda|UM United States Minor Outlying Islands
US United States, United States of America, USA, U.S.A., U.S., America|UY Uruguay|UZ Uzbekistan
VA Vatican City, Holy See|VC Saint Vincent and the Grenadines|VE Venezuela
VG British Virgin Islands|VI U.S. Virgin Islands|VN Vietnam, Viet Nam|VU Vanuatu
WF Wallis and Futuna|WS Samoa|YE Yemen|YT Mayotte
ZA South Africa, RSA, ZAF|ZM Zambia|ZW Zimbabwe
"""


def fold(text: str) -> str:
    """Return the form under which spellings are compared: no case, accents or punctuation."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z ]+", "", " ".join(bare.replace("-", " ").split()))


def _codes() -> dict[str, str]:
    codes: dict[str, str] = {}
    for entry in re.split(r"[|\n]", _NAMES.strip()):
        code, _, spellings = entry.partition(" ")
        codes[fold(code)] = code
        whole = spellings if code == "BQ" else ""
        for spelling in [whole] if whole else spellings.split(", "):
            codes[fold(spelling)] = code
    return codes


CODES: Final = _codes()
"""Folded spelling -> code. A name that means two countries ("Korea") is not in it."""
