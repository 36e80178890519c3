//! The files of a recording: they are cut into pieces, so that the oldest piece can go when there is no room for more.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use crate::messages::civil::stamp;

/// A file has at most this part of the budget.
const PART: u64 = 16;

/// What files of recordings end with.
const EXTENSION: &str = "jsonl";

/// The files in a folder, and those that are written to.
pub(super) struct Files {
    folder: PathBuf,
    budget: u64,
    bytes: u64,
    /// All files with their sizes, oldest first. Those that are written to are among them.
    all: VecDeque<(PathBuf, u64)>,
    open: HashMap<String, Open>,
}

/// A file that is written to.
struct Open {
    path: PathBuf,
    to: BufWriter<File>,
    /// The last line's time: lines are in the order of time, though a clock may be put back.
    last_ms: u64,
    bytes: u64,
}

impl Files {
    /// Those in `folder`, which is made if there is none.
    pub(super) fn open(folder: &Path, budget: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        // What crosses is nobody else's to read.
        #[cfg(unix)]
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let all = known(folder);
        let bytes = all.iter().map(|(_, bytes)| bytes).sum();
        let mut files = Self { folder: folder.to_owned(), budget, bytes, all, open: HashMap::new() };
        files.make_room(0)?;
        Ok(files)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds a line to the file `name`; false if it is larger than a file may be.
    pub(super) fn write(&mut self, name: &str, time_ms: u64, line: &str) -> io::Result<bool> {
        let len = line.len() as u64 + 1;
        let most = self.budget / PART;
        if len > most {
            return Ok(false);
        }
        let goes_on = |open: &Open| open.bytes + len <= most && open.last_ms <= time_ms;
        if !self.open.get(name).is_some_and(goes_on) {
            self.close(name)?;
            self.begin(name, time_ms)?;
        }
        self.make_room(len)?;
        // Its own file may have had to make room, if the budget is that small.
        let Some(open) = self.open.get_mut(name) else { return Ok(false) };
        open.to.write_all(line.as_bytes())?;
        open.to.write_all(b"\n")?;
        open.bytes += len;
        open.last_ms = time_ms;
        self.bytes += len;
        if let Some((_, bytes)) = self.all.iter_mut().rev().find(|(path, _)| *path == open.path) {
            *bytes += len;
        }
        Ok(true)
    }

    /// Everything that was written is in the files after it.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.open.values_mut().try_for_each(|open| open.to.flush())
    }

    fn close(&mut self, name: &str) -> io::Result<()> {
        match self.open.remove(name) {
            Some(mut open) => open.to.flush(),
            None => Ok(()),
        }
    }

    fn begin(&mut self, name: &str, time_ms: u64) -> io::Result<()> {
        for attempt in 0.. {
            // Two files of one millisecond have different names.
            let path = self.folder.join(format!("{}-{name}.{EXTENSION}", stamp(time_ms + attempt)));
            match File::create_new(&path) {
                Ok(file) => {
                    self.all.push_back((path.clone(), 0));
                    let to = BufWriter::new(file);
                    self.open.insert(name.to_owned(), Open { path, to, last_ms: time_ms, bytes: 0 });
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Removes the oldest files until there is room for so many bytes.
    fn make_room(&mut self, len: u64) -> io::Result<()> {
        while self.bytes + len > self.budget {
            let Some((path, bytes)) = self.all.pop_front() else { return Ok(()) };
            self.open.retain(|_, open| open.path != path);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.bytes -= bytes,
            }
        }
        Ok(())
    }
}

/// Bytes of the files in `folder`.
pub(super) fn size_of(folder: &Path) -> u64 {
    known(folder).iter().map(|(_, bytes)| bytes).sum()
}

/// The files in `folder` with their sizes, oldest first: their names begin with when they began.
fn known(folder: &Path) -> VecDeque<(PathBuf, u64)> {
    let Ok(entries) = fs::read_dir(folder) else { return VecDeque::new() };
    let entries = entries.filter_map(Result::ok).filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.len())));
    let mut all: Vec<_> = entries.filter(|(path, _)| path.extension().is_some_and(|end| end == EXTENSION)).collect();
    all.sort();
    all.into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const BUDGET: u64 = 4096;

    fn on_disk(folder: &Path) -> u64 {
        size_of(folder)
    }

    #[test]
    fn the_budget_is_kept_at_every_moment_and_the_newest_lines_stay() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::open(folder.path(), BUDGET).unwrap();
        for number in 0..1000_u64 {
            let name = if number % 3 == 0 { "home-in" } else { "home-out" };
            assert!(files.write(name, number, &format!("line {number}")).unwrap());
            files.flush().unwrap();
            assert!(on_disk(folder.path()) <= BUDGET && files.bytes() == on_disk(folder.path()));
        }
        assert!(files.bytes() > BUDGET / 2, "the budget is used");
        let newest =
            known(folder.path()).iter().any(|(path, _)| fs::read_to_string(path).unwrap().contains("line 999\n"));
        assert!(newest);
        assert!(!files.write("home-in", 1000, &"x".repeat(4096)).unwrap(), "a line larger than a file may be");
    }

    #[test]
    fn what_an_earlier_run_left_counts_and_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("20200101T000000000Z-home-out.jsonl"), "x".repeat(4000)).unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        let mut files = Files::open(folder.path(), BUDGET).unwrap();
        assert_eq!(files.bytes(), 4000);
        files.write("home-out", 1_700_000_000_000, &"y".repeat(200)).unwrap();
        files.flush().unwrap();
        assert_eq!((files.bytes(), on_disk(folder.path())), (201, 201));
        assert!(folder.path().join("notes.txt").exists());
    }

    #[test]
    fn a_clock_that_is_put_back_begins_a_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::open(folder.path(), 1 << 20).unwrap();
        for time_ms in [5000, 6000, 5000, 5000] {
            files.write("home-out", time_ms, "{}").unwrap();
        }
        assert_eq!(known(folder.path()).len(), 2);
    }
}
