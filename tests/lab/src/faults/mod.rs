//! One server that is every registry: DNS gives each host an address of its own, and what is listening there behaves as the
//! host's kind says. Kinds change at run time, so a scenario can heal the outside.

mod answers;
mod certificates;
mod connection;
mod dns;
mod kinds;
mod upstream;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

pub use certificates::Authorities;
pub use kinds::Kind;
pub use upstream::Upstream;

use crate::Result;

/// The ports that every host listens on: TLS, plain HTTP, the customary port of small registries, the proxy's.
const PORTS: [u16; 4] = [443, 80, 5000, 3128];
/// Addresses of hosts are handed out from here, in the order in which they are asked for.
const NETWORK: [u8; 3] = [198, 51, 100];
/// The lab's name server.
pub const NAME_SERVER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
/// Addresses where nobody listens, where packets vanish, and that no route leads to; made by `node::network`.
pub const REFUSING: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);
/// See [`REFUSING`].
pub const VANISHING: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
/// See [`REFUSING`].
pub const UNREACHABLE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 20);

/// All hosts and what they need to answer.
pub struct Faults {
    hosts: Mutex<Hosts>,
    authorities: Authorities,
    upstream: Upstream,
}

#[derive(Default)]
struct Hosts {
    kinds: HashMap<String, Kind>,
    addresses: HashMap<String, Ipv4Addr>,
    names: HashMap<Ipv4Addr, String>,
}

impl Faults {
    /// Starts the name server; hosts begin to listen when somebody asks for their address.
    ///
    /// # Errors
    /// When port 53 of the lab's name server cannot be had.
    pub fn start(authorities: Authorities, upstream: Upstream) -> Result<Arc<Faults>> {
        let faults = Arc::new(Faults { hosts: Mutex::default(), authorities, upstream });
        dns::start(Arc::clone(&faults))?;
        Ok(faults)
    }

    /// What a host is now; `None` when the lab's name server knows no such host.
    pub fn kind(&self, host: &str) -> Option<Kind> {
        let set = self.hosts().kinds.get(host).copied();
        set.or_else(|| Kind::of_host(host))
    }

    /// Makes a host behave as `kind`; `None` gives it back to its name.
    pub fn set(&self, host: &str, kind: Option<Kind>) {
        let mut hosts = self.hosts();
        match kind {
            Some(kind) => hosts.kinds.insert(host.to_owned(), kind),
            None => hosts.kinds.remove(host),
        };
    }

    /// Pushes a good image under a name whose image was not.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub fn rebuild(&self, repository: &str, tag: &str) -> Result<()> {
        self.upstream.rebuild(repository, tag)
    }

    /// Undoes [`Faults::rebuild`].
    pub fn forget(&self, repository: &str, tag: &str) {
        self.upstream.forget(repository, tag);
    }

    /// The hosts that were set, with their kinds.
    pub fn list(&self) -> Vec<(String, Kind)> {
        let mut list: Vec<_> = self.hosts().kinds.iter().map(|(host, kind)| (host.clone(), *kind)).collect();
        list.sort_by(|a, b| a.0.cmp(&b.0));
        list
    }

    /// The address of a host, which listens there from now on.
    fn address(self: &Arc<Self>, host: &str) -> Result<Ipv4Addr> {
        let mut hosts = self.hosts();
        if let Some(address) = hosts.addresses.get(host) {
            return Ok(*address);
        }
        let last = u8::try_from(hosts.addresses.len() + 2).map_err(|_| "the lab has no more addresses")?;
        let address = Ipv4Addr::new(NETWORK[0], NETWORK[1], NETWORK[2], last);
        for port in PORTS {
            let listener = TcpListener::bind((address, port))?;
            let faults = Arc::clone(self);
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let faults = Arc::clone(&faults);
                    thread::spawn(move || connection::serve(&faults, stream, port));
                }
            });
        }
        hosts.addresses.insert(host.to_owned(), address);
        hosts.names.insert(address, host.to_owned());
        Ok(address)
    }

    /// Which host somebody connected to.
    fn host_at(&self, address: SocketAddr) -> Option<String> {
        match address.ip() {
            IpAddr::V4(address) => self.hosts().names.get(&address).cloned(),
            IpAddr::V6(_) => None,
        }
    }

    fn hosts(&self) -> std::sync::MutexGuard<'_, Hosts> {
        self.hosts.lock().expect("no thread panics while it holds the hosts")
    }
}
