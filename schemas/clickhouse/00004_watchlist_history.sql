-- +goose Up

-- Two times: when an address was listed, as its publisher dates it (*_listed_at, delisted_at), and when Sluice came to
-- know it (known_from, seq). A row is what one activation changed about one entry.
CREATE TABLE IF NOT EXISTS sluice.watchlist_history{{onCluster}}
(
    list              LowCardinality(String),
    entry_id          String,
    key               String                 COMMENT 'address key as text',
    network           LowCardinality(String),
    address           String                 COMMENT 'canonical, without its tag',
    tag               String,
    category          LowCardinality(String) COMMENT 'primary',
    categories        Array(LowCardinality(String)),
    entity            String,
    authority         LowCardinality(String),
    program           LowCardinality(String),
    measure           LowCardinality(String),
    confidence        Nullable(UInt8),
    party_listed_at   Nullable(Date32)       COMMENT 'of the party, never of the address',
    address_listed_at Nullable(Date32),
    delisted_at       Nullable(Date32),
    change            LowCardinality(String) COMMENT 'added, removed, changed; a removed row shows the entry as it was',
    known_from        DateTime64(3, 'UTC')   COMMENT 'when the change was activated',
    seq               UInt64                 COMMENT 'of the activation',
    version           String                 COMMENT 'content hash of the lists after it',
    author            String,
    reason            String
)
ENGINE = {{engine "ReplacingMergeTree"}}
ORDER BY (key, list, network, address, tag, entry_id, seq)
COMMENT 'What every activation changed in the lists. Read it with FINAL.';
