//! A word on what is going on, for who waits: on a terminal's standard error, after a second, and gone when the answer comes.

use std::cell::{Cell, RefCell};
use std::io::{IsTerminal, Write};

/// What is being done, and whether that is on the screen.
#[derive(Debug, Default)]
pub struct Progress {
    doing: RefCell<String>,
    count: Cell<usize>,
    shown: Cell<bool>,
}

impl Progress {
    /// Something new is being done.
    pub fn doing(&self, what: &str) {
        what.clone_into(&mut self.doing.borrow_mut());
        self.count.set(0);
    }

    /// So many more objects have been read.
    pub fn read(&self, objects: usize) {
        self.count.set(self.count.get() + objects);
    }

    /// Shows it, if standard error is a terminal.
    pub fn show(&self) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let count = match self.count.get() {
            0 => String::new(),
            count => format!(" ({count} read)"),
        };
        let _ = write!(std::io::stderr(), "\r\x1b[K{}{count} …", self.doing.borrow());
        self.shown.set(true);
    }

    /// Takes it away.
    pub fn clear(&self) {
        if self.shown.replace(false) {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
