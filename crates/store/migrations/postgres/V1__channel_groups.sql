-- A group is there while it has a channel, so there is no table of groups.
CREATE TABLE group_channels (
    subscribe_key text COLLATE "C" NOT NULL,
    group_name    text COLLATE "C" NOT NULL,
    channel       text COLLATE "C" NOT NULL,
    PRIMARY KEY (subscribe_key, group_name, channel)
);
