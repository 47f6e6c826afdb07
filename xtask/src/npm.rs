//! The classifier as an npm package, `web-demo/dist/npm`: the page's own WASM with the glue for modules, its types, and nothing else.

use crate::root;
use std::path::Path;

/// Loads the module where there is a file system; a page, or a bundler, loads it by `init()`.
const NODE: &str = "\
import { readFileSync } from \"node:fs\";
import { initSync } from \"./imagepull.js\";

initSync({ module: readFileSync(new URL(\"./imagepull_bg.wasm\", import.meta.url)) });
export { diagnose, markdown, mask_names } from \"./imagepull.js\";
";

/// Text, since order counts: the first of the ways that fits is taken.
const ABOUT: &str = r#"{
  "name": "imagepull-classifier",
  "version": "{version}",
  "description": "Names the cause of a failed container image pull, proves it, and tells the fix. Text in, report out; no network.",
  "license": "Apache-2.0",
  "repository": { "type": "git", "url": "git+{repository}.git" },
  "keywords": ["kubernetes", "imagepullbackoff", "errimagepull", "registry", "diagnosis", "wasm"],
  "type": "module",
  "sideEffects": ["./node.js"],
  "engines": { "node": ">=20" },
  "exports": {
    ".": { "types": "./imagepull.d.ts", "node": "./node.js", "default": "./imagepull.js" },
    "./imagepull_bg.wasm": "./imagepull_bg.wasm",
    "./package.json": "./package.json"
  },
  "files": ["*.js", "*.d.ts", "*.wasm", "LICENSE", "README.md"]
}
"#;

/// Makes the package of what was compiled; `optimize` makes the module small.
pub fn package(
    compiled: &Path,
    folder: &Path,
    optimize: impl Fn(Vec<u8>) -> Result<Vec<u8>, String>,
) -> Result<(), String> {
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    let bindgen = bindgen.web(true).map_err(|error| format!("wasm-bindgen: {error:#}"))?;
    let mut output = bindgen
        .input_path(compiled)
        .out_name("imagepull")
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()
        .map_err(|error| format!("wasm-bindgen: {error:#}"))?;
    let module = optimize(output.wasm_mut().emit_wasm())?;
    let types = format!(
        "{}\nexport type {{ Report, Finding, Diagnosis }} from \"./report.d.ts\";\n",
        output.ts().unwrap_or_default().trim_end()
    );
    let about =
        ABOUT.replace("{version}", env!("CARGO_PKG_VERSION")).replace("{repository}", env!("CARGO_PKG_REPOSITORY"));
    let readme = "# imagepull-classifier\n\nNames the cause of a failed container image pull, proves it, and tells the fix.\n\n```js\nimport { diagnose } from \"imagepull-classifier\";\n\nconst report = JSON.parse(diagnose(text, Math.floor(Date.now() / 1000)));\n```\n\nIn a page, `await init()` (the default export) comes first.\n";
    let files: [(&str, Vec<u8>); 8] = [
        ("package.json", about.into_bytes()),
        ("README.md", readme.into()),
        ("LICENSE", root::read("LICENSE")?.into_bytes()),
        ("imagepull.js", output.js().as_bytes().to_vec()),
        ("imagepull.d.ts", types.into_bytes()),
        ("report.d.ts", root::read("web-demo/report.d.ts")?.into_bytes()),
        ("node.js", NODE.into()),
        ("imagepull_bg.wasm", module),
    ];
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).map_err(|error| format!("{name}: {error}"))?;
    }
    println!("{}", folder.display());
    Ok(())
}
