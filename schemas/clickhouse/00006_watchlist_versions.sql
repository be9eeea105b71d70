-- +goose Up

-- The history of the lists whole: every member of every entry, so that each version that was ever in force can be made
-- again, byte for byte, and be checked by its content hash.

-- One list of one activation. Its rows come last: an activation counts in the history once they are there, and what a
-- crash left of one before that counts for nothing.
CREATE TABLE IF NOT EXISTS sluice.watchlist_versions{{onCluster}}
(
    seq            UInt64                 COMMENT 'of the activation',
    epoch          String                 COMMENT 'of the order that numbers it',
    version        String                 COMMENT 'content hash of all lists',
    previous       String                 COMMENT 'version before it',
    at             DateTime64(9, 'UTC')   COMMENT 'when it was activated: from then on Sluice knew',
    author         String,
    reason         String,
    list           LowCardinality(String) COMMENT 'empty in the only row of an activation without lists',
    list_version   String                 COMMENT 'content hash of the list',
    entries        UInt64,
    format         LowCardinality(String) COMMENT 'where the list came from, and so on to loaded_for',
    source         String                 COMMENT 'file or address',
    imported_at    Nullable(DateTime('UTC')),
    published_at   Nullable(DateTime('UTC')),
    loaded_by      String,
    loaded_for     String
)
ENGINE = {{engine "ReplacingMergeTree"}}
ORDER BY (seq, list)
COMMENT 'What every activation put in force, list by list. Read it with FINAL.';

ALTER TABLE sluice.watchlist_history{{onCluster}}
    ADD COLUMN IF NOT EXISTS content UInt64 COMMENT 'hash of the entry, 0 in rows of before it was kept: entries of one list that agree in address, tag and entry_id are told apart by it' AFTER entry_id,
    MODIFY ORDER BY (key, list, network, address, tag, entry_id, seq, content);

ALTER TABLE sluice.watchlist_history{{onCluster}}
    MODIFY COLUMN change LowCardinality(String) COMMENT 'added, changed: listed so from now on; removed, replaced: no more; rows of these show the entry as it was',
    ADD COLUMN IF NOT EXISTS wrapped_key String COMMENT 'key of the P2SH-P2WPKH address of the same public key, which the entry lists too',
    ADD COLUMN IF NOT EXISTS entry String DEFAULT concat(
        '{"network":', toJSONString(toString(network)), ',"address":', toJSONString(address), ',"tag":', toJSONString(tag),
        ',"category":', toJSONString(toString(category)), ',"categories":["', arrayStringConcat(categories, '","'), '"]',
        ',"entity":', toJSONString(entity), ',"list":', toJSONString(toString(list)), ',"entry_id":', toJSONString(entry_id),
        ',"authority":', toJSONString(toString(authority)), ',"program":', toJSONString(toString(program)),
        ',"measure":', toJSONString(toString(measure)), ',"confidence":', toString(ifNull(confidence, 0)),
        ',"party_listed_at":"', ifNull(toString(party_listed_at), ''), '","address_listed_at":"', ifNull(toString(address_listed_at), ''),
        '","delisted_at":"', ifNull(toString(delisted_at), ''), '"}') COMMENT 'the whole entry as JSON' CODEC(ZSTD(3)),
    ADD INDEX IF NOT EXISTS wrapped wrapped_key TYPE bloom_filter(0.001) GRANULARITY 4;

