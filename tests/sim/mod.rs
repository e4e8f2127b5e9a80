//! The simulator: servers with their real protocols and stores, clients and a Places service in
//! one seeded world with virtual time. No sockets, threads or clocks; TLS is spoken on links, in some seeds.
//!
//! | file | what it is |
//! |---|---|
//! | `agenda`, `random` | virtual time and what is planned; chance |
//! | `net`, `pipe` | hosts, paths, connections, and how they fail |
//! | `links` | keys and certificates of the links |
//! | `machine` | one server: when it takes its turns, starts and ends |
//! | `kernel`, `stage` | the world and the application of its driver |
//! | `disk`, `journals` | what servers keep in files, how that is lost, and what must be there |
//! | `clients`, `load`, `visitors`, `places` | those whom servers talk with |
//! | `bus`, `joined` | a message bus, and several herds that are joined by it |
//! | `faults`, `topology` | what each seed draws |
//! | `web` | visitors of the web port |
//! | `watch`, `contract`, `report`, `scope`, `notebook`, `versions`, `checks` | models, and what must hold |
//! | `planted` | bugs that must be found |
//! | `world`, `seeds` | all together; a run of a seed |
//! | `scenario` | the steps of the scenarios in `scenarios`, which are tests |
//! | `worlds` | the same scripts in this world and over real sockets |
//! | `costs`, `scale` | what updates cost in herds of any shape and size |

pub mod agenda;
pub mod bus;
mod checks;
mod clients;
mod contract;
mod costs;
mod disk;
mod env;
pub mod faults;
mod joined;
mod journals;
mod kernel;
mod lines;
pub mod links;
mod load;
mod machine;
mod net;
mod notebook;
mod pipe;
mod places;
pub mod planted;
mod random;
mod report;
pub mod scale;
pub mod scenario;
mod scope;
pub mod seeds;
mod stage;
pub mod topology;
pub mod trace;
mod versions;
mod visitors;
mod watch;
mod web;
mod world;
#[cfg(test)]
mod worlds;
