//! The rows: what is asked for, and how quick it should be.

use super::people;

/// What a row measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Get,
    /// A page of 100.
    List(Listing, Depth),
    Memberships,
    Count(Counted),
    Create,
    Update,
    /// New users, by 1,000.
    Bulk,
}

/// Which list of users, in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    ByName,
    ActiveByName,
    Team,
    TeamByName,
    ByStatusAndName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    First,
    /// The page [`far_page`].
    Far,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    All,
    Active,
    /// The same for one who asks alone: what it takes, without the others.
    ActiveAlone,
}

/// One thing to ask for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    Get(u32),
    /// A page; of this team, where the list is of a team.
    List {
        team: usize,
    },
    Memberships,
    Count,
    Create(u32),
    /// A name that the user has not had, and a status.
    Update {
        user: u32,
        round: usize,
    },
    /// So many new users, beginning with this one.
    Bulk(u32),
}

/// Records of a bulk write.
pub(super) const BULK: usize = 1000;

/// Who is created in rows: nobody who was there before, and nobody twice.
const FIRST_CREATED: u32 = 1 << 30;
const FIRST_IN_BULK: u32 = 1 << 31;

/// How quick a row should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// At least so many a second.
    Rate { floor: u32, goal: u32 },
    /// At most so many milliseconds for half of them.
    Milliseconds { floor: u32, goal: u32 },
}

impl Operation {
    /// All rows, reads before writes, since these add users.
    pub(super) const ALL: [Self; 15] = [
        Self::Get,
        Self::List(Listing::ByName, Depth::First),
        Self::List(Listing::ByName, Depth::Far),
        Self::List(Listing::ActiveByName, Depth::First),
        Self::List(Listing::Team, Depth::First),
        Self::List(Listing::TeamByName, Depth::First),
        Self::List(Listing::ByStatusAndName, Depth::First),
        Self::List(Listing::ByStatusAndName, Depth::Far),
        Self::Memberships,
        Self::Count(Counted::All),
        Self::Count(Counted::Active),
        Self::Count(Counted::ActiveAlone),
        Self::Create,
        Self::Update,
        Self::Bulk,
    ];

    /// The rows that tell what many users change. Their memberships are not more.
    pub(super) const OF_MANY: [Self; 10] = [
        Self::Get,
        Self::List(Listing::ByName, Depth::First),
        Self::List(Listing::ByName, Depth::Far),
        Self::List(Listing::ActiveByName, Depth::First),
        Self::List(Listing::Team, Depth::First),
        Self::List(Listing::TeamByName, Depth::First),
        Self::Count(Counted::All),
        Self::Count(Counted::ActiveAlone),
        Self::Create,
        Self::Update,
    ];

    /// For `--only`.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List(Listing::ByName, Depth::First) => "list-by-name",
            Self::List(Listing::ByName, Depth::Far) => "list-by-name-far",
            Self::List(Listing::ActiveByName, _) => "list-status-by-name",
            Self::List(Listing::Team, _) => "list-team",
            Self::List(Listing::TeamByName, _) => "list-team-by-name",
            Self::List(Listing::ByStatusAndName, Depth::First) => "list-by-status-and-name",
            Self::List(Listing::ByStatusAndName, Depth::Far) => "list-by-status-and-name-far",
            Self::Memberships => "memberships",
            Self::Count(Counted::All) => "count-all",
            Self::Count(Counted::Active) => "count-status",
            Self::Count(Counted::ActiveAlone) => "count-status-alone",
            Self::Create => "create",
            Self::Update => "update",
            Self::Bulk => "bulk",
        }
    }

    pub(super) fn name(self, users: usize) -> String {
        let page = |depth| match depth {
            Depth::First => "page 1".to_owned(),
            Depth::Far => format!("page {}", far_page(users)),
        };
        match self {
            Self::Get => "get one user".to_owned(),
            Self::List(Listing::ByName, depth) => format!("{}, `sort=name`", page(depth)),
            Self::List(Listing::ActiveByName, _) => "page of `status`, `sort=name`".to_owned(),
            Self::List(Listing::Team, _) => "page of `custom.team`, 2,000 match".to_owned(),
            Self::List(Listing::TeamByName, _) => "the same page, `sort=name`".to_owned(),
            Self::List(Listing::ByStatusAndName, depth) => format!("{}, `sort=status:desc,name`", page(depth)),
            Self::Memberships => "page of 1,000 memberships".to_owned(),
            Self::Count(Counted::All) => "`count=true`, all".to_owned(),
            Self::Count(Counted::Active) => "`count=true`, of `status`".to_owned(),
            Self::Count(Counted::ActiveAlone) => "`count=true`, of `status`, one connection".to_owned(),
            Self::Create => "set, new users, durable".to_owned(),
            Self::Update => "set, users that are there, durable".to_owned(),
            Self::Bulk => "users in bulk writes of 1,000".to_owned(),
        }
    }

    pub(super) fn is_write(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Bulk)
    }

    /// Whether it asks for the users of one team.
    pub(super) fn is_of_team(self) -> bool {
        matches!(self, Self::List(Listing::Team | Listing::TeamByName, _))
    }

    /// Who asks at once, when there are so many connections.
    pub(super) fn connections(self, connections: usize) -> usize {
        match self {
            Self::Count(Counted::ActiveAlone) => 1,
            // 64 of them would be 64,000 records in flight.
            Self::Bulk => connections.min(4),
            Self::Get | Self::List(..) | Self::Memberships | Self::Count(_) | Self::Create | Self::Update => {
                connections
            }
        }
    }

    /// What the nth request of a connection asks for.
    pub(super) fn ask(self, connection: usize, connections: usize, n: usize, users: usize) -> Ask {
        let turn = n * connections + connection;
        // All over the users, each as often as the others.
        let somebody = number(turn.wrapping_mul(7919) % users);
        match self {
            Self::Get => Ask::Get(somebody),
            Self::List(..) => {
                let teams = people::teams(users);
                Ask::List { team: teams.start + turn % teams.len() }
            }
            Self::Memberships => Ask::Memberships,
            Self::Count(_) => Ask::Count,
            Self::Create => Ask::Create(FIRST_CREATED + number(turn)),
            Self::Update => Ask::Update { user: somebody, round: turn },
            Self::Bulk => Ask::Bulk(FIRST_IN_BULK + number(turn * BULK)),
        }
    }

    /// Things done by one request.
    pub(super) fn weight(self) -> usize {
        if self == Self::Bulk { BULK } else { 1 }
    }

    pub(super) fn limit(self) -> Option<Limit> {
        match self {
            Self::Get => Some(Limit::Rate { floor: 40_000, goal: 80_000 }),
            Self::List(Listing::ActiveByName, _) => Some(Limit::Rate { floor: 3_000, goal: 8_000 }),
            Self::List(Listing::Team | Listing::TeamByName, _) => Some(Limit::Rate { floor: 1_000, goal: 3_000 }),
            Self::Create | Self::Update => Some(Limit::Rate { floor: 10_000, goal: 25_000 }),
            Self::Count(Counted::ActiveAlone) => Some(Limit::Milliseconds { floor: 20, goal: 5 }),
            Self::List(Listing::ByName | Listing::ByStatusAndName, _)
            | Self::Memberships
            | Self::Count(Counted::All | Counted::Active)
            | Self::Bulk => None,
        }
    }
}

/// The page far behind the first: 900, or as far as a smaller list goes.
pub(super) fn far_page(users: usize) -> usize {
    (users / 100 * 9 / 10).clamp(2, 900)
}

/// Numbers of users fit, by far.
pub(super) fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
