//! A cause's page as blocks: the same for the terminal, for Markdown and for HTML.

use crate::cause::{Cause, Condition, Fix};
use crate::fill::{command_in_general, in_general};
use crate::render::words;

/// A part of a page.
pub enum Block {
    /// A heading of this level (1 is the page's own).
    Heading(u8, String),
    /// Prose.
    Paragraph(String),
    /// A remark that must not be overlooked.
    Warning(String),
    /// Items.
    List(Vec<Vec<Inline>>),
    /// Shell commands, one a line.
    Commands(Vec<String>),
}

/// A part of a line.
pub enum Inline {
    /// Words.
    Text(String),
    /// Words of a program.
    Code(String),
    /// Another cause's page, by id.
    Cause(&'static str),
    /// An address.
    Link(&'static str),
}

/// The page of a cause.
pub fn page(cause: &Cause) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(1, cause.title.to_owned())];
    let area = format!("{:?}", cause.area).to_lowercase();
    blocks.push(Block::List(vec![vec![
        Inline::Code(cause.id.to_owned()),
        Inline::Text(format!("area: {area}; {}", words::outlook(cause.outlook))),
    ]]));
    blocks.extend(cause.meaning.split("\n\n").map(|paragraph| Block::Paragraph(in_general(paragraph.trim()))));
    if !cause.signs.is_empty() {
        blocks.push(Block::Heading(2, "Recognized by".to_owned()));
        blocks.push(Block::List(
            cause
                .signs
                .iter()
                .map(|sign| {
                    let mut line = vec![Inline::Text(format!("{}:", words::confidence(sign.confidence)))];
                    for (index, condition) in sign.all.iter().enumerate() {
                        if index > 0 {
                            line.push(Inline::Text("and".to_owned()));
                        }
                        line.extend(condition_words(condition));
                    }
                    line
                })
                .collect(),
        ));
    }
    if !cause.settles.is_empty() {
        blocks.push(Block::Heading(2, "Proven by facts of the cluster".to_owned()));
        blocks.push(Block::List(
            cause
                .settles
                .iter()
                .map(|settling| {
                    let mut line = vec![Inline::Text(format!("{} (where the text says", settling.question))];
                    for (index, id) in settling.from.iter().enumerate() {
                        if index > 0 {
                            line.push(Inline::Text("or".to_owned()));
                        }
                        line.push(Inline::Cause(id));
                    }
                    line.push(Inline::Text(")".to_owned()));
                    line
                })
                .collect(),
        ));
    }
    if !cause.fixes.is_empty() {
        blocks.push(Block::Heading(2, "What to do".to_owned()));
        Fix::once(cause.fixes.iter()).for_each(|fix| fix_blocks(fix, &mut blocks));
    }
    if !cause.not_this.is_empty() {
        blocks.push(Block::Heading(2, "What it is not".to_owned()));
        blocks.extend(cause.not_this.split("\n\n").map(|paragraph| Block::Paragraph(in_general(paragraph.trim()))));
    }
    if !cause.see_also.is_empty() {
        blocks.push(Block::Heading(2, "See also".to_owned()));
        blocks.push(Block::List(cause.see_also.iter().map(|id| vec![Inline::Cause(id)]).collect()));
    }
    if !cause.links.is_empty() {
        blocks.push(Block::Heading(2, "Further reading".to_owned()));
        blocks.push(Block::List(cause.links.iter().map(|link| vec![Inline::Link(link)]).collect()));
    }
    blocks
}

fn condition_words(condition: &Condition) -> Vec<Inline> {
    match condition {
        Condition::Says(phrase) => vec![Inline::Code((*phrase).to_owned())],
        Condition::Beside(phrase) => vec![Inline::Text("beside it".to_owned()), Inline::Code((*phrase).to_owned())],
        Condition::Status(codes) => {
            let codes: Vec<String> = codes.iter().map(u16::to_string).collect();
            vec![Inline::Text(format!("HTTP status {}", codes.join(", ")))]
        }
        Condition::Code(code) => vec![Inline::Text("registry error".to_owned()), Inline::Code((*code).to_owned())],
        Condition::Reason(reason) => vec![Inline::Text("reason".to_owned()), Inline::Code((*reason).to_owned())],
        Condition::That(words, _) => vec![Inline::Text((*words).to_owned())],
    }
}

fn fix_blocks(fix: &Fix, blocks: &mut Vec<Block>) {
    let places: Vec<&str> = fix.only.iter().map(|place| place.name()).collect();
    let place = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
    blocks.push(Block::Heading(3, format!("{}{place}", in_general(fix.title))));
    blocks.push(Block::Paragraph(format!("Who: {}.", words::who(fix.who))));
    if !fix.steps.is_empty() {
        blocks.push(Block::List(fix.steps.iter().map(|step| vec![Inline::Text(in_general(step))]).collect()));
    }
    if !fix.checks.is_empty() {
        blocks.push(Block::Paragraph("To look:".to_owned()));
        blocks.push(Block::Commands(fix.checks.iter().map(|command| command_in_general(command.run)).collect()));
    }
    if !fix.commands.is_empty() {
        blocks.push(Block::Paragraph("To heal:".to_owned()));
        blocks.push(Block::Commands(fix.commands.iter().map(|command| command_in_general(command.run)).collect()));
    }
    blocks.extend(fix.warnings.iter().map(|warning| Block::Warning(in_general(warning))));
}
