//! The kubeconfig as kubectl reads it: missing files of a list are skipped, the first value wins, flags win over all.

use crate::args::Connection;
use crate::failure::Failure;
use kube::config::{
    AuthInfo, Config, Context, ExecInteractiveMode, KubeConfigOptions, Kubeconfig, KubeconfigError, NamedContext,
};
use std::path::{Path, PathBuf};

/// Names to speak of a connection by.
#[derive(Clone, Debug)]
pub struct Names {
    /// Address of the server, without user and password.
    pub server: String,
    /// Context of the kubeconfig; `None` in a pod or with `--server` alone.
    pub context: Option<String>,
    /// Namespace of the context.
    pub namespace: String,
    /// User the requests act as, where one is impersonated.
    pub acting_as: Option<String>,
    /// The proxy in between.
    pub proxy: Option<String>,
}

/// A credential plugin, as far as a message needs it.
#[derive(Clone, Debug, Default)]
pub struct Plugin {
    /// Its program.
    pub command: Option<String>,
    /// What the kubeconfig says about installing it.
    pub hint: Option<String>,
    /// Whether its standard error went to the user's terminal.
    pub spoke: bool,
}

impl Plugin {
    /// The plugin of this configuration.
    pub fn of(config: &Config) -> Plugin {
        config.auth_info.exec.as_ref().map_or_else(Plugin::default, |exec| Plugin {
            command: Some(exec.command.clone().unwrap_or_default()),
            hint: exec.install_hint.clone(),
            spoke: exec.interactive_mode != Some(ExecInteractiveMode::Never),
        })
    }
}

/// Finds out how to reach the server.
///
/// # Errors
/// When no kubeconfig is there, it cannot be read, or it lacks what the flags name.
pub async fn config(connection: Connection) -> Result<(Config, Names), Failure> {
    let (kubeconfig, files) = read(connection.kubeconfig.as_deref())?;
    let (mut config, context) = match kubeconfig {
        Some(kubeconfig) => from_file(kubeconfig, &connection, &files).await?,
        None => (without_file(&connection, &files)?, None),
    };
    apply(&mut config, &connection)?;
    let names = Names {
        server: without_user(&config.cluster_url),
        context,
        namespace: config.default_namespace.clone(),
        acting_as: config.auth_info.impersonate.clone(),
        proxy: config.proxy_url.as_ref().map(without_user),
    };
    Ok((config, names))
}

fn without_user(url: &http::Uri) -> String {
    let authority = url.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = url.path().trim_end_matches('/');
    format!("{}://{host}{path}", url.scheme_str().unwrap_or("https"))
}

/// What a kubeconfig has names for.
#[derive(Debug, Default)]
pub struct Known {
    /// Contexts.
    pub contexts: Vec<String>,
    /// Clusters.
    pub clusters: Vec<String>,
    /// Users.
    pub users: Vec<String>,
}

/// The names in the kubeconfig; no server is asked.
///
/// # Errors
/// When it cannot be read.
pub fn names(connection: &Connection) -> Result<Known, Failure> {
    let kubeconfig = read(connection.kubeconfig.as_deref())?.0.unwrap_or_default();
    Ok(Known {
        contexts: kubeconfig.contexts.into_iter().map(|context| context.name).collect(),
        clusters: kubeconfig.clusters.into_iter().map(|cluster| cluster.name).collect(),
        users: kubeconfig.auth_infos.into_iter().map(|user| user.name).collect(),
    })
}

/// The merged files, and the names of all that were looked for.
fn read(given: Option<&Path>) -> Result<(Option<Kubeconfig>, Vec<PathBuf>), Failure> {
    if let Some(path) = given {
        if !path.exists() {
            return Err(Failure::new(
                format!("kubeconfig {} does not exist", path.display()),
                "`--kubeconfig` names it.",
            ));
        }
        return Ok((Some(read_file(path)?), vec![path.to_owned()]));
    }
    let listed: Vec<PathBuf> = std::env::var_os("KUBECONFIG")
        .map(|list| std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect())
        .unwrap_or_default();
    let files = if listed.is_empty() {
        std::env::home_dir().map(|home| home.join(".kube").join("config")).into_iter().collect()
    } else {
        listed
    };
    let mut merged: Option<Kubeconfig> = None;
    // kubectl skips what is missing in the list (client-go, ClientConfigLoadingRules.Load); kube does not.
    for path in files.iter().filter(|path| path.exists()) {
        let next = read_file(path)?;
        merged = Some(match merged {
            None => next,
            Some(first) => first.merge(next).map_err(|_| {
                Failure::new(
                    format!("kubeconfig {} is of another kind or version than those before it", path.display()),
                    "",
                )
            })?,
        });
    }
    Ok((merged, files))
}

