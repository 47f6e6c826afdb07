//! `cargo xtask web`: builds the page. Everything goes into one file, `web-demo/dist/imagepull.html`: the classifier as WASM, the
//! script, the style, the samples and every cause's own page. Beside it, the npm package (`npm.rs`). Two builds of one commit give the same bytes.

use crate::{npm, programs, reproducible, root};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use imagepull_classifier::cause::{Area, Cause};
use imagepull_classifier::{causes, render};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Most bytes, compressed with gzip, that the page and its parts may have. A build that is over one of them fails: they keep what
/// is from growing unseen. Of the module, about 160 KB are code and 90 KB data, the half of it words of the catalogue; of the
/// page, 75 KB are the causes' own pages.
mod budget {
    /// The WASM module, after `wasm-opt`.
    pub const WASM: usize = 260_000;
    /// Script, with the glue of wasm-bindgen.
    pub const SCRIPT: usize = 12_500;
    /// Style.
    pub const STYLE: usize = 5_500;
    /// The whole page.
    pub const PAGE: usize = 355_000;
}

/// `cargo xtask web [--setup | --looks]`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    match arguments {
        [] => build(),
        [one] if one == "--setup" => set_up_tests(),
        [one] if one == "--looks" => {
            build()?;
            programs::run(Command::new("node").arg("looks.mjs").current_dir(root::join("tests/web")))
        }
        _ => Err("usage: cargo xtask web [--setup | --looks]".to_owned()),
    }
}

fn build() -> Result<(), String> {
    let root = root::path();
    let demo = root.join("web-demo");
    let compiled = compile(root)?;
    let (module, glue) = wasm(&compiled)?;
    let (module, optimized) = optimize(root, module)?;

    let script = without_comments(&format!("{glue}\n{}", root::read(demo.join("app.js"))?));
    let style = without_comments(&root::read(demo.join("app.css"))?);
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}' 'wasm-unsafe-eval'; style-src 'sha256-{}'; img-src data:; connect-src 'none'; \
         base-uri 'none'; form-action 'none'",
        sha256(&script),
        sha256(&style)
    );
    // Deflated before base64: base64 of plain WASM would cost a third more on the way, this costs a hundredth. (Base85 costs 0.6 %
    // more than base64 once gzip has seen it; brotli would save a sixth, but older browsers cannot unpack it.)
    let parts = [
        ("policy", policy),
        ("style", style.clone()),
        ("catalogue", catalogue()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("samples", samples(&demo)?),
        ("wasm", BASE64.encode(packed(&module)?)),
        ("script", script.clone()),
    ];
    let page = fill(&root::read(demo.join("index.html"))?, &parts)?;

    let dist = demo.join("dist");
    std::fs::create_dir_all(&dist).map_err(|error| format!("cannot make {}: {error}", dist.display()))?;
    let file = dist.join("imagepull.html");
    // In one step: a browser that has it open never sees half of it.
    let unfinished = dist.join(format!("unfinished-{}", std::process::id()));
    std::fs::write(&unfinished, &page)
        .and_then(|()| std::fs::rename(&unfinished, &file))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))?;

    println!("{}", file.display());
    let limit = |most: usize| optimized.then_some(most);
    let sizes = [
        ("wasm", module.len(), gzip(&module), limit(budget::WASM)),
        ("script", script.len(), gzip(script.as_bytes()), Some(budget::SCRIPT)),
        ("style", style.len(), gzip(style.as_bytes()), Some(budget::STYLE)),
        ("causes", parts[2].1.len(), gzip(parts[2].1.as_bytes()), None),
        ("page", page.len(), gzip(page.as_bytes()), limit(budget::PAGE)),
    ];
    let mut over = Vec::new();
    for (name, bytes, gzipped, limit) in sizes {
        let limit_words = limit.map_or(String::new(), |limit| format!(" of {limit}"));
        println!("  {name:7} {bytes:>9} bytes, {gzipped:>7}{limit_words} with gzip");
        if limit.is_some_and(|limit| gzipped > limit) {
            over.push(name);
        }
    }
    if !optimized {
        println!("  without wasm-opt, larger than published; to have it: cargo xtask web --setup");
    }
    npm::package(&compiled, &dist.join("npm"), |module| optimize(root, module).map(|(module, _)| module))?;
    if over.is_empty() { Ok(()) } else { Err(format!("too large: {}", over.join(", "))) }
}

