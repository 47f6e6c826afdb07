//! Which place of the command line is asked for. Reads the words as clap would, and forgives what clap would not: they are unfinished.

use clap::{Arg, ArgAction, Command};

/// A place of the command line.
#[derive(Debug)]
pub struct Asked {
    /// The words before, whole: what clap may read.
    pub before: Vec<String>,
    /// What is typed of the word: the value alone in `--flag=value`.
    pub word: String,
    /// What may stand here.
    pub place: Place,
}

/// What may stand somewhere.
#[derive(Debug)]
pub enum Place {
    /// A command.
    Verb(Vec<(String, String)>),
    /// A flag: its long name and its help.
    Flag(Vec<(String, String)>),
    /// A value of this argument: of a flag, or one without a flag.
    Value {
        /// The argument.
        argument: Box<Arg>,
        /// Words without a flag that stand before.
        given: Vec<String>,
    },
    /// Nothing that we know.
    Nothing,
}

/// Understands the words; the last one is unfinished.
pub fn understand(root: &Command, words: &[String]) -> Asked {
    let (word, before) = words.split_last().map_or((String::new(), &[][..]), |(word, before)| (word.clone(), before));
    let mut verb: Option<&Command> = None;
    let mut given: Vec<String> = Vec::new();
    let mut used: Vec<String> = Vec::new();
    let mut waiting: Option<&Arg> = None;
    let mut only_names = false;
    for typed in before {
        if waiting.take().is_some() {
            continue;
        }
        if !only_names && typed == "--" {
            only_names = true;
        } else if let Some(flag) = typed.strip_prefix("--").filter(|_| !only_names) {
            let (name, value) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
            used.push(name.to_owned());
            waiting = find(root, verb, |arg| arg.get_long() == Some(name)).filter(|arg| takes(arg) && value.is_none());
        } else if !only_names && typed.len() > 1 && typed.starts_with('-') {
            // Letters of flags, up to one that takes what follows.
            for (index, letter) in typed.char_indices().skip(1) {
                let Some(arg) = find(root, verb, |arg| arg.get_short() == Some(letter)) else { break };
                used.extend(arg.get_long().map(str::to_owned));
                if takes(arg) {
                    waiting = Some(arg).filter(|_| index + letter.len_utf8() == typed.len());
                    break;
                }
            }
        } else if verb.is_none() {
            verb = root.find_subcommand(typed);
            if verb.is_none() {
                return Asked { before: before.to_vec(), word, place: Place::Nothing };
            }
        } else {
            given.push(typed.clone());
        }
    }
    let mut before = before.to_vec();
    let value = |argument: &Arg| Place::Value { argument: Box::new(argument.clone()), given: given.clone() };
    if let Some(argument) = waiting {
        // clap would miss its value.
        before.pop();
        return Asked { before, word, place: value(argument) };
    }
    if let Some((name, rest)) = word.strip_prefix("--").and_then(|flag| flag.split_once('=')).filter(|_| !only_names) {
        let place = find(root, verb, |arg| arg.get_long() == Some(name)).filter(|arg| takes(arg)).map(value);
        return Asked { before, word: rest.to_owned(), place: place.unwrap_or(Place::Nothing) };
    }
    if word.starts_with('-') && !only_names {
        let flags = [Some(root), verb].into_iter().flatten().flat_map(Command::get_arguments);
        let offered = flags.filter(|arg| {
            let again = matches!(arg.get_action(), ArgAction::Append | ArgAction::Count);
            !arg.is_hide_set() && (again || arg.get_long().is_some_and(|long| !used.iter().any(|used| used == long)))
        });
        let flag = |arg: &Arg| Some((format!("--{}", arg.get_long()?), first_line(arg.get_help())));
        return Asked { before, word, place: Place::Flag(offered.filter_map(flag).collect()) };
    }
    let place = match verb {
        None => Place::Verb(
            root.get_subcommands()
                .filter(|verb| !verb.is_hide_set())
                .map(|verb| (verb.get_name().to_owned(), first_line(verb.get_about())))
                .collect(),
        ),
        Some(verb) => {
            let places = || verb.get_positionals();
            // The last one may take all that follow.
            let many = || places().last().filter(|arg| matches!(arg.get_action(), ArgAction::Append));
            places().nth(given.len()).or_else(many).map_or(Place::Nothing, value)
        }
    };
    Asked { before, word, place }
}

fn find<'a>(root: &'a Command, verb: Option<&'a Command>, is: impl Fn(&Arg) -> bool) -> Option<&'a Arg> {
    [verb, Some(root)].into_iter().flatten().flat_map(Command::get_arguments).find(|arg| is(arg))
}

fn takes(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

fn first_line(help: Option<&clap::builder::StyledStr>) -> String {
    help.map(ToString::to_string).unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::CommandFactory;

    fn place(line: &str) -> String {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let asked = understand(&Cli::command(), &words);
        let names = |list: &[(String, String)]| {
            let names: Vec<&str> =
                list.iter().map(|(name, _)| name.as_str()).filter(|name| name.starts_with(&asked.word)).collect();
            names.join(" ")
        };
        match &asked.place {
            Place::Verb(verbs) => format!("verb: {}", names(verbs)),
            Place::Flag(flags) => format!("flag: {}", names(flags)),
            Place::Value { argument, given } => {
                format!("{}={} after [{}]", argument.get_id(), asked.word, given.join(" "))
            }
            Place::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn places_are_found() {
        for (line, want) in [
            ("", "verb: why explain causes collect completion"),
            ("ex", "verb: explain"),
            ("--color always wh", "verb: why"),
            ("why ", "targets= after []"),
            ("why web-1 we", "targets=we after [web-1]"),
            ("why -n ", "namespace= after []"),
            ("why web -n sh", "namespace=sh after [web]"),
            ("why --namespace=sh", "namespace=sh after []"),
            ("why -vn ", "namespace= after []"),
            ("why -nshop ", "targets= after []"),
            ("why -A --conte", "flag: --context"),
            ("why -n shop --namesp", "flag: "),
            ("why -f a --filen", "flag: --filename"),
            ("why --output=", "output= after []"),
            ("why --no-such=", "nothing"),
            ("explain tls", "cause=tls after []"),
            ("explain tls-unknown-authority ", "nothing"),
            ("nonsense ", "nothing"),
            ("why -- -x", "targets=-x after []"),
            ("completion ", "what= after []"),
        ] {
            assert_eq!(place(line), want, "{line:?}");
        }
    }

    #[test]
    fn no_words_are_odd_enough_to_fail() {
        let root = Cli::command();
        let odd = ["", "-", "--", "---", "--=", "-=", "-é", "why", "-n", "--secrets", "\u{0}", "--as="];
        for a in odd {
            for b in odd {
                for c in odd {
                    understand(&root, &[a, b, c].map(str::to_owned));
                }
            }
        }
        understand(&root, &[]);
    }
}