fn read_file(path: &Path) -> Result<Kubeconfig, Failure> {
    let mut kubeconfig = Kubeconfig::read_from(path).map_err(|error| {
        let name = path.display();
        match error {
            KubeconfigError::ReadConfig(error, _) => {
                Failure::new(format!("kubeconfig {name} cannot be read: {error}"), "")
            }
            // The parser's words quote the file: a token may stand there.
            KubeconfigError::Parse(error) => Failure::new(
                format!("kubeconfig {name} is not valid YAML{}", line_of(&error.to_string())),
                "`kubectl config view` says more.",
            ),
            _ => Failure::new(format!("kubeconfig {name} cannot be read"), "`kubectl config view` says more."),
        }
    })?;
    // `kubectl config unset current-context` leaves "" behind, which must not win over a later file's.
    kubeconfig.current_context = kubeconfig.current_context.filter(|context| !context.is_empty());
    Ok(kubeconfig)
}

/// " (line 3)" where the words of a parser say so.
fn line_of(words: &str) -> String {
    words
        .split_once("line ")
        .map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect::<String>())
        .filter(|line| !line.is_empty())
        .map_or_else(String::new, |line| format!(" (line {line})"))
}

fn listed(files: &[PathBuf]) -> String {
    files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

async fn from_file(
    mut kubeconfig: Kubeconfig,
    connection: &Connection,
    files: &[PathBuf],
) -> Result<(Config, Option<String>), Failure> {
    let contexts: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    let clusters: Vec<String> = kubeconfig.clusters.iter().map(|cluster| cluster.name.clone()).collect();
    let users: Vec<String> = kubeconfig.auth_infos.iter().map(|user| user.name.clone()).collect();
    let mut name = connection.context.clone().or_else(|| kubeconfig.current_context.clone());
    let known = |names: &[String]| {
        if names.is_empty() { "It has none.".to_owned() } else { format!("It has: {}", names.join(", ")) }
    };
    if let Some(name) = &name
        && !contexts.contains(name)
    {
        return Err(Failure::new(format!("there is no context `{name}` in {}", listed(files)), known(&contexts)));
    }
    if let Some(user) = connection.user.as_ref().filter(|user| !users.contains(*user)) {
        return Err(Failure::new(format!("there is no user `{user}` in {}", listed(files)), known(&users)));
    }
    if name.is_none() {
        if connection.cluster.is_none() {
            if connection.server.is_some() || contexts.is_empty() {
                return without_file(connection, files).map(|config| (config, None));
            }
            return Err(Failure::new(
                format!("no current context is set in {}", listed(files)),
                format!("Give one with `--context`. {}", known(&contexts)),
            ));
        }
        // `--cluster` without a context, as kubectl has it: no user unless named, namespace `default`.
        let unnamed = String::from("\u{0}");
        kubeconfig.contexts.push(NamedContext {
            name: unnamed.clone(),
            context: Some(Context { user: connection.user.clone(), ..Context::default() }),
            ..NamedContext::default()
        });
        name = Some(unnamed);
    }
    for user in &mut kubeconfig.auth_infos {
        if let Some(info) = &mut user.auth_info {
            prefer_token_file(info);
        }
    }
    if let (Some(server), Some(context)) = (&connection.server, &name) {
        // A context whose cluster entry has no server is enough when the server is given.
        if let Some(cluster) = named_cluster(&kubeconfig, connection.cluster.as_deref(), context) {
            kubeconfig.clusters[cluster].cluster.get_or_insert_default().server = Some(server.clone());
        }
    }
    let options =
        KubeConfigOptions { context: name.clone(), cluster: connection.cluster.clone(), user: connection.user.clone() };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| {
        let files = listed(files);
        match error {
            KubeconfigError::LoadClusterOfContext(cluster) => {
                Failure::new(format!("there is no cluster `{cluster}` in {files}"), known(&clusters))
            }
            KubeconfigError::MissingClusterUrl => Failure::new(
                format!("the cluster of the context has no `server` in {files}"),
                "Give one with `--server`.",
            ),
            KubeconfigError::ParseClusterUrl(error) => {
                Failure::new(format!("the cluster's `server` in {files} is no address: {error}"), "")
            }
            KubeconfigError::ParseProxyUrl(error) => Failure::new(
                format!("the proxy's address is none: {error}"),
                "It stands in `proxy-url` of the kubeconfig's cluster, or in HTTPS_PROXY.",
            ),
            error => Failure::new(format!("the kubeconfig ({files}) cannot be used: {error}"), ""),
        }
    })?;
    Ok((config, name.filter(|name| name != "\u{0}")))
}

