//! The program `twisterd`: where it is, and whether a file can be it at all. Whether it really is twisterd shows only when it
//! runs.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::problem::{NodeProblem, NodeProblemCode};

/// Its file name.
const NAME: &str = if cfg!(windows) { "twisterd.exe" } else { "twisterd" };

/// Where it is put by hand, beside the places that `PATH` names.
const USUAL_PLACES: &[&str] =
    &["/usr/local/bin", "/usr/bin", "/opt/homebrew/bin", "/opt/twister/bin", "/opt/twister-core"];

/// The same below the home folder. Its project builds it in the folder that its sources are in.
const USUAL_PLACES_AT_HOME: &[&str] = &[".local/bin", "bin", "twister-core", "twister-core/src"];

/// How the files of programs begin: ELF, a script, Windows, and the kinds that macOS has.
const BEGINNINGS: &[&[u8]] = &[
    b"\x7fELF",
    b"#!",
    b"MZ",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
];

/// The first twisterd on `PATH` or in a usual place.
pub fn find_program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let at_home = std::env::home_dir()
        .into_iter()
        .flat_map(|home| USUAL_PLACES_AT_HOME.iter().map(move |place| home.join(place)));
    let places = std::env::split_paths(&path).chain(USUAL_PLACES.iter().map(PathBuf::from)).chain(at_home);
    places.map(|place| place.join(NAME)).find(|file| check_program(file).is_ok())
}

/// Whether this file could be twisterd: it is there, may be run, and is a program.
///
/// # Errors
/// [`NodeProblemCode::ProgramNotFound`], [`NodeProblemCode::ProgramNotExecutable`], [`NodeProblemCode::NotAProgram`].
pub fn check_program(path: &Path) -> Result<(), NodeProblem> {
    let shown = path.display();
    let not_found = |why: &str| {
        let message = format!("{shown} {why}. Choose the file twisterd, or install it");
        NodeProblem::new(NodeProblemCode::ProgramNotFound, message)
    };
    let facts = fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => not_found("is in a folder that this user may not look into"),
        _ => not_found("is not there"),
    })?;
    if facts.is_dir() {
        return Err(not_found("is a folder"));
    }
    if !may_be_run(path) {
        return Err(not_executable(path));
    }
    // What may be run and not be read is for the system to judge.
    let Ok(mut file) = File::open(path) else {
        return Ok(());
    };
    let mut beginning = Vec::new();
    let read = (&mut file).take(4).read_to_end(&mut beginning);
    match read.is_ok() && !BEGINNINGS.iter().any(|known| beginning.starts_with(known)) {
        true => Err(not_a_program(path)),
        false => Ok(()),
    }
}

/// No twisterd was found.
pub(crate) fn nowhere() -> NodeProblem {
    NodeProblem::new(
        NodeProblemCode::ProgramNotFound,
        "no twisterd is installed where this program looks for it (the folders of PATH and the usual places). Install it, or \
         choose the file",
    )
}

/// The system refuses to run the file.
pub(crate) fn not_executable(path: &Path) -> NodeProblem {
    let shown = path.display();
    NodeProblem::new(
        NodeProblemCode::ProgramNotExecutable,
        format!("{shown} may not be run by this user. Make it executable (chmod +x), or choose another file"),
    )
}

/// The system cannot make sense of the file.
pub(crate) fn not_a_program(path: &Path) -> NodeProblem {
    let shown = path.display();
    NodeProblem::new(
        NodeProblemCode::NotAProgram,
        format!("{shown} is not a program for this computer. Choose the file twisterd, built for this system"),
    )
}

#[cfg(unix)]
fn may_be_run(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn may_be_run(_: &Path) -> bool {
    true
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn code(text: &[u8], mode: u32) -> Result<(), NodeProblemCode> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("twisterd");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        check_program(&path).map_err(|problem| problem.code)
    }

    #[test]
    fn a_file_is_told_to_be_no_program_before_it_is_run() {
        assert_eq!(code(b"\x7fELF\x02", 0o700), Ok(()));
        assert_eq!(code(b"#!/bin/sh\n", 0o700), Ok(()));
        assert_eq!(code(b"\x7fELF\x02", 0o600), Err(NodeProblemCode::ProgramNotExecutable));
        assert_eq!(code(b"a picture", 0o700), Err(NodeProblemCode::NotAProgram));
        assert_eq!(code(b"", 0o700), Err(NodeProblemCode::NotAProgram));
    }

    #[test]
    fn what_is_not_there_or_a_folder_is_not_found() {
        let dir = tempfile::tempdir().unwrap();
        for path in [dir.path().join("twisterd"), dir.path().to_owned()] {
            assert_eq!(check_program(&path).unwrap_err().code, NodeProblemCode::ProgramNotFound);
        }
    }
}
