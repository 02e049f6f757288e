//! `completions` and `man`.

use super::said;
use crate::program::command;

#[tokio::test]
async fn every_shell_gets_completions_of_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let mut completions = command(&[]);
        completions.args(["completions", shell]);
        let said = said(completions).await;
        said.lines();
        for word in ["here-now", "memberships", "subscribe-key"] {
            assert!(said.out.contains(word), "{shell} does not know {word}");
        }
    }
}

#[tokio::test]
async fn every_command_has_a_manual_page() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("man");
    let mut pages = command(&[]);
    pages.arg("man").arg(&folder);
    assert_eq!(said(pages).await.lines(), [""; 0]);
    for page in ["hereabouts.1", "hereabouts-here-now.1", "hereabouts-users-set.1", "hereabouts-copy.1"] {
        let text = std::fs::read_to_string(folder.join(page)).unwrap_or_else(|why| panic!("{page}: {why}"));
        assert!(text.contains(".SH SYNOPSIS"), "{page}: {text}");
    }
    let copy = std::fs::read_to_string(folder.join("hereabouts-copy.1")).unwrap();
    assert!(copy.contains("HEREABOUTS_COPY_FROM_TOKEN"), "a page names the variables");
    let mut page = command(&[]);
    page.arg("man");
    assert!(said(page).await.out.contains(".TH hereabouts 1"));
}
