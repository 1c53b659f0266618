-- The derived store. Everything here is rebuilt from the log by `tailorbird rebuild`.
-- Instants are BIGINT microseconds UTC, money BIGINT minor units, `number` BIGINT millionths.
-- "at" is a keyword of DuckDB and always quoted.

-- owner, here and below: the person's number before she was merged into `person`; mostly NULL.

-- One row an event. person is NULL for a guest. at: when it happened; received_at: when we learnt it.
-- From session_id on: its context. hour (0 to 23) and weekday (1 is Monday) are those of the local
-- clock, utc_offset minutes ahead of UTC. page is a path, referrer a host.
CREATE TABLE IF NOT EXISTS facts (
    position BIGINT NOT NULL, person BIGINT, event VARCHAR NOT NULL, "at" BIGINT NOT NULL,
    received_at BIGINT NOT NULL, order_id VARCHAR, item VARCHAR, category VARCHAR,
    quantity BIGINT, value_minor BIGINT, currency VARCHAR, campaign VARCHAR, variant VARCHAR,
    send_id VARCHAR, machine BOOLEAN NOT NULL, source VARCHAR NOT NULL,
    session_id VARCHAR, browser VARCHAR, os VARCHAR, device VARCHAR, app VARCHAR, country VARCHAR,
    region VARCHAR, city VARCHAR, page VARCHAR, referrer VARCHAR, channel VARCHAR,
    utm_source VARCHAR, utm_medium VARCHAR, utm_campaign VARCHAR, utm_term VARCHAR,
    utm_content VARCHAR, utc_offset BIGINT, hour BIGINT, weekday BIGINT,
    dwell_seconds BIGINT, owner BIGINT);

-- One row a product of an event (also of single-product events): the interactions. own: the event's
-- row among the facts says the same item and category itself.
CREATE TABLE IF NOT EXISTS lines (
    position BIGINT NOT NULL, person BIGINT, event VARCHAR NOT NULL, "at" BIGINT NOT NULL,
    order_id VARCHAR, item VARCHAR NOT NULL, category VARCHAR, quantity BIGINT NOT NULL,
    value_minor BIGINT NOT NULL, owner BIGINT, own BOOLEAN NOT NULL DEFAULT FALSE);

-- What people did that is asked for long after, a second time: narrow, by event and person, without
-- guests and without browsing (traits/state.py). kind is a hash of the event, order_key of the order's
-- id, campaign_key of the campaign's: each is the upper 63 bits of an MD5. alone: no other row of
-- this event is of the same order, so that such rows can be counted instead of told apart; where it
-- is not known, it is false.
-- Changed in the transactions that change the facts.
CREATE TABLE IF NOT EXISTS deeds (
    position BIGINT NOT NULL, person BIGINT NOT NULL, event VARCHAR NOT NULL, "at" BIGINT NOT NULL,
    order_id VARCHAR, item VARCHAR, category VARCHAR, quantity BIGINT, value_minor BIGINT,
    campaign VARCHAR, machine BOOLEAN NOT NULL, owner BIGINT, kind BIGINT NOT NULL,
    order_key BIGINT, campaign_key BIGINT, alone BOOLEAN NOT NULL);
CREATE TABLE IF NOT EXISTS deed_lines (
    position BIGINT NOT NULL, person BIGINT NOT NULL, event VARCHAR NOT NULL, "at" BIGINT NOT NULL,
    order_id VARCHAR, item VARCHAR NOT NULL, category VARCHAR, quantity BIGINT NOT NULL,
    value_minor BIGINT NOT NULL, owner BIGINT, kind BIGINT NOT NULL, own BOOLEAN NOT NULL);

-- How many rows of the state lie as they came, by event, and the first position of them.
CREATE TABLE IF NOT EXISTS loose (
    event VARCHAR PRIMARY KEY, deeds BIGINT NOT NULL, since BIGINT NOT NULL);

-- Properties of events that have no column of their own. Text as it came; numbers also as millionths.
CREATE TABLE IF NOT EXISTS properties (
    position BIGINT NOT NULL, person BIGINT, event VARCHAR NOT NULL, "at" BIGINT NOT NULL,
    name VARCHAR NOT NULL, text VARCHAR, number BIGINT, owner BIGINT);

-- History of declared traits that are not personal fields (those stay encrypted with the profile;
-- of a birthday, the day and the month alone, as a day of the year 2000). day: as it is written, in
-- days since 1970; instant: a day without a time begins in UTC; elements: of a list, between marks.
CREATE TABLE IF NOT EXISTS trait_values (
    position BIGINT NOT NULL, person BIGINT NOT NULL, name VARCHAR NOT NULL, "at" BIGINT NOT NULL,
    text VARCHAR, number BIGINT, owner BIGINT, source VARCHAR NOT NULL DEFAULT '',
    weight BIGINT NOT NULL DEFAULT 0, day BIGINT, instant BIGINT, elements VARCHAR);