/// Position of the cluster that will be used.
fn named_cluster(kubeconfig: &Kubeconfig, cluster: Option<&str>, context: &str) -> Option<usize> {
    let of_context = kubeconfig
        .contexts
        .iter()
        .find(|named| named.name == context)
        .and_then(|named| named.context.as_ref())
        .map(|context| context.cluster.as_str());
    let name = cluster.or(of_context)?;
    kubeconfig.clusters.iter().position(|cluster| cluster.name == name)
}

/// Reads a token file as client-go does: it wins over a token beside it (transport, `NewBearerAuthWithRefreshRoundTripper`), and
/// blanks around it are no part of it. kube has it the other way round in both.
fn prefer_token_file(info: &mut AuthInfo) {
    if let Some(token) = info.token_file.as_ref().and_then(|file| std::fs::read_to_string(file).ok()) {
        info.token = Some(token.trim().to_owned().into());
        info.token_file = None;
    }
}

/// No kubeconfig: `--server`, or the service account of the pod that this runs in.
fn without_file(connection: &Connection, files: &[PathBuf]) -> Result<Config, Failure> {
    if let Some(server) = &connection.server {
        return Ok(Config::new(address(server)?));
    }
    Config::incluster().map_err(|_| {
        Failure::new(
            format!("there is no cluster to ask: {} does not exist or is empty", listed(files)),
            "Set KUBECONFIG or give `--kubeconfig`.\n\
             Without a cluster, text is explained too: `kubectl describe pod NAME | kubectl imagepull why -`.",
        )
    })
}

fn address(server: &str) -> Result<http::Uri, Failure> {
    let url = if server.contains("://") { server.to_owned() } else { format!("http://{server}") };
    url.parse()
        .map_err(|error| Failure::new(format!("`--server {server}` is no address: {error}"), "As https://HOST:PORT."))
}

/// Lays the flags over the configuration.
fn apply(config: &mut Config, connection: &Connection) -> Result<(), Failure> {
    // Fifteen tries in 164 seconds are no answer for who waits at a terminal.
    config.default_retry = false;
    config.connect_timeout = Some(std::time::Duration::from_secs(10));
    if let Some(server) = &connection.server {
        config.cluster_url = address(server)?;
    }
    if connection.insecure_skip_tls_verify {
        config.accept_invalid_certs = true;
        config.root_cert = None;
        config.root_cert_file = None;
    }
    if let Some(name) = &connection.tls_server_name {
        config.tls_server_name = Some(name.clone());
    }
    if let Some(path) = &connection.certificate_authority {
        let pem = std::fs::read(path).map_err(|error| {
            Failure::new(format!("certificate authority {} cannot be read: {error}", path.display()), "")
        })?;
        if !pem.windows(11).any(|window| window == b"-----BEGIN ") {
            return Err(Failure::new(format!("{} holds no certificate in PEM form", path.display()), ""));
        }
        config.root_cert = None;
        config.root_cert_file = Some(path.clone());
    }
    if connection.disable_compression {
        config.disable_compression = true;
    }
    let auth = &mut config.auth_info;
    if let Some(token) = &connection.token {
        *auth = AuthInfo {
            token: Some(token.0.clone().into()),
            impersonate: auth.impersonate.take(),
            impersonate_uid: auth.impersonate_uid.take(),
            impersonate_groups: auth.impersonate_groups.take(),
            impersonate_user_extra: auth.impersonate_user_extra.take(),
            ..AuthInfo::default()
        };
    }
    if let Some(user) = &connection.impersonate {
        auth.impersonate = Some(user.clone());
        auth.impersonate_uid = connection.impersonate_uid.clone();
        auth.impersonate_groups = Some(connection.impersonate_group.clone());
        let mut extra: std::collections::HashMap<String, Vec<String>> = std::collections::HashMap::new();
        for pair in &connection.impersonate_extra {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| Failure::new(format!("`--as-user-extra {pair}` is no KEY=VALUE"), "As scopes=view."))?;
            extra.entry(key.to_owned()).or_default().push(value.to_owned());
        }
        auth.impersonate_user_extra = (!extra.is_empty()).then_some(extra);
    }
    Ok(())
}
