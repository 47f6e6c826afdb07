//! The platforms that are released, by the names that krew and Go give them.

/// A platform.
#[derive(Debug, PartialEq, Eq)]
pub struct Platform {
    /// As krew's `selector` has it.
    pub os: &'static str,
    /// As krew's `selector` has it.
    pub arch: &'static str,
    /// As rustc has it.
    pub target: &'static str,
}

/// All of them, in the order of the manifest. Linux is static, and Windows is linked by zig, so that both come from any machine.
pub const PLATFORMS: &[Platform] = &[
    Platform { os: "linux", arch: "amd64", target: "x86_64-unknown-linux-musl" },
    Platform { os: "linux", arch: "arm64", target: "aarch64-unknown-linux-musl" },
    Platform { os: "darwin", arch: "amd64", target: "x86_64-apple-darwin" },
    Platform { os: "darwin", arch: "arm64", target: "aarch64-apple-darwin" },
    Platform { os: "windows", arch: "amd64", target: "x86_64-pc-windows-gnullvm" },
    Platform { os: "windows", arch: "arm64", target: "aarch64-pc-windows-gnullvm" },
];

impl Platform {
    /// The platform with this name, `linux/arm64`.
    pub fn find(name: &str) -> Result<&'static Platform, String> {
        PLATFORMS.iter().find(|platform| platform.name() == name).ok_or_else(|| {
            let names: Vec<String> = PLATFORMS.iter().map(Platform::name).collect();
            format!("no platform {name:?}; there are {}", names.join(", "))
        })
    }

    /// The platform that this runs on; `None` where none is released for it.
    pub fn here() -> Option<&'static Platform> {
        let os = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
        let arch = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
        let known = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
        PLATFORMS.iter().find(|platform| known && platform.os == os && platform.arch == arch)
    }

    /// `linux/arm64`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.os, self.arch)
    }

    /// Apple's frameworks come with its machines alone: <https://www.apple.com/legal/sla/docs/xcode.pdf>.
    pub fn needs_macos(&self) -> bool {
        self.os == "darwin"
    }

    /// The program in the archive.
    pub fn program(&self) -> &'static str {
        if self.os == "windows" { "kubectl-imagepull.exe" } else { "kubectl-imagepull" }
    }

    /// File name of the archive: what people of the system unpack without asking.
    pub fn archive(&self) -> String {
        let form = if self.os == "windows" { "zip" } else { "tar.gz" };
        format!("kubectl-imagepull-{}-{}.{form}", self.os, self.arch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_found_by_name_and_no_two_share_an_archive() {
        assert_eq!(
            Platform::find("windows/arm64").map(Platform::archive),
            Ok("kubectl-imagepull-windows-arm64.zip".to_owned())
        );
        assert!(Platform::find("plan9/amd64").is_err_and(|said| said.contains("darwin/arm64")));
        let mut archives: Vec<String> = PLATFORMS.iter().map(Platform::archive).collect();
        archives.sort();
        archives.dedup();
        assert_eq!(archives.len(), PLATFORMS.len());
    }
}
