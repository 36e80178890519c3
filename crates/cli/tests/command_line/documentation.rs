//! What the documents say of the command line is true of it.

use std::fs;
use std::path::Path;

use super::run;

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).unwrap()
}

/// The command lines of this program in the indented blocks of a document, without what follows them.
fn commands(text: &str) -> Vec<Vec<String>> {
    let indented = text.lines().filter_map(|line| line.strip_prefix("    "));
    let commands = indented.filter_map(|line| {
        let (before, rest) = line.split_once("mqtt-twister-cli ")?;
        let is_command = ["", "sudo ", "sudo sh -c '"].contains(&before);
        is_command.then(|| rest.split(['#', '<']).next().unwrap_or_default().replace('\'', " "))
    });
    // A # in a filter is none that begins a comment.
    commands.map(|command| command.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn every_command_in_the_documents_is_one_that_the_program_understands() {
    let mut found = 0;
    for name in ["README.md", "docs/server-guide.md", "docs/doctor.md"] {
        for command in commands(&document(name)) {
            let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
            let (code, _, stderr) = run(&words);
            assert_eq!(code, 0, "{name}: {words:?}: {stderr}");
            found += 1;
        }
    }
    assert!(found > 20, "only {found} commands were found");
}

#[test]
fn every_code_that_the_doctor_has_of_its_own_is_listed() {
    let source =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands/doctor/finding.rs")).unwrap();
    let listed = document("docs/doctor.md");
    let body = source.split("enum Code {").nth(1).unwrap().split('}').next().unwrap();
    let variants = body.lines().map(str::trim).filter_map(|line| line.strip_suffix(','));
    let codes: Vec<String> =
        variants.filter(|variant| variant.chars().all(char::is_alphabetic)).map(snake_case).collect();
    assert!(codes.len() > 10, "{codes:?}");
    for code in codes {
        assert!(listed.contains(&format!("`{code}`")), "docs/doctor.md does not list {code}");
    }
}

fn snake_case(name: &str) -> String {
    let split = |(index, c): (usize, char)| match c.is_uppercase() && index > 0 {
        true => vec!['_', c.to_ascii_lowercase()],
        false => vec![c.to_ascii_lowercase()],
    };
    name.char_indices().flat_map(split).collect()
}
