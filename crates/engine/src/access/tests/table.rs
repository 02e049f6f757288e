//! Every route has a row.

use std::collections::HashSet;

use wire::context::Kind;
use wire::route::{EXAMPLES, Method, Route};
use wire::target::Target;

use super::*;

#[test]
fn every_route_is_an_operation_with_a_rule() {
    let mut met = HashSet::new();
    for (method, target) in EXAMPLES {
        let route = Route::of(Method::of(method), &Target::new(target)).unwrap();
        let operations = Operation::of(&route);
        assert!(!operations.is_empty(), "{method} {target} has no row");
        for operation in operations {
            met.insert(operation);
            // Nothing but the time is free, and what asks for names asks for a permission on some.
            match operation.rule() {
                Rule::Free => assert_eq!(operation, Operation::Time),
                Rule::Names { channel, group, user } => {
                    assert!(
                        !(channel.is_none() && group.is_none() && user.is_none()),
                        "{operation:?} asks for nothing"
                    );
                }
                Rule::Anyone => assert_eq!(operation, Operation::WhereNow),
                Rule::Known => assert_eq!(operation, Operation::Leave),
                Rule::Listing(_) | Rule::SecretKey | Rule::Signed => {}
            }
        }
    }
    assert_eq!(met.len(), 33, "operations without a route, or routes without an example");
}

#[test]
fn the_table_is_that_of_the_page() {
    use wire::access::Permissions as P;
    let check = |operation: Operation, channel: P, group: P, user: P| {
        assert_eq!(operation.rule(), Rule::Names { channel, group, user }, "{operation:?}");
    };
    check(Operation::Publish, P::WRITE, P::NONE, P::NONE);
    check(Operation::Signal, P::WRITE, P::NONE, P::NONE);
    for operation in
        [Operation::Subscribe, Operation::Heartbeat, Operation::HereNow, Operation::GetState, Operation::SetState]
    {
        check(operation, P::READ, P::READ, P::NONE);
    }
    check(Operation::ListGroup, P::NONE, P::READ | P::MANAGE, P::NONE);
    check(Operation::ChangeGroup, P::NONE, P::MANAGE, P::NONE);
    check(Operation::DeleteGroup, P::NONE, P::MANAGE, P::NONE);
    check(Operation::GetRecord(Kind::User), P::NONE, P::NONE, P::GET);
    check(Operation::GetRecord(Kind::Channel), P::GET, P::NONE, P::NONE);
    check(Operation::SetRecord(Kind::User), P::NONE, P::NONE, P::UPDATE);
    check(Operation::SetRecord(Kind::Channel), P::UPDATE, P::NONE, P::NONE);
    check(Operation::WriteRecords(Kind::User), P::NONE, P::NONE, P::UPDATE);
    check(Operation::WriteRecords(Kind::Channel), P::UPDATE, P::NONE, P::NONE);
    check(Operation::RemoveRecord(Kind::User), P::NONE, P::NONE, P::DELETE);
    check(Operation::RemoveRecord(Kind::Channel), P::DELETE, P::NONE, P::NONE);
    check(Operation::ListMemberships(Kind::User), P::NONE, P::NONE, P::GET);
    check(Operation::ListMemberships(Kind::Channel), P::GET, P::NONE, P::NONE);
    check(Operation::ManageMemberships(Kind::User), P::JOIN, P::NONE, P::UPDATE);
    check(Operation::ManageMemberships(Kind::Channel), P::MANAGE, P::NONE, P::NONE);
    assert_eq!(Operation::HereNowEverywhere.rule(), Rule::SecretKey);
    assert_eq!(Operation::ListGroups.rule(), Rule::SecretKey);
}
