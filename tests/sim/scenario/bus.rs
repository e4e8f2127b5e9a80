//! The steps of scenarios about herds that are joined by a bus.

use super::super::agenda::Time;
use super::super::bus::Bus;
use super::super::bus::manners::{Fault, Manners};
use super::super::bus::traffic::{Count, Kind};
use super::super::faults::Mix;
use super::super::joined::Joined;
use super::super::random::Random;
use super::super::topology::Shape;
use super::super::trace::Detail;
use super::super::world::World;
use super::{HERE, Scenario, fair};
use herd::node::Credentials;
use std::collections::BTreeMap;

impl Scenario {
    /// Two herds on a bus of these manners: `S0` and `S1`, `S2` and `S3`. So many of each are gateways.
    pub fn joined(seed: u64, gateways: usize, manners: Manners) -> Self {
        let herds = vec![(2, gateways); 2];
        let credentials = Credentials::None;
        let joined = Joined { herds, credentials, clients: false, manners };
        let mut random = Random::new(seed);
        let herds = joined.build(Shape::Line, &mut random).expect("they are sound");
        let mix = Mix { joined: Some(joined), ..fair() };
        let mut world = World::of_herds(seed, herds, mix, random, Detail::Hash, None);
        world.env.checks.crossings = Some(BTreeMap::new());
        for machine in 0..world.machines.len() {
            world.start(machine);
        }
        let mut scenario = Scenario { world };
        scenario.agree_in_the_end();
        scenario
    }

    pub fn bus(&mut self) -> &mut Bus {
        self.world.bus.as_mut().expect("there is one")
    }

    /// It goes on by these manners.
    pub fn bus_behaves(&mut self, manners: Manners) {
        self.bus().manners = manners;
    }

    /// Something happens to the bus.
    pub fn trouble_bus(&mut self, fault: Fault) {
        let World { bus, env, .. } = &mut self.world;
        if let Some(bus) = bus {
            bus.suffer(env, fault);
        }
    }

    pub fn bus_is_back(&mut self) {
        let World { bus, env, .. } = &mut self.world;
        bus.iter_mut().for_each(|bus| bus.come_back(env));
    }

    /// Strangers talk on it as its manners say.
    pub fn bus_makes_noise(&mut self) {
        let World { bus, env, .. } = &mut self.world;
        bus.iter_mut().for_each(|bus| bus.make_noise(env));
    }

    /// One who is no gateway publishes that behind the common beginning of all subjects.
    pub fn stranger_says(&mut self, subject: &str, payload: &str) {
        let World { bus, env, .. } = &mut self.world;
        if let Some(bus) = bus {
            bus.say(env, subject, payload.as_bytes());
        }
    }

    /// For so long nothing of what the bus says comes to a gateway, on the connections that there are.
    pub fn bus_stalls(&mut self, server: &str, time: Time) {
        let server = self.server(server);
        let env = &mut self.world.env;
        let until = env.agenda.now() + time;
        let host = env.hosts.bus().expect("there is one");
        for conn in env.net.between(server, host) {
            env.net.stall(conn, 1, until);
        }
    }

    /// All servers of all herds hold the same, and what they ought to, within that time.
    pub fn agree_all(&mut self, within: Time) {
        self.wait(within, World::is_healed);
        let world = &self.world;
        world.env.checks.agreement(&world.nodes(), world.latest_clock()).expect("agreement");
    }

    /// The same within what the worst of faults may take.
    pub fn agree_in_the_end(&mut self) {
        self.agree_all(self.world.healed_within().as_nanos() as Time);
    }

    /// For so long, ten times a second, clients with these names report at each of these servers.
    pub fn report_for(&mut self, seconds: u64, servers: &[&str], clients: u64) -> u64 {
        let sessions: Vec<_> =
            servers.iter().map(|server| (self.connect(server), *server)).collect();
        let mut count = 0;
        for round in 0..10 * seconds {
            for &(session, server) in &sessions {
                for client in 0..clients {
                    let time = self.clock(0);
                    self.say(session, &format!("IAMAT {server}-{client} {HERE} {time}"));
                    count += 1;
                }
                // Somebody both herds hear of.
                if round % 10 == 0 {
                    let time = self.clock(0);
                    self.say(session, &format!("IAMAT everywhere {HERE} {time}"));
                    count += 1;
                }
            }
            self.pass_milliseconds(100);
        }
        sessions.iter().for_each(|&(session, _)| self.say_no_more(session));
        count
    }

    /// What all gateways have published of that kind since it was counted from 0.
    pub fn published(&mut self, kind: Kind) -> Count {
        self.bus().traffic.of(kind)
    }
}
