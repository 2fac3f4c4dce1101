-- How names fold, which keys hold, where a postcode lies: the rules of engine/rules/names.py and keys.py
-- as expressions, so that a million rows are judged in one statement. Each is one expression that the
-- planner inlines; tests hold them to the Python rules.

CREATE FUNCTION plain_letters(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Letters without accents and marks. Most names are ASCII; only the others pay for being taken apart.
RETURN CASE WHEN octet_length(t) = char_length(t) THEN t ELSE
    translate(normalize(replace(replace(replace(replace(replace(t, 'œ', 'oe'), 'Œ', 'OE'), 'æ', 'ae'), 'Æ', 'AE'), 'ß', 'ss'), NFD),
              U&'\0142\0141\00F8\00D8\0111\0110\0131\0300\0301\0302\0303\0304\0306\0307\0308\030A\030B\030C\0327\0328\0323\200B\200E\200F\202A\202B\202C\202D\202E\2060\2066\2067\2068\2069\FEFF',
              'lLoOdDi') END;

CREATE FUNCTION is_simple_name(t text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Whether a name is words of French letters and digits with one space, hyphen or apostrophe between them: nearly all are.
RETURN t ~ '^[A-Za-z0-9éèêëàâäçîïôöùûüœÉÈÊËÀÂÇÎÏÔŒ]+([ ''-][A-Za-z0-9éèêëàâäçîïôöùûüœÉÈÊËÀÂÇÎÏÔŒ]+)*$';

CREATE FUNCTION folded_simple(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- `folded` for simple names, letter by letter: a third of what taking them apart costs.
RETURN CASE WHEN octet_length(t) = char_length(t) THEN upper(replace(replace(t, '-', ' '), '''', ' ') COLLATE "C")
            ELSE upper(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(t, '-', ' '), '''', ' ')
                        , 'é', 'E'), 'è', 'E'), 'ê', 'E'), 'ë', 'E'), 'à', 'A'), 'â', 'A'), 'ä', 'A'), 'ç', 'C'), 'î', 'I'), 'ï', 'I'), 'ô', 'O'), 'ö', 'O'), 'ù', 'U')
                        , 'û', 'U'), 'ü', 'U'), 'œ', 'OE'), 'É', 'E'), 'È', 'E'), 'Ê', 'E'), 'Ë', 'E'), 'À', 'A'), 'Â', 'A'), 'Ç', 'C'), 'Î', 'I'), 'Ï', 'I'), 'Ô', 'O'), 'Œ', 'OE') COLLATE "C") END;

