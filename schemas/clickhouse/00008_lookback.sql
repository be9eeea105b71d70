-- +goose Up

ALTER TABLE sluice.transfers{{onCluster}}
    ADD COLUMN IF NOT EXISTS cause_seq UInt64 DEFAULT 0 COMMENT 'the activation because of which it was judged again; 0: it was judged live' AFTER raised_by;

ALTER TABLE sluice.flagged_events{{onCluster}}
    ADD COLUMN IF NOT EXISTS cause_seq UInt64 DEFAULT 0 COMMENT 'the activation because of which it was judged again; 0: it was judged live' AFTER raised_by;

ALTER TABLE sluice.flagged_history{{onCluster}}
    ADD COLUMN IF NOT EXISTS cause_seq UInt64 DEFAULT 0 COMMENT 'the activation because of which it was judged again; 0: it was judged live' AFTER raised_by;

-- A run looks for recorded transfers that must be judged again. Its row is written anew while it works; what it has to do
-- is asked of the other tables, never of this one.
CREATE TABLE IF NOT EXISTS sluice.lookback_runs{{onCluster}}
(
    seq          UInt64                 COMMENT 'the activation that caused the run',
    from_seq     UInt64                 COMMENT 'the first of the activations that the run covers',
    scope        LowCardinality(String) COMMENT 'lists: what these activations changed; since: the same, ordered by a person; held: what was held while no lists were usable',
    raised_by    LowCardinality(String) COMMENT 'lookback, rescreen: as in the verdicts that it leads to',
    state        LowCardinality(String) COMMENT 'running, joined (it goes on in the next run), done',
    step         LowCardinality(String) COMMENT 'of a running one: searching, waiting for lists, waiting for records',
    detail       String                 COMMENT 'for people',
    activated_at DateTime64(3, 'UTC'),
    started_at   DateTime64(3, 'UTC'),
    updated_at   DateTime64(3, 'UTC'),
    keys         UInt64                 COMMENT 'address keys whose entries changed',
    found        UInt64                 COMMENT 'transfers that had to be judged again, the later passes'' included',
    sent         UInt64                 COMMENT 'of these, sent to sluice.rescreen.v1',
    unverified   UInt64                 COMMENT 'of these, left alone: what is recorded does not give the id of the fact',
    missing      UInt64                 COMMENT 'of these, sent, and not judged by newer lists when the run ended',
    flagged      UInt64                 COMMENT 'verdicts of this run that are flagged or held',
    passes       UInt8,
    last_flag_at DateTime64(3, 'UTC')   COMMENT 'when the last of them was raised; 1970: none'
)
ENGINE = {{engine "ReplacingMergeTree" "updated_at"}}
ORDER BY (seq, scope)
COMMENT 'Lookbacks and rescreenings, with their progress. Read it with FINAL.';
