//! `cargo xtask new-cause AREA ID`: the two files of a cause and the line that declares it. Tests fail until every TODO is gone.

#[cfg(test)]
mod template;

use crate::root;
use std::path::Path;

const RUST: &str = include_str!("new_cause/template.rs");
const CASES: &str = include_str!("new_cause/template.txt");
const CAUSES: &str = "classifier/src/causes";

/// Makes the files and says what is to be done.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let [area, id] = arguments else {
        return Err("cargo xtask new-cause AREA ID, as: new-cause network proxy-failed".to_owned());
    };
    create(&root::join(CAUSES), area, id)?;
    let file = id.replace('-', "_");
    println!(
        "{CAUSES}/{area}/{file}.rs   what it is, how it is recognized, what heals it\n\
         {CAUSES}/{area}/{file}.txt  texts that show it, and near misses\n\n\
         Replace every TODO; `cargo test -p imagepull-classifier` says what is missing. Then `cargo xtask docs`."
    );
    Ok(())
}

/// Writes the files below `causes`, the catalogue's folder.
fn create(causes: &Path, area: &str, id: &str) -> Result<(), String> {
    let folder = causes.join(area);
    let list = folder.join("mod.rs");
    let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let Ok(declared) = std::fs::read_to_string(&list) else {
        return Err(format!("{area:?} is no area: {}", areas(causes).join(", ")));
    };
    let kebab = id
        .split('-')
        .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    if !kebab || !id.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err(format!("{id:?} is no id: small letters and digits, parted by `-`, named for what happened"));
    }
    let module = id.replace('-', "_");
    let taken = areas(causes).iter().any(|area| causes.join(area).join(format!("{module}.rs")).exists());
    if taken {
        return Err(format!("{id} is there already"));
    }
    let with_line = declare(&declared, &module).ok_or_else(|| format!("{} has no `area! {{ … }}`", list.display()))?;
    let variant: String = area[..1].to_ascii_uppercase() + &area[1..];
    let rust = RUST.replace("\"new-cause\"", &format!("\"{id}\"")).replace("Area::Other", &format!("Area::{variant}"));
    let files = [(module.clone() + ".rs", rust), (module + ".txt", CASES.replace("new-cause", id))];
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| failed(&path, error))?;
    }
    std::fs::write(&list, with_line).map_err(|error| failed(&list, error))
}

/// The area's list with one more line.
fn declare(list: &str, module: &str) -> Option<String> {
    let begins = list.find("area! {")?;
    let ends = begins + list[begins..].find("\n}")? + 1;
    Some(format!("{}    {module},\n{}", &list[..ends], &list[ends..]))
}

/// The names of the catalogue's folders.
fn areas(causes: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(causes).into_iter().flatten().flatten();
    let mut areas: Vec<String> = entries
        .filter(|entry| entry.path().join("mod.rs").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    areas.sort();
    areas
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("imagepull-new-cause-{name}-{}", std::process::id()));
            std::fs::create_dir_all(path.join("network")).expect("a folder");
            std::fs::write(path.join("network/mod.rs"), "//! Network.\n\narea! {\n    proxy_failed,\n}\n")
                .expect("a file");
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_template_is_a_cause_and_says_what_is_missing() {
        assert_eq!(template::CAUSE.id, "new-cause");
        assert_eq!(template::CAUSE.fixes.len(), 1);
        assert!(template::CAUSE.meaning.contains("TODO") && CASES.contains("TODO"));
    }

    #[test]
    fn a_cause_is_two_files_and_one_line() {
        let folder = Folder::new("made");
        create(&folder.0, "network", "mtu-too-large").expect("made");
        let read = |name: &str| std::fs::read_to_string(folder.0.join("network").join(name)).expect("there");
        assert_eq!(read("mod.rs"), "//! Network.\n\narea! {\n    proxy_failed,\n    mtu_too_large,\n}\n");
        assert!(read("mtu_too_large.rs").contains("id: \"mtu-too-large\",\n    area: Area::Network,"));
        assert!(read("mtu_too_large.txt").starts_with("--- mtu-too-large likely\n"));
        assert_eq!(std::fs::read_dir(folder.0.join("network")).expect("there").count(), 3);
    }

    #[test]
    fn what_is_no_area_no_id_or_there_already_is_refused() {
        let folder = Folder::new("refused");
        let refused = |area: &str, id: &str| create(&folder.0, area, id).expect_err("refused");
        assert!(refused("nowhere", "x-y").contains("network"));
        for id in ["Proxy", "a b", "a--b", "", "-a", "1-a", "../x"] {
            assert!(refused("network", id).contains("is no id"), "{id:?}");
        }
        create(&folder.0, "network", "mtu-too-large").expect("made");
        assert!(refused("network", "mtu-too-large").contains("already"));
    }
}
