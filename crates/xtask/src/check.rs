//! `cargo xtask check`: what can be said about the repository without running it.

mod deny;
mod doors;
mod independence;
mod map;
mod wasm;

use crate::repository::Repository;
use crate::steps::Steps;

pub(crate) fn run(repository: &Repository, steps: &mut Steps) {
    steps.run("formatting", repository.cargo("fmt --all --check"));
    steps.step("doors", || doors::check(&repository.packages));
    steps.step("map", || map::check(repository));
    steps.step("independence", || independence::check(repository));
    steps.run("lints", repository.cargo("clippy --quiet --workspace --all-targets -- -D warnings"));
    // What is there for the model checker alone is in no build of the line above.
    let of_model = "clippy --quiet --package hereabouts-engine --features shuttle --all-targets -- -D warnings";
    steps.run("lints of the model", repository.cargo(of_model));
    wasm::run(repository, steps);
    let mut documentation = repository.cargo("doc --quiet --workspace --no-deps");
    documentation.env("RUSTDOCFLAGS", "-D warnings");
    steps.run("documentation", documentation);
    deny::run(repository, steps);
}
