-- +goose Up

-- Look-ups by address and lookback read this table alone: it is sorted by the key. A skip index on the arrays of
-- transfers would read every granule.
CREATE TABLE IF NOT EXISTS sluice.transfer_addresses{{onCluster}}
(
    key         String                 COMMENT 'address key as text: family[:kind]:payload in hex' CODEC(ZSTD(1)),
    occurred_at DateTime64(9, 'UTC')   CODEC(Delta, ZSTD(1)),
    id          String                 COMMENT 'of the transfer' CODEC(ZSTD(1)),
    role        LowCardinality(String) COMMENT 'sender, recipient, contract, initiator, memo',
    side        LowCardinality(String) COMMENT 'counterparty, own, token, initiator',
    address     String                 COMMENT 'canonical, without its tag' CODEC(ZSTD(1)),
    tag         String                 COMMENT 'destination tag, muxed id or payment id, or empty',
    network     LowCardinality(String),
    tenant      LowCardinality(String),
    customer_id String                 CODEC(ZSTD(1)),
    direction   LowCardinality(String)
)
ENGINE = {{engine "ReplacingMergeTree"}}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (key, occurred_at, id, role)
COMMENT 'Which transfers an address is part of. Read it with FINAL.';