/// Compiles `web-demo`, and answers where its module is.
fn compile(root: &Path) -> Result<PathBuf, String> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let target = root::target();
    // As a cdylib alone: where a crate is built as a library for Rust, too, cargo leaves link-time optimization out.
    let mut cargo = programs::cargo(&["rustc", "--lib", "--crate-type", "cdylib", "--quiet", "--locked"]);
    cargo
        .args(["--package", "imagepull-web-demo", "--profile", "wasm", "--target", TARGET, "--target-dir"])
        .arg(&target)
        .env("CARGO_ENCODED_RUSTFLAGS", reproducible::rustflags(root));
    programs::run(&mut cargo).map_err(|error| {
        format!("the page's WASM does not build ({error}); if the target is missing: rustup target add {TARGET}")
    })?;
    Ok(target.join(TARGET).join("wasm").join("imagepull_web_demo.wasm"))
}

/// Lets wasm-bindgen make the page's glue: module and script.
fn wasm(compiled: &Path) -> Result<(Vec<u8>, String), String> {
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    // One script holds the glue and the page's own code, so the glue is a plain script and no module of its own.
    let bindgen = bindgen.no_modules(true).and_then(|bindgen| bindgen.no_modules_global("classifier"));
    let mut output = bindgen
        .and_then(|bindgen| {
            bindgen
                .input_path(compiled)
                .typescript(false)
                .omit_default_module_path(true)
                .remove_name_section(true)
                .remove_producers_section(true)
                .generate_output()
        })
        .map_err(|error| format!("wasm-bindgen: {error:#}"))?;
    Ok((output.wasm_mut().emit_wasm(), output.js().to_owned()))
}

/// `wasm-opt` from the tests' npm packages, if it is there; and whether it was.
fn optimize(root: &Path, module: Vec<u8>) -> Result<(Vec<u8>, bool), String> {
    let program = root.join("tests/web/node_modules/binaryen/bin/wasm-opt");
    if !program.exists() {
        return Ok((module, false));
    }
    // Each feature by name: `--all-features` makes it write what no browser loads.
    let features =
        ["bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue"];
    let folder = std::env::temp_dir().join(format!("imagepull-wasm-opt-{}", std::process::id()));
    let (before, after) = (folder.join("before.wasm"), folder.join("after.wasm"));
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&before, &module))
        .map_err(|error| format!("cannot write into {}: {error}", folder.display()))?;
    let ended = Command::new("node")
        .arg(&program)
        .args(["-Oz", "--strip-debug", "--strip-producers"])
        .args(features.map(|feature| format!("--enable-{feature}")))
        .arg(&before)
        .arg("-o")
        .arg(&after)
        .status();
    let optimized = match ended {
        Ok(status) if status.success() => {
            std::fs::read(&after).map_err(|error| format!("wasm-opt wrote nothing: {error}"))
        }
        Ok(status) => Err(format!("wasm-opt failed: {status}")),
        Err(error) => Err(format!("cannot run node: {error}")),
    };
    let _ = std::fs::remove_dir_all(&folder);
    Ok((optimized?, true))
}

/// The samples as elements that are not shown: text, read by the script.
fn samples(demo: &Path) -> Result<String, String> {
    let folder = demo.join("samples");
    let mut out = String::new();
    let listed = std::fs::read_dir(&folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = root::read(&file)?;
        let _ = writeln!(out, "<template data-sample=\"{name}\">{}</template>", render::html::escape(&text));
    }
    Ok(out)
}