CREATE FUNCTION folded(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Capitals without accents, single spaces: what names are joined and sorted on.
RETURN CASE WHEN is_simple_name(t) THEN folded_simple(t)
            ELSE btrim(regexp_replace(upper(plain_letters(t) COLLATE "C"), '[^A-Z0-9]+', ' ', 'g')) END;

CREATE FUNCTION marks() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- What nobody sees, as the inside of a character class: control characters, marks that turn the reading direction, spaces
-- without width. The planner reads it once a statement.
RETURN '\u0001-\u0008\u000E-\u001F\u007F-\u0084\u0086-\u009F\u200B\u200E\u200F\u202A-\u202E\u2060-\u2069\uFEFF';

CREATE FUNCTION has_marks(t text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Whether a cell has them.
RETURN t ~ ('[' || marks() || ']');

CREATE FUNCTION unmarked(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- A cell without them: in a mail's header they are refused, and they make a name read other than it is.
RETURN regexp_replace(t, '[' || marks() || ']+', '', 'g');

CREATE FUNCTION tidy(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- A cell without marks, without spaces around it and without double ones within; NULL where nothing is left.
RETURN CASE WHEN t ~ ('[' || marks() || '\u0009-\u000D\u0085\u00A0\u2028\u2029]|  |^ | $|^$')
            THEN nullif(btrim(regexp_replace(unmarked(t), '[\s\u0085\u00A0\u2028\u2029]+', ' ', 'g')), '') ELSE t END;

CREATE FUNCTION folded_town(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- A town as La Poste writes it: SAINT is ST, no arrondissement, no CEDEX.
RETURN btrim(regexp_replace(regexp_replace(regexp_replace(folded(t),
    '\mSAINT(E?)\M', 'ST\1', 'g'),
    ' CEDEX( \d+)?$', ''),
    ' \d{1,2}(ER|E|EME)?( ARRONDISSEMENT)?$', ''));

CREATE FUNCTION is_digits(t text, wanted integer) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN length(t) = wanted AND translate(t, '0123456789', '') = '';

CREATE FUNCTION luhn_rest(digits text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- 0 where the key holds; digits only, at most 15. Each digit becomes four bits of one number, so that
-- all are added at once: a number modulo 255 is the sum of its bytes. The doubled digits count twice,
-- and once more where they are 5 or above (2d - 9 is 2d + 1 modulo 10).
RETURN ((('x' || lpad(digits, 16, '0'))::bit(64)::bigint & 1085102592571150095) % 255
      + 2 * (((('x' || lpad(digits, 16, '0'))::bit(64)::bigint >> 4) & 1085102592571150095) % 255)
      + (((((('x' || lpad(digits, 16, '0'))::bit(64)::bigint >> 4) & 1085102592571150095) + 217020518514230019)
          & 578721382704613384) >> 3) % 255) % 10;

CREATE FUNCTION ean_rest(digits text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- 0 where the EAN key holds; digits only, at most 15: from the right, weights 1 and 3.
RETURN ((('x' || lpad(digits, 16, '0'))::bit(64)::bigint & 1085102592571150095) % 255
      + 3 * (((('x' || lpad(digits, 16, '0'))::bit(64)::bigint >> 4) & 1085102592571150095) % 255)) % 10;

CREATE FUNCTION key_holds(scheme text, value text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Whether an identifier's own key holds; true for schemes that have none. A FINESS with a letter has none.
RETURN CASE scheme
    WHEN 'RPPS' THEN is_digits(value, 11) AND luhn_rest(value) = 0
    WHEN 'FINESS' THEN CASE WHEN is_digits(value, 9) THEN luhn_rest(value) = 0 ELSE value ~ '^[0-9A-Z]{9}$' END
    WHEN 'IDNPS' THEN length(value) = 12 AND CASE WHEN left(value, 1) = '8' AND is_digits(value, 12)
                                                  THEN luhn_rest(substr(value, 2)) = 0 ELSE value ~ '^0[0-9A-Z]{11}$' END
    WHEN 'SIREN' THEN is_digits(value, 9) AND luhn_rest(value) = 0
    WHEN 'SIRET' THEN is_digits(value, 14) AND (luhn_rest(value) = 0 OR (value LIKE '356000000%' AND mod(
        substr(value,1,1)::int + substr(value,2,1)::int + substr(value,3,1)::int + substr(value,4,1)::int
      + substr(value,5,1)::int + substr(value,6,1)::int + substr(value,7,1)::int + substr(value,8,1)::int
      + substr(value,9,1)::int + substr(value,10,1)::int + substr(value,11,1)::int + substr(value,12,1)::int
      + substr(value,13,1)::int + substr(value,14,1)::int, 5) = 0))
    WHEN 'CIP7' THEN is_digits(value, 7) AND mod(
        2 * substr(value,1,1)::int + 3 * substr(value,2,1)::int + 4 * substr(value,3,1)::int
      + 5 * substr(value,4,1)::int + 6 * substr(value,5,1)::int + 7 * substr(value,6,1)::int, 11) = substr(value,7,1)::int
    WHEN 'CIP13' THEN is_digits(value, 13) AND value LIKE '3400%' AND ean_rest(value) = 0
    ELSE true END;

CREATE FUNCTION bare_number(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- A telephone number without what stands between its digits, without the French prefix: 9 digits, or +....
RETURN regexp_replace(regexp_replace(regexp_replace(t, '[\s./()\u00A0\u202F-]+', '', 'g'),
    '^(\+33|0033)0?(?=[1-9]\d{8}$)|^0(?=[1-9]\d{8}$)', ''), '^00(?=[1-9])', '+');

CREATE FUNCTION with_country(n text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN n ~ '^(590|690|691)\d{6}$' THEN '+590' || n
            WHEN n ~ '^(596|696|697)\d{6}$' THEN '+596' || n
            WHEN n ~ '^(594|694)\d{6}$' THEN '+594' || n
            WHEN n ~ '^(262|263|269|692|693|639)\d{6}$' AND n NOT LIKE '63998%' THEN '+262' || n
            WHEN n ~ '^[1-9]\d{8}$' THEN '+33' || n
            WHEN n ~ '^\+[1-9]\d{6,14}$' THEN n END;

CREATE FUNCTION national_e164(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Of ten digits that begin with one zero.
RETURN CASE WHEN substr(t, 2, 3) NOT IN ('590','690','691','596','696','697','594','694','262','263','269','692','693','639') OR left(t, 6) = '063998' THEN '+33'
            WHEN substr(t, 2, 3) IN ('590', '690', '691') THEN '+590' WHEN substr(t, 2, 3) IN ('596', '696', '697') THEN '+596'
            WHEN substr(t, 2, 3) IN ('594', '694') THEN '+594' ELSE '+262' END || substr(t, 2);

CREATE FUNCTION phone_e164(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- A telephone number as +33..., NULL where it is none. Nine digits lost their leading zero in a
-- spreadsheet. The overseas départements have country codes of their own. The first lines answer for
-- nearly all.
RETURN CASE WHEN t IS NULL THEN NULL
            WHEN length(t) = 10 AND left(t, 1) = '0' AND substr(t, 2, 1) <> '0' AND translate(t, '0123456789', '') = '' THEN national_e164(t)
            WHEN length(t) = 14 AND left(t, 1) = '0' AND substr(t, 2, 1) <> '0' AND translate(t, '0123456789', '') IN ('    ', '....')
                 AND length(replace(replace(t, ' ', ''), '.', '')) = 10 THEN national_e164(replace(replace(t, ' ', ''), '.', ''))
            ELSE with_country(bare_number(t)) END;

CREATE FUNCTION department_of(insee text, postcode text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- The département, from the commune where it is known: a few communes are served from across the
-- border of theirs. Corsican postcodes say 20: 200 and 201 are the South, the rest is Haute-Corse.
RETURN CASE
    WHEN coalesce(insee, postcode) LIKE '980%' OR insee = '99138' THEN 'MC'
    WHEN insee IS NOT NULL AND left(insee, 2) IN ('97', '98') THEN left(insee, 3)
    WHEN insee IS NOT NULL THEN left(insee, 2)
    WHEN NOT is_digits(postcode, 5) THEN NULL
    WHEN left(postcode, 2) IN ('97', '98') THEN left(postcode, 3)
    WHEN left(postcode, 2) = '20' THEN CASE WHEN left(postcode, 3) IN ('200', '201') THEN '2A' ELSE '2B' END
    ELSE left(postcode, 2) END;

CREATE FUNCTION delivery_line(street text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Line 4 of an address: number, its repetition as one letter, thoroughfare. Ranges of numbers and
-- initials with dots are left to engine/rules/postal.py; `is_plain_address` tells them apart.
RETURN regexp_replace(folded(street), '^(\d{1,5}) ?(B|T|Q)(?:IS|ER|UATER|UINQUIES)(?= |$)', '\1 \2');

CREATE FUNCTION postal_value(organisation text, person text, complement text, street text, box text, postcode text, town text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- The lines of a postal contact point joined by '|', whole, whatever their length: what is absent is NULL.
-- The last three stand in capitals: where there is no box, the line above the street is one of them.
RETURN concat_ws('|',
    CASE WHEN person IS NULL AND complement IS NULL AND box IS NULL THEN folded(organisation) ELSE organisation END,
    CASE WHEN complement IS NULL AND box IS NULL THEN folded(person) ELSE person END,
    CASE WHEN box IS NULL THEN folded(complement) ELSE complement END,
    delivery_line(street), folded(box), postcode || ' ' || folded(town));

CREATE FUNCTION is_plain_address(organisation text, person text, complement text, street text, box text, town text)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Whether postal_value writes exactly the lines that engine/rules/postal.py would: nothing too long for
-- a line, no range of numbers, no initials, no sign that the rules spell out, no arrondissement; and
-- without a street no second line that would have to stand in capitals.
RETURN (coalesce(length(organisation), 0) <= 38 AND coalesce(length(person), 0) <= 38 AND coalesce(length(complement), 0) <= 38
   AND coalesce(length(street), 0) <= 38 AND coalesce(length(box), 0) <= 38 AND coalesce(length(town), 0) <= 32
   AND (street IS NOT NULL OR num_nonnulls(organisation, person, complement, box) <= 1)
   AND concat_ws(' ', organisation, complement, box, town) !~ '[.&№|]|  |\d ?(er|e|E|ER|eme|ème|EME)\M' AND coalesce(town, '') !~* 'arrondissement|^\d{5} '
   AND coalesce(person, '') !~ '[&№|]|  |\.[^ ]'
   AND coalesce(street, '') !~* '[.&№|]|  |^\d+(quater|quinquies|bis|ter|[a-z])\M|^\s*\d+\s*(bis|ter|quater|quinquies|[a-z])?\s*([/\\&,;–-]|à|a|et)\s*\d'
   AND concat(organisation, person, complement, street, box, town) !~ '[^ -~À-ÿŒœŸ’ ]');

CREATE FUNCTION is_way(word text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Whether a word of capitals after a number opens the name of a street, and is neither a repetition nor part of a range.
RETURN word IN ('RUE', 'AV', 'BD', 'PL', 'CHE', 'RTE', 'ALL', 'IMP')
    OR length(word) >= 4 AND left(word, 1) > '9' AND substr(word, 2, 1) > '9' AND substr(word, 3, 1) > '9' AND word NOT IN ('QUATER', 'QUINQUIES');

CREATE FUNCTION simple_delivery_line(line text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Line 4 from a street that `folded_simple` made capitals of; NULL where it takes the rules of post to say.
RETURN CASE WHEN left(line, 1) > '9' THEN line
            WHEN translate(split_part(line, ' ', 1), '0123456789', '') <> '' OR length(split_part(line, ' ', 1)) > 5 THEN NULL
            WHEN is_way(split_part(line, ' ', 2)) THEN line
            WHEN split_part(line, ' ', 2) IN ('BIS', 'TER', 'B', 'T', 'Q') AND is_way(split_part(line, ' ', 3))
            THEN split_part(line, ' ', 1) || ' ' || left(split_part(line, ' ', 2), 1)
                 || substr(line, length(split_part(line, ' ', 1)) + length(split_part(line, ' ', 2)) + 2) END;

CREATE FUNCTION draw(seed bigint, n bigint, below integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- A number from 0 to below - 1 that depends on seed and n only: chance that is the same every time.
RETURN ((hashint8extended(n, seed) & 4611686018427387903) % below)::integer;

CREATE FUNCTION drawn(h bigint, place integer, below integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- One of the four numbers, at place 0 to 3, that a hash holds; from 0 to below - 1, at most 65535.
RETURN ((((h >> (16 * place)) & 65535) * below) >> 16)::integer;

CREATE TABLE department (                 -- reference: where a customer lives, what a rep covers, what time it is there
    department  text PRIMARY KEY,         -- 01..19, 2A, 2B, 21..95, 971..988, MC
    name        text NOT NULL,
    region_code text NOT NULL,
    region      text NOT NULL,
    timezone    text NOT NULL
);
INSERT INTO department VALUES
    ('01', 'Ain', 'ARA', 'Auvergne-Rhône-Alpes', 'Europe/Paris'),
    ('02', 'Aisne', 'HDF', 'Hauts-de-France', 'Europe/Paris'),
    ('03', 'Allier', 'ARA', 'Auvergne-Rhône-Alpes', 'Europe/Paris'),
    ('04', 'Alpes-de-Haute-Provence', 'PAC', 'Provence-Alpes-Côte d''Azur', 'Europe/Paris'),
    ('05', 'Hautes-Alpes', 'PAC', 'Provence-Alpes-Côte d''Azur', 'Europe/Paris'),
    ('06', 'Alpes-Maritimes', 'PAC', 'Provence-Alpes-Côte d''Azur', 'Europe/Paris'),
    ('07', 'Ardèche', 'ARA', 'Auvergne-Rhône-Alpes', 'Europe/Paris'),
    ('08', 'Ardennes', 'GES', 'Grand Est', 'Europe/Paris'),
    ('09', 'Ariège', 'OCC', 'Occitanie', 'Europe/Paris'),
    ('10', 'Aube', 'GES', 'Grand Est', 'Europe/Paris'),
    ('11', 'Aude', 'OCC', 'Occitanie', 'Europe/Paris'),
    ('12', 'Aveyron', 'OCC', 'Occitanie', 'Europe/Paris'),
    ('13', 'Bouches-du-Rhône', 'PAC', 'Provence-Alpes-Côte d''Azur', 'Europe/Paris'),
    ('14', 'Calvados', 'NOR', 'Normandie', 'Europe/Paris'),
    ('15', 'Cantal', 'ARA', 'Auvergne-Rhône-Alpes', 'Europe/Paris'),
    ('16', 'Charente', 'NAQ', 'Nouvelle-Aquitaine', 'Europe/Paris'),
    ('17', 'Charente-Maritime', 'NAQ', 'Nouvelle-Aquitaine', 'Europe/Paris'),
    ('18', 'Cher', 'CVL', 'Centre-Val de Loire', 'Europe/Paris'),
    ('19', 'Corrèze', 'NAQ', 'Nouvelle-Aquitaine', 'Europe/Paris'),
    ('2A', 'Corse-du-Sud', 'COR', 'Corse', 'Europe/Paris'),
    ('2B', 'Haute-Corse', 'COR', 'Corse', 'Europe/Paris'),
    ('21', 'Côte-d''Or', 'BFC', 'Bourgogne-Franche-Comté', 'Europe/Paris'),
    ('22', 'Côtes-d''Armor', 'BRE', 'Bretagne', 'Europe/Paris'),
    ('23', 'Creuse', 'NAQ', 'Nouvelle-Aquitaine', 'Europe/Paris'),
    ('24', 'Dordogne', 'NAQ', 'Nouvelle-Aquitaine', 'Europe/Paris'),
    ('25', 'Doubs', 'BFC', 'Bourgogne-Franche-Comté', 'Europe/Paris'),
    ('26', 'Drôme', 'ARA', 'Auvergne-Rhône-Alpes', 'Europe/Paris'),
    ('27', 'Eure', 'NOR', 'Normandie', 'Europe/Paris'),
    ('28', 'Eure-et-Loir', 'CVL', 'Centre-Val de Loire', 'Europe/Paris'),
    ('29', 'Finistère', 'BRE', 'Bretagne', 'Europe/Paris'),
    ('30', 'Gard', 'OCC', 'Occitanie', 'Europe/Paris'),
    ('31', 'Haute-Garonne', 'OCC', 'Occitanie', 'Europe/Paris'),
    ('32', 'Gers', 'OCC', 'Occitanie', 'Europe/Paris'),
    ('33', 'Gironde', 'NAQ', 'Nouvelle-Aquitaine', 'Europe/Paris'),
    ('34', 'Hérault', 'OCC', 'Occitanie', 'Europe/Paris'),
    ('35', 'Ille-et-Vilaine', 'BRE', 'Bretagne', 'Europe/Paris'),
    ('36', 'Indre', 'CVL', 'Centre-Val de Loire', 'Europe/Paris'),
    ('37', 'Indre-et-Loire', 'CVL', 'Centre-Val de Loire', 'Europe/Paris'),
    ('38', 'Isère', 'ARA', 'Auvergne-Rhône-Alpes', 'Europe/Paris'),
    ('39', 'Jura', 'BFC', 'Bourgogne-Franche-Comté', 'Europe/Paris'),
    ('40', 'Landes', 'NAQ', 'Nouvelle-Aquitaine', 'Europe/Paris'),
    ('41', 'Loir-et-Cher', 'CVL', 'Centre-Val de Loire', 'Europe/Paris'),
    ('42', 'Loire', 'ARA', 'Auvergne-Rhône-Alpes', 'Europe/Paris'),
    ('43', 'Haute-Loire', 'ARA', 'Auvergne-Rhône-Alpes', 'Europe/Paris'),
    ('44', 'Loire-Atlantique', 'PDL', 'Pays de la Loire', 'Europe/Paris'),
    ('45', 'Loiret', 'CVL', 'Centre-Val de Loire', 'Europe/Paris'),
    ('46', 'Lot', 'OCC', 'Occitanie', 'Europe/Paris'),
    ('47', 'Lot-et-Garonne', 'NAQ', 'Nouvelle-Aquitaine', 'Europe/Paris'),
    ('48', 'Lozère', 'OCC', 'Occitanie', 'Europe/Paris'),
    ('49', 'Maine-et-Loire', 'PDL', 'Pays de la Loire', 'Europe/Paris'),
    ('50', 'Manche', 'NOR', 'Normandie', 'Europe/Paris'),
    ('51', 'Marne', 'GES', 'Grand Est', 'Europe/Paris'),
    ('52', 'Haute-Marne', 'GES', 'Grand Est', 'Europe/Paris'),
    ('53', 'Mayenne', 'PDL', 'Pays de la Loire', 'Europe/Paris'),
    ('54', 'Meurthe-et-Moselle', 'GES', 'Grand Est', 'Europe/Paris'),
    ('55', 'Meuse', 'GES', 'Grand Est', 'Europe/Paris'),
    ('56', 'Morbihan', 'BRE', 'Bretagne', 'Europe/Paris'),
    ('57', 'Moselle', 'GES', 'Grand Est', 'Europe/Paris'),
    ('58', 'Nièvre', 'BFC', 'Bourgogne-Franche-Comté', 'Europe/Paris'),
    ('59', 'Nord', 'HDF', 'Hauts-de-France', 'Europe/Paris'),
    ('60', 'Oise', 'HDF', 'Hauts-de-France', 'Europe/Paris'),
    ('61', 'Orne', 'NOR', 'Normandie', 'Europe/Paris'),
    ('62', 'Pas-de-Calais', 'HDF', 'Hauts-de-France', 'Europe/Paris'),
    ('63', 'Puy-de-Dôme', 'ARA', 'Auvergne-Rhône-Alpes', 'Europe/Paris'),
    ('64', 'Pyrénées-Atlantiques', 'NAQ', 'Nouvelle-Aquitaine', 'Europe/Paris'),
    ('65', 'Hautes-Pyrénées', 'OCC', 'Occitanie', 'Europe/Paris'),
    ('66', 'Pyrénées-Orientales', 'OCC', 'Occitanie', 'Europe/Paris'),
    ('67', 'Bas-Rhin', 'GES', 'Grand Est', 'Europe/Paris'),
    ('68', 'Haut-Rhin', 'GES', 'Grand Est', 'Europe/Paris'),
    ('69', 'Rhône', 'ARA', 'Auvergne-Rhône-Alpes', 'Europe/Paris'),
    ('70', 'Haute-Saône', 'BFC', 'Bourgogne-Franche-Comté', 'Europe/Paris'),
    ('71', 'Saône-et-Loire', 'BFC', 'Bourgogne-Franche-Comté', 'Europe/Paris'),
    ('72', 'Sarthe', 'PDL', 'Pays de la Loire', 'Europe/Paris'),
    ('73', 'Savoie', 'ARA', 'Auvergne-Rhône-Alpes', 'Europe/Paris'),
    ('74', 'Haute-Savoie', 'ARA', 'Auvergne-Rhône-Alpes', 'Europe/Paris'),
    ('75', 'Paris', 'IDF', 'Île-de-France', 'Europe/Paris'),
    ('76', 'Seine-Maritime', 'NOR', 'Normandie', 'Europe/Paris'),
    ('77', 'Seine-et-Marne', 'IDF', 'Île-de-France', 'Europe/Paris'),
    ('78', 'Yvelines', 'IDF', 'Île-de-France', 'Europe/Paris'),
    ('79', 'Deux-Sèvres', 'NAQ', 'Nouvelle-Aquitaine', 'Europe/Paris'),
    ('80', 'Somme', 'HDF', 'Hauts-de-France', 'Europe/Paris'),
    ('81', 'Tarn', 'OCC', 'Occitanie', 'Europe/Paris'),
    ('82', 'Tarn-et-Garonne', 'OCC', 'Occitanie', 'Europe/Paris'),
    ('83', 'Var', 'PAC', 'Provence-Alpes-Côte d''Azur', 'Europe/Paris'),
    ('84', 'Vaucluse', 'PAC', 'Provence-Alpes-Côte d''Azur', 'Europe/Paris'),
    ('85', 'Vendée', 'PDL', 'Pays de la Loire', 'Europe/Paris'),
    ('86', 'Vienne', 'NAQ', 'Nouvelle-Aquitaine', 'Europe/Paris'),
    ('87', 'Haute-Vienne', 'NAQ', 'Nouvelle-Aquitaine', 'Europe/Paris'),
    ('88', 'Vosges', 'GES', 'Grand Est', 'Europe/Paris'),
    ('89', 'Yonne', 'BFC', 'Bourgogne-Franche-Comté', 'Europe/Paris'),
    ('90', 'Territoire de Belfort', 'BFC', 'Bourgogne-Franche-Comté', 'Europe/Paris'),
    ('91', 'Essonne', 'IDF', 'Île-de-France', 'Europe/Paris'),
    ('92', 'Hauts-de-Seine', 'IDF', 'Île-de-France', 'Europe/Paris'),
    ('93', 'Seine-Saint-Denis', 'IDF', 'Île-de-France', 'Europe/Paris'),
    ('94', 'Val-de-Marne', 'IDF', 'Île-de-France', 'Europe/Paris'),
    ('95', 'Val-d''Oise', 'IDF', 'Île-de-France', 'Europe/Paris'),
    ('971', 'Guadeloupe', 'GUA', 'Guadeloupe', 'America/Guadeloupe'),
    ('972', 'Martinique', 'MTQ', 'Martinique', 'America/Martinique'),
    ('973', 'Guyane', 'GUF', 'Guyane', 'America/Cayenne'),
    ('974', 'La Réunion', 'LRE', 'La Réunion', 'Indian/Reunion'),
    ('976', 'Mayotte', 'MAY', 'Mayotte', 'Indian/Mayotte'),
    ('975', 'Saint-Pierre-et-Miquelon', 'COM', 'Collectivités d''outre-mer', 'America/Miquelon'),
    ('977', 'Saint-Barthélemy', 'COM', 'Collectivités d''outre-mer', 'America/St_Barthelemy'),
    ('978', 'Saint-Martin', 'COM', 'Collectivités d''outre-mer', 'America/Marigot'),
    ('984', 'Terres australes et antarctiques françaises', 'COM', 'Collectivités d''outre-mer', 'Indian/Reunion'),
    ('986', 'Wallis-et-Futuna', 'COM', 'Collectivités d''outre-mer', 'Pacific/Wallis'),
    ('987', 'Polynésie française', 'COM', 'Collectivités d''outre-mer', 'Pacific/Tahiti'),
    ('988', 'Nouvelle-Calédonie', 'COM', 'Collectivités d''outre-mer', 'Pacific/Noumea'),
    ('MC', 'Monaco', 'MCO', 'Monaco', 'Europe/Monaco');
