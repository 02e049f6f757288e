//! `cargo xtask check`: what can be said about the repository without running it.

mod deny;
mod doors;
mod independence;
mod map;

use crate::repository::Repository;
use crate::steps::Steps;

pub(crate) fn run(repository: &Repository, steps: &mut Steps) {
    steps.run("formatting", repository.cargo(["fmt", "--all", "--check"]));
    steps.step("doors", || doors::check(&repository.packages));
    steps.step("map", || map::check(repository));
    steps.step("independence", || independence::check(repository));
    steps.run("lints", repository.cargo(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]));
    steps.run("documentation", {
        let mut command = repository.cargo(["doc", "--quiet", "--workspace", "--no-deps"]);
        command.env("RUSTDOCFLAGS", "-D warnings");
        command
    });
    deny::run(repository, steps);
}
