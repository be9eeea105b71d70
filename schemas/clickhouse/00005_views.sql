-- +goose Up

-- Plain views over FINAL: a row that was sent twice counts once. Counts and values are of confirmed transfers; attempts
-- are counted apart. Values of different currencies are different rows. The sums are 256 bits wide: a narrower one could
-- wrap around without an error.

CREATE OR REPLACE VIEW sluice.daily_by_category{{onCluster}} AS
SELECT
    toDate(occurred_at)                                                     AS day,
    tenant,
    category,
    direction,
    fiat_currency,
    countIf(stage = 'confirmed')                                            AS transfers,
    countIf(stage = 'attempt')                                              AS attempts,
    countIf(stage = 'confirmed' AND verdict = 'flagged')                    AS flagged,
    countIf(stage = 'confirmed' AND verdict = 'held')                       AS held,
    sumIf(toDecimal256(fiat_amount, 8), stage = 'confirmed')                AS fiat_value
FROM sluice.transfers FINAL
ARRAY JOIN categories AS category
GROUP BY day, tenant, category, direction, fiat_currency;

CREATE OR REPLACE VIEW sluice.daily_by_severity{{onCluster}} AS
SELECT
    toDate(occurred_at)                                                     AS day,
    tenant,
    severity,
    fiat_currency,
    countIf(stage = 'confirmed')                                            AS transfers,
    countIf(stage = 'attempt')                                              AS attempts,
    countIf(stage = 'confirmed' AND verdict = 'flagged')                    AS flagged,
    countIf(stage = 'confirmed' AND verdict = 'held')                       AS held,
    sumIf(toDecimal256(fiat_amount, 8), stage = 'confirmed')                AS fiat_value
FROM sluice.transfers FINAL
GROUP BY day, tenant, severity, fiat_currency;

CREATE OR REPLACE VIEW sluice.daily_by_flow{{onCluster}} AS
SELECT
    toDate(occurred_at)                                                     AS day,
    tenant,
    direction,
    fiat_currency,
    countIf(stage = 'confirmed')                                            AS transfers,
    countIf(stage = 'attempt')                                              AS attempts,
    countIf(stage = 'confirmed' AND verdict = 'flagged')                    AS flagged,
    countIf(stage = 'confirmed' AND verdict = 'held')                       AS held,
    sumIf(toDecimal256(fiat_amount, 8), stage = 'confirmed')                AS fiat_value
FROM sluice.transfers FINAL
GROUP BY day, tenant, direction, fiat_currency;

CREATE OR REPLACE VIEW sluice.daily_by_network{{onCluster}} AS
SELECT
    toDate(occurred_at)                                                     AS day,
    tenant,
    network,
    asset,
    fiat_currency,
    countIf(stage = 'confirmed')                                            AS transfers,
    countIf(stage = 'attempt')                                              AS attempts,
    countIf(stage = 'confirmed' AND verdict = 'flagged')                    AS flagged,
    countIf(stage = 'confirmed' AND verdict = 'held')                       AS held,
    sumIf(amount, stage = 'confirmed')                                      AS amount,
    sumIf(toDecimal256(fiat_amount, 8), stage = 'confirmed')                AS fiat_value
FROM sluice.transfers FINAL
GROUP BY day, tenant, network, asset, fiat_currency;

-- The same transfer id and stage with more than one content.
CREATE OR REPLACE VIEW sluice.conflicts{{onCluster}} AS
SELECT
    tenant,
    transfer_id,
    stage,
    count()                                     AS facts,
    arraySort(groupArray(id))                   AS ids,
    min(ingested_at)                            AS first_at,
    max(ingested_at)                            AS last_at,
    arraySort(groupUniqArray(verdict))          AS verdicts
FROM sluice.transfers FINAL
GROUP BY tenant, transfer_id, stage
HAVING facts > 1;

-- What is listed now, as the history has it: the last change of every entry, without the removed ones.
CREATE OR REPLACE VIEW sluice.watchlist_entries{{onCluster}} AS
SELECT *
FROM
(
    SELECT *
    FROM sluice.watchlist_history FINAL
    ORDER BY key, list, network, address, tag, entry_id, seq DESC
    LIMIT 1 BY key, list, network, address, tag, entry_id
)
WHERE change != 'removed';
