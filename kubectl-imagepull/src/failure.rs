//! Why there is no answer: one sentence, and what to do about it.

use std::fmt;

/// The plugin could not answer. Ends with exit code 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong, one sentence.
    pub what: String,
    /// What to do, one or more lines; empty if nothing is to be said.
    pub advice: String,
}

impl Failure {
    /// A failure with advice.
    pub fn new(what: impl Into<String>, advice: impl Into<String>) -> Failure {
        Failure { what: what.into(), advice: advice.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", plain(&self.what))?;
        for line in self.advice.lines() {
            write!(formatter, "\n  {}", plain(line))?;
        }
        Ok(())
    }
}

/// `text` on one line, with control and direction bytes made visible: a server's or a file's words must not steer a terminal.
pub fn plain(text: &str) -> String {
    imagepull_classifier::render::visible(text).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_cannot_steer_a_terminal() {
        let failure = Failure::new("bad \x1b[31mname\u{202e}\nx", "do\u{9b}2J this\nand that");
        assert_eq!(failure.to_string(), "error: bad \u{fffd}[31mname\u{fffd} x\n  do\u{fffd}2J this\n  and that");
    }
}
