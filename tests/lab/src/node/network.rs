//! Addresses of the lab's machine: the node's, the registries', and three places where connections fail.

use super::machine::run;
use crate::Result;
use crate::faults::{NAME_SERVER, REFUSING, UNREACHABLE, VANISHING};

/// Documentation addresses (RFC 5737) on the loopback of a network namespace: no packet leaves the machine.
pub fn set_up() -> Result<()> {
    let ip = |line: &str| run("ip", &line.split_whitespace().collect::<Vec<_>>()).map(|_| ());
    ip("link set lo up")?;
    // The kubelet refuses 127.x as the node's address.
    ip("addr add 10.0.0.10/32 dev lo")?;
    // On lo the whole network is local.
    ip(&format!("addr add {NAME_SERVER}/24 dev lo"))?;
    ip(&format!("addr add {REFUSING}/32 dev lo"))?;
    // A cable whose far end nobody reads, and a neighbour that is said to be there.
    ip("link add hole type veth peer name void")?;
    ip("link set hole up")?;
    ip("link set void up")?;
    ip(&format!("route add {VANISHING}/32 dev hole src 10.0.0.10"))?;
    ip(&format!("neigh replace {VANISHING} lladdr 02:00:00:00:00:01 dev hole nud permanent"))?;
    ip(&format!("route add unreachable {UNREACHABLE}/32"))
}