CREATE TABLE IF NOT EXISTS trait_weights (
    name VARCHAR NOT NULL, source VARCHAR NOT NULL, weight BIGINT NOT NULL);

-- position: of the last record that said anything of the person; a refresh asks who is above its own.
CREATE TABLE IF NOT EXISTS people (
    person BIGINT PRIMARY KEY, created_at BIGINT NOT NULL, position BIGINT NOT NULL DEFAULT 0);

-- Everybody, as numbered at first, whom a merge or a separation has touched: in whom she is found,
-- and when her own history began. Of all others, people.created_at says so.
CREATE TABLE IF NOT EXISTS owners (
    owner BIGINT PRIMARY KEY, person BIGINT NOT NULL, created_at BIGINT NOT NULL);

CREATE TABLE IF NOT EXISTS products (
    item VARCHAR PRIMARY KEY, name VARCHAR, category VARCHAR, price_minor BIGINT, currency VARCHAR,
    url VARCHAR, image VARCHAR, stock BIGINT, updated_at BIGINT NOT NULL);

-- What the shop says of a product beside that: its brand, its margin. As it came, as text; empty
-- where it was taken back.
CREATE TABLE IF NOT EXISTS product_attributes (
    item VARCHAR NOT NULL, name VARCHAR NOT NULL, text VARCHAR NOT NULL, "at" BIGINT NOT NULL,
    PRIMARY KEY (item, name));

-- Each word of the shop by which a product's price or stock became another: what it said, and what
-- was known before; NULL where nothing. A stock that is not counted is said as the least BIGINT, and
-- was before as NULL.
CREATE TABLE IF NOT EXISTS product_changes (
    position BIGINT NOT NULL, item VARCHAR NOT NULL, "at" BIGINT NOT NULL, price_before BIGINT,
    price_minor BIGINT, stock_before BIGINT, stock BIGINT);

-- Segments: the standing answer of every person, when it must be asked again, and what changed.
-- Who has no row in membership is no member, and time alone will not change it.
CREATE TABLE IF NOT EXISTS membership (
    segment VARCHAR NOT NULL, person BIGINT NOT NULL, member BOOLEAN NOT NULL, next_check BIGINT);
-- at: when it became true; seen_at: the refresh that saw it. cause: event, time, definition, merge.
-- sequence: from 1 without gaps; what is told of changes follows it, and the record keeps them by it.
CREATE TABLE IF NOT EXISTS membership_changes (
    segment VARCHAR NOT NULL, person BIGINT NOT NULL, "at" BIGINT NOT NULL, entered BOOLEAN NOT NULL,
    cause VARCHAR NOT NULL, version BIGINT NOT NULL, seen_at BIGINT NOT NULL,
    sequence BIGINT NOT NULL);
-- fingerprint: of what the segment meant, with the segments that it names. micros: what the last
-- refresh cost that asked anybody, and how many it asked; of all such; of the last of everybody.
CREATE TABLE IF NOT EXISTS segment_refreshes (
    segment VARCHAR PRIMARY KEY, version BIGINT NOT NULL, "at" BIGINT NOT NULL,
    position BIGINT NOT NULL, fingerprint BIGINT NOT NULL DEFAULT 0,
    refreshes BIGINT NOT NULL DEFAULT 0, micros BIGINT NOT NULL DEFAULT 0,
    asked BIGINT NOT NULL DEFAULT 0, all_micros BIGINT NOT NULL DEFAULT 0,
    whole_micros BIGINT NOT NULL DEFAULT 0);

-- Scores of models are traits: probability in millionths.
CREATE TABLE IF NOT EXISTS scores (
    model VARCHAR NOT NULL, version BIGINT NOT NULL, person BIGINT NOT NULL, "at" BIGINT NOT NULL,
    value BIGINT NOT NULL);

-- What was odd about what came, by day of receipt (days since 1970): ids that had been seen before,
-- and what broke the tracking plan and was taken all the same. log_offset: where its batch ended.
CREATE TABLE IF NOT EXISTS duplicates (
    log_offset BIGINT NOT NULL, day BIGINT NOT NULL, source VARCHAR NOT NULL,
    events BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS violations (
    log_offset BIGINT NOT NULL, day BIGINT NOT NULL, source VARCHAR NOT NULL,
    event VARCHAR NOT NULL, property VARCHAR NOT NULL, problem VARCHAR NOT NULL,
    wants VARCHAR NOT NULL, plan_version BIGINT NOT NULL, line BIGINT NOT NULL,
    events BIGINT NOT NULL);

CREATE TABLE IF NOT EXISTS markers (name VARCHAR PRIMARY KEY, value BIGINT NOT NULL);
