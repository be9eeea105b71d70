-- +goose Up

-- What was accepted: one row for each record of sluice.transfers.v1, written by a consumer group of its own that reads
-- nothing else, so that a fault of the hops that judge is no fault of the ledger. A record that is read again replaces
-- its own row. epoch tells the topic from one of the same name that was made anew, whose offsets begin again.
CREATE TABLE IF NOT EXISTS sluice.ledger{{onCluster}}
(
    topic       LowCardinality(String),
    epoch       LowCardinality(String) COMMENT 'id that the broker gave the topic, 32 hex digits, or empty where it gives none',
    partition   Int32                  CODEC(ZSTD(1)),
    offset      Int64                  CODEC(Delta, ZSTD(1)),
    id          String                 COMMENT 'identity of the fact, as in transfers' CODEC(ZSTD(1)),
    tenant      LowCardinality(String),
    transfer_id String                 COMMENT 'the exchange''s own id, or empty where the record cannot be read' CODEC(ZSTD(1)),
    hash        FixedString(16)        COMMENT 'first 16 bytes of the SHA-256 of the record''s value' CODEC(NONE),
    accepted_at DateTime64(3, 'UTC')   COMMENT 'when ingest accepted it; of the record where its headers do not tell' CODEC(Delta, ZSTD(1))
)
ENGINE = {{engine "ReplacingMergeTree"}}
PARTITION BY toYYYYMM(accepted_at)
ORDER BY (topic, epoch, partition, offset)
COMMENT 'What was accepted, by its place in the topic. sluice verify compares it with what was recorded. Read it with FINAL.';
