//! HTML of causes' pages, made when the web page is built.

use crate::cause::Cause;
use crate::render::page::{Block, Inline, page};
use crate::render::visible;

/// A cause's page as an `<article>` whose id is the cause's.
pub fn cause(cause: &Cause) -> String {
    let mut out = format!("<article id=\"{}\">\n", escape(cause.id));
    for block in page(cause) {
        match block {
            Block::Heading(level, text) => {
                let level = (level + 1).min(6);
                out.push_str(&format!("<h{level}>{}</h{level}>\n", escape(&text)));
            }
            Block::Paragraph(text) => out.push_str(&format!("<p>{}</p>\n", escape(&text))),
            Block::Warning(text) => out.push_str(&format!("<p class=\"warning\">{}</p>\n", escape(&text))),
            Block::List(items) => {
                let items: String = items.iter().map(|line| format!("<li>{}</li>\n", inline(line))).collect();
                out.push_str(&format!("<ul>\n{items}</ul>\n"));
            }
            Block::Commands(commands) => {
                out.push_str(&format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(&commands.join("\n"))));
            }
        }
    }
    out.push_str("</article>\n");
    out
}

fn inline(line: &[Inline]) -> String {
    let parts = line.iter().map(|part| match part {
        Inline::Text(text) => escape(text),
        Inline::Code(text) => format!("<code>{}</code>", escape(text)),
        Inline::Cause(id) => format!("<a href=\"#{id}\">{id}</a>", id = escape(id)),
        Inline::Link(link) => format!("<a href=\"{link}\" rel=\"noreferrer\">{link}</a>", link = escape(link)),
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// Text for an element or an attribute.
pub fn escape(text: &str) -> String {
    visible(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
