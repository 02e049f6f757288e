-- A group is there while it has a channel, so there is no table of groups.
CREATE TABLE group_channels (
    subscribe_key TEXT NOT NULL,
    group_name    TEXT NOT NULL,
    channel       TEXT NOT NULL,
    PRIMARY KEY (subscribe_key, group_name, channel)
) STRICT, WITHOUT ROWID;
