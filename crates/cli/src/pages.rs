//! `hereabouts completions` and `hereabouts man`: what shells and `man` read, from the definitions that the program itself reads.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Command};
use clap_complete::Shell;

#[derive(Args)]
pub(crate) struct CompletionsArguments {
    /// For which shell.
    shell: Shell,
}

#[derive(Args)]
pub(crate) struct ManArguments {
    /// The folder to write one page a command to. [default: the page of the program alone, to standard output]
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

pub(crate) fn completions(arguments: &CompletionsArguments, mut program: Command) -> Result<()> {
    let mut script = Vec::new();
    let name = program.get_name().to_owned();
    clap_complete::generate(arguments.shell, &mut program, name, &mut script);
    Ok(io::stdout().write_all(&script)?)
}

pub(crate) fn man(arguments: &ManArguments, program: Command) -> Result<()> {
    let Some(folder) = &arguments.folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(program).render(&mut page)?;
        return Ok(io::stdout().write_all(&page)?);
    };
    let write = || {
        std::fs::create_dir_all(folder)?;
        clap_mangen::generate_to(program, folder)
    };
    write().with_context(|| format!("cannot write pages to {}", folder.display()))
}