/// Every cause's page, area by area. Closed until somebody opens it, or a link leads into it; needs no script.
fn catalogue() -> String {
    let mut out = String::new();
    let mut area: Option<Area> = None;
    for cause in causes::all() {
        if area != Some(cause.area) {
            if area.is_some() {
                out.push_str("</section>\n");
            }
            let name = area_name(cause.area);
            let _ = writeln!(out, "<section class=\"area\">\n<h3>{name}</h3>");
            area = Some(cause.area);
        }
        out.push_str(&cause_page(cause));
    }
    out.push_str("</section>\n");
    out
}

fn cause_page(cause: &Cause) -> String {
    let page = render::html::cause(cause);
    // The title stands in the line that opens the page, two levels below the list's own heading.
    let title = format!("<h2>{}</h2>\n", render::html::escape(cause.title));
    let page = page.replacen(&title, "", 1);
    let page = [("h4>", "h6>"), ("h3>", "h5>")].iter().fold(page, |page, (from, to)| {
        page.replace(&format!("<{from}"), &format!("<{to}")).replace(&format!("</{from}"), &format!("</{to}"))
    });
    let page: String = page.lines().map(|line| format!("{}\n", with_code(line))).collect();
    format!(
        "<details class=\"cause\">\n<summary><h4>{}</h4> <code>{id}</code></summary>\n{page}\
         <p><a href=\"{}/blob/main/docs/causes/{id}.md\" rel=\"noreferrer\">In the documentation</a></p>\n</details>\n",
        render::html::escape(cause.title),
        env!("CARGO_PKG_REPOSITORY"),
        id = cause.id,
    )
}

/// A line of prose in which `backticks` hold words of programs.
fn with_code(line: &str) -> String {
    let prose = (line.starts_with("<p") && !line.starts_with("<pre")) || line.starts_with("<li>");
    let parts: Vec<&str> = line.split('`').collect();
    if !prose || line.contains("<code>") || parts.len().is_multiple_of(2) {
        return line.to_owned();
    }
    let tag = |index: usize| {
        if index == 0 {
            ""
        } else if index % 2 == 1 {
            "<code>"
        } else {
            "</code>"
        }
    };
    parts.iter().enumerate().map(|(index, part)| format!("{}{part}", tag(index))).collect()
}

fn area_name(area: Area) -> &'static str {
    match area {
        Area::Reference => "The image and its name",
        Area::Auth => "Who may pull",
        Area::Limits => "How often one may pull",
        Area::Network => "The way to the registry",
        Area::Tls => "Certificates",
        Area::Registry => "The registry itself",
        Area::Node => "The node",
        Area::Policy => "Rules that refuse an image",
        Area::Other => "No cause in the text",
    }
}

/// Puts the parts where the template says `{{name}}`; each exactly once, in the order given.
fn fill(template: &str, parts: &[(&str, String)]) -> Result<String, String> {
    let mut out = String::with_capacity(template.len() + parts.iter().map(|part| part.1.len()).sum::<usize>());
    let mut rest = template;
    for (name, text) in parts {
        let mark = format!("{{{{{name}}}}}");
        let (before, after) =
            rest.split_once(&mark).ok_or_else(|| format!("index.html has no {mark} where it is due"))?;
        if matches!(*name, "style" | "script") && text.to_lowercase().contains(&format!("</{name}")) {
            return Err(format!("the {name} would end itself"));
        }
        out.push_str(before);
        out.push_str(text);
        rest = after;
    }
    if rest.contains("{{") {
        return Err("index.html has a part that nothing fills".to_owned());
    }
    out.push_str(rest);
    Ok(out)
}

