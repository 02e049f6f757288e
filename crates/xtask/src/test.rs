//! `cargo xtask test`: everything there is to run, from nothing.

use crate::compat::Page;
use crate::repository::Repository;
use crate::steps::Steps;
use crate::{check, compat, postgres};

pub(crate) fn run(repository: &Repository, steps: &mut Steps) {
    check::run(repository, steps);
    steps.step("PostgreSQL is installed", postgres::set_up);
    let mut tests = repository.cargo("test --workspace --no-fail-fast");
    tests.env(postgres::REQUIRED.0, postgres::REQUIRED.1);
    steps.show("tests", tests);
    steps.show("model checker", repository.cargo(MODEL_CHECKER));
    compat::run(repository, steps, None, Page::Compare);
}

/// The cursor rule under the interleavings that the checker tries. In release, since those are many; on its own, since
/// the feature puts the checker's locks in place of the engine's.
const MODEL_CHECKER: &str = "test --package hereabouts-engine --features shuttle --release --test cursor_model";
