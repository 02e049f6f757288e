//! The `Date` of a reply, written once a second and thread.

use std::cell::RefCell;
use std::time::{Duration, UNIX_EPOCH};

use wire::Timestamp;

thread_local! {
    static LAST: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
}

/// Calls `use_it` with `now` in the form of HTTP.
pub(super) fn with(now: Timestamp, use_it: impl FnOnce(&str)) {
    let seconds = now.seconds();
    LAST.with_borrow_mut(|(last, date)| {
        if *last != seconds {
            *last = seconds;
            *date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
        }
        use_it(date);
    });
}