-- What is in the entry and in no column of its own.
ALTER TABLE sluice.watchlist_history{{onCluster}}
    ADD COLUMN IF NOT EXISTS rating String ALIAS JSONExtractString(entry, 'severity') COMMENT 'severity that whoever runs the list gave the entry',
    ADD COLUMN IF NOT EXISTS use String ALIAS JSONExtractString(entry, 'use') COMMENT 'empty: listed; allow, own',
    ADD COLUMN IF NOT EXISTS names String ALIAS JSONExtractString(entry, 'names'),
    ADD COLUMN IF NOT EXISTS service String ALIAS JSONExtractString(entry, 'service'),
    ADD COLUMN IF NOT EXISTS customer_id String ALIAS JSONExtractString(entry, 'customer_id'),
    ADD COLUMN IF NOT EXISTS for_list String ALIAS JSONExtractString(entry, 'for_list'),
    ADD COLUMN IF NOT EXISTS for_entry String ALIAS JSONExtractString(entry, 'for_entry'),
    ADD COLUMN IF NOT EXISTS expires_at Nullable(DateTime('UTC')) ALIAS parseDateTimeBestEffortOrNull(JSONExtractString(entry, 'expires_at')),
    ADD COLUMN IF NOT EXISTS known_at Nullable(DateTime('UTC')) ALIAS parseDateTimeBestEffortOrNull(JSONExtractString(entry, 'known_at')) COMMENT 'when a person made the entry',
    ADD COLUMN IF NOT EXISTS entry_author String ALIAS JSONExtractString(entry, 'author') COMMENT 'who made the entry; author is who activated it',
    ADD COLUMN IF NOT EXISTS entry_reason String ALIAS JSONExtractString(entry, 'reason'),
    ADD COLUMN IF NOT EXISTS reference String ALIAS JSONExtractString(entry, 'reference'),
    ADD COLUMN IF NOT EXISTS approver String ALIAS JSONExtractString(entry, 'approver');

-- Activations of before this table, with the lists that they are known to have had.
INSERT INTO sluice.watchlist_versions (seq, version, at, author, reason, list)
SELECT a.seq, a.version, a.at, a.author, a.reason, l.list
FROM
(
    SELECT seq, any(version) AS version, min(known_from) AS at, any(author) AS author, any(reason) AS reason
    FROM sluice.watchlist_history
    WHERE content = 0
    GROUP BY seq
) AS a
CROSS JOIN (SELECT list, min(seq) AS first FROM sluice.watchlist_history GROUP BY list) AS l
WHERE l.first <= a.seq AND a.seq NOT IN (SELECT seq FROM sluice.watchlist_versions);

-- Every entry with the span in which it was in force in exactly these words: from an activation until before another
-- one. known_since is when Sluice came to know of the entry, in whatever words, without a break.
CREATE OR REPLACE VIEW sluice.watchlist_entries{{onCluster}} AS
SELECT
    e.list AS list, e.entry_id AS entry_id, e.key AS key, e.wrapped_key AS wrapped_key, e.network AS network, e.address AS address, e.tag AS tag,
    e.category AS category, e.categories AS categories, e.entity AS entity, e.authority AS authority, e.program AS program,
    e.measure AS measure, e.confidence AS confidence, e.rating AS rating,
    e.party_listed_at AS party_listed_at, e.address_listed_at AS address_listed_at, e.delisted_at AS delisted_at,
    e.use AS use, e.names AS names, e.service AS service, e.customer_id AS customer_id, e.for_list AS for_list, e.for_entry AS for_entry,
    e.expires_at AS expires_at, e.known_at AS known_at, e.entry_author AS entry_author, e.entry_reason AS entry_reason,
    e.reference AS reference, e.approver AS approver,
    e.change AS change, e.known_since AS known_since, e.known_from AS known_from, e.known_to AS known_to, e.seq AS from_seq, e.to_seq AS to_seq,
    e.author AS author, e.reason AS reason,
    v.format AS format, v.source AS source, v.imported_at AS imported_at,
    e.content AS content, e.entry AS entry
FROM
(
    SELECT
        *, rating, use, names, service, customer_id, for_list, for_entry, expires_at, known_at, entry_author, entry_reason, reference, approver,
        leadInFrame(toNullable(known_from)) OVER words AS known_to,
        leadInFrame(toNullable(seq)) OVER words AS to_seq,
        maxIf(known_from, change = 'added') OVER (PARTITION BY key, wrapped_key, list, network, address, tag, entry_id
            ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS known_since
    FROM sluice.watchlist_history FINAL
    WHERE seq IN (SELECT seq FROM sluice.watchlist_versions)
    WINDOW words AS (PARTITION BY key, wrapped_key, list, network, address, tag, entry_id, content
        ORDER BY seq ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
) AS e
LEFT ANY JOIN (SELECT seq, list, format, source, imported_at FROM sluice.watchlist_versions FINAL) AS v ON v.seq = e.seq AND v.list = e.list
WHERE e.change IN ('added', 'changed');

-- What is in force now, as far as it is recorded.
CREATE OR REPLACE VIEW sluice.watchlist_current{{onCluster}} AS
SELECT * FROM sluice.watchlist_entries WHERE to_seq IS NULL;