/// Script or style without the comments that have lines of their own, and without indentation and empty lines: nobody reads them
/// there, and the sources keep them. Texts over several lines are not used in them.
fn without_comments(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut inside = false;
    for line in source.lines().map(str::trim) {
        // A type in front of code (`/** @type {T} */ name: null`) stays with its line.
        let opens = !inside && line.starts_with("/*") && line.find("*/").is_none_or(|end| end + 2 == line.len());
        let skipped = inside || opens || line.starts_with("//") || line.is_empty();
        inside = (inside || opens) && !line.ends_with("*/");
        if !skipped {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// Deflated as small as it can be: it is done once, and unpacked by everyone.
fn packed(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    zopfli::compress(zopfli::Options::default(), zopfli::Format::Deflate, bytes, &mut out)
        .map_err(|error| format!("cannot deflate the WASM: {error}"))?;
    Ok(out)
}

/// Bytes on the way with gzip, as a server does it.
fn gzip(bytes: &[u8]) -> usize {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes every byte").len()
}

fn sha256(text: &str) -> String {
    BASE64.encode(Sha256::digest(text.as_bytes()))
}

/// Installs what the page's tests need: npm packages, and Debian's browsers where this is Debian and we are root.
fn set_up_tests() -> Result<(), String> {
    let tests = root::join("tests/web");
    programs::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&tests))?;
    let has = |name: &str| programs::has(name, &["--version"]);
    let mut packages = Vec::new();
    if !has("chromium") && !has("google-chrome") {
        packages.extend(["chromium", "fonts-liberation"]);
    }
    if !has("firefox-esr") && !has("firefox") {
        packages.push("firefox-esr");
    }
    if packages.is_empty() {
        return Ok(());
    }
    if !has("apt-get") {
        let wanted = "install Chromium and Firefox, or set CHROMIUM and FIREFOX to their paths";
        return Err(format!("not all browsers are here: {wanted}"));
    }
    programs::run(Command::new("apt-get").args(["update", "--quiet"]))?;
    let install = ["install", "--quiet", "--yes", "--no-install-recommends"];
    programs::run(Command::new("apt-get").args(install).args(packages).env("DEBIAN_FRONTEND", "noninteractive"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_code_stays() {
        let source = "// why\nlet one = 1; // kept\n/** @type {T} */ name: null,\n/**\n * long\n */\n\n  two();\n/* one line */\n";
        assert_eq!(without_comments(source), "let one = 1; // kept\n/** @type {T} */ name: null,\ntwo();\n");
    }

    #[test]
    fn backticks_in_prose_become_code_and_those_of_a_shell_stay() {
        assert_eq!(with_code("<p>Run `x -y` now.</p>"), "<p>Run <code>x -y</code> now.</p>");
        assert_eq!(
            with_code("<pre tabindex=\"0\"><code>echo `date`</code></pre>"),
            "<pre tabindex=\"0\"><code>echo `date`</code></pre>"
        );
        assert_eq!(with_code("<p>one ` alone</p>"), "<p>one ` alone</p>");
    }

    #[test]
    fn a_template_takes_each_part_once_and_in_order() {
        let part = |name, text: &str| (name, text.to_owned());
        assert_eq!(fill("<{{a}}|{{b}}>", &[part("a", "1"), part("b", "{{a}}")]).as_deref(), Ok("<1|{{a}}>"));
        assert!(fill("{{a}}", &[part("b", "")]).is_err());
        assert!(fill("{{a}}{{c}}", &[part("a", "")]).is_err());
        assert!(fill("{{script}}", &[part("script", "'</SCRIPT>'")]).is_err());
    }

    #[test]
    fn every_cause_has_one_page_without_a_second_title() {
        let pages = catalogue();
        for cause in causes::all() {
            assert_eq!(pages.matches(&format!("<article id=\"{}\">", cause.id)).count(), 1, "{}", cause.id);
        }
        assert!(
            !pages.contains("<h1") && !pages.contains("<h2"),
            "the list's own heading is the only one of its level"
        );
        assert_eq!(pages.matches("<details").count(), pages.matches("</details>").count());
        assert_eq!(pages.matches("<section").count(), pages.matches("</section>").count());
    }
}
