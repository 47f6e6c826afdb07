//! TODO: one sentence: what happened, and where.

use crate::cause::*;

pub(super) const CAUSE: Cause = Cause {
    id: "new-cause",
    area: Area::Other,
    title: "TODO: what happened, one line, no advice",
    // TODO: Transient where the kubelet's own retries can succeed, Depends where the text does not say
    outlook: Outlook::Final,
    signs: &[
        // TODO: the program that prints it, and its source line; `certain` only where no other cause prints these words
        likely(&[says("TODO: the words")]),
    ],
    settles: &[],
    refines: &[],
    meaning: "TODO: The first sentence says whose fault it is not.

TODO: what happens, why, and when one sees it.",
    not_this: "TODO: what this cause does not cover, and the id of the one that does.",
    fixes: &[Fix {
        title: "TODO: begin with a verb; the likeliest remedy first",
        who: Who::Author,
        steps: &["TODO: what to do, in prose. {image} and other blanks are filled in."],
        checks: &[],
        commands: &[],
        ..FIX
    }],
    see_also: &[],
    links: &[],
};
