-- +goose Up

CREATE TABLE IF NOT EXISTS sluice.dead_letters{{onCluster}}
(
    source_topic     LowCardinality(String),
    source_partition Int32,
    source_offset    Int64,
    stage            LowCardinality(String) COMMENT 'the service that gave up',
    reason           LowCardinality(String) COMMENT 'short code',
    error            String                 COMMENT 'for people',
    at               DateTime64(3, 'UTC'),
    key              String                 COMMENT 'of the original record',
    value            String                 COMMENT 'the original bytes, or their first 64 KiB when truncated' CODEC(ZSTD(3)),
    sha256           String                 COMMENT 'of the whole original, 64 hex digits',
    length           UInt64                 COMMENT 'of the whole original, bytes',
    truncated        Bool,
    transfer_fact    String                 COMMENT 'id of the fact, where a header names it',
    dl_partition     Int32                  COMMENT 'where the dead letter itself stands in sluice.deadletter.v1',
    dl_offset        Int64
)
ENGINE = {{engine "ReplacingMergeTree"}}
ORDER BY (source_topic, source_partition, source_offset, stage, sha256)
COMMENT 'What was given up, with its reason. Read it with FINAL.';
