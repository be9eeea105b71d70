-- +goose Up

-- What of an entry decides a hit, beside its category.
ALTER TABLE sluice.transfers{{onCluster}}
    ADD COLUMN IF NOT EXISTS `hits.names` Array(String) COMMENT 'token, issuer: what the party of the entry is to the token whose contract the address is; empty: nothing' AFTER `hits.measure`,
    ADD COLUMN IF NOT EXISTS `hits.severity` Array(String) COMMENT 'what whoever runs the list gave the entry; empty: its categories decide' AFTER `hits.names`;

ALTER TABLE sluice.flagged_events{{onCluster}}
    ADD COLUMN IF NOT EXISTS `hits.names` Array(String) COMMENT 'token, issuer: what the party of the entry is to the token whose contract the address is; empty: nothing' AFTER `hits.measure`,
    ADD COLUMN IF NOT EXISTS `hits.severity` Array(String) COMMENT 'what whoever runs the list gave the entry; empty: its categories decide' AFTER `hits.names`;

ALTER TABLE sluice.flagged_history{{onCluster}}
    ADD COLUMN IF NOT EXISTS `hits.names` Array(String) COMMENT 'token, issuer: what the party of the entry is to the token whose contract the address is; empty: nothing' AFTER `hits.measure`,
    ADD COLUMN IF NOT EXISTS `hits.severity` Array(String) COMMENT 'what whoever runs the list gave the entry; empty: its categories decide' AFTER `hits.names`;
