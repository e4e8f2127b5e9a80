//! How clients go: how fast, and between which towns.

/// A way of going.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mode {
    /// What the ids of its clients begin with.
    pub name: &'static str,
    /// As fast as any of them goes.
    pub kilometres_per_hour: f64,
    /// Of a hundred clients so many.
    pub share: usize,
    /// How far from home the towns are that it calls at.
    pub reach_kilometres: f64,
    /// How far they are from each other, at least.
    pub apart_kilometres: f64,
    /// How many people live in each, at least.
    pub population_min: u32,
    /// How far from a town's centre it stops, at most.
    pub spread_metres: f64,
}

/// All of them. Nobody's way is known: all go straight ahead, on great circles, so there are no ships.
pub const MODES: [Mode; 6] = [
    Mode {
        name: "walker",
        kilometres_per_hour: 5.0,
        share: 26,
        reach_kilometres: 4.0,
        apart_kilometres: 0.3,
        population_min: 0,
        spread_metres: 600.0,
    },
    Mode {
        name: "bike",
        kilometres_per_hour: 18.0,
        share: 16,
        reach_kilometres: 10.0,
        apart_kilometres: 1.0,
        population_min: 0,
        spread_metres: 500.0,
    },
    Mode {
        name: "bus",
        kilometres_per_hour: 35.0,
        share: 16,
        reach_kilometres: 15.0,
        apart_kilometres: 1.0,
        population_min: 0,
        spread_metres: 300.0,
    },
    Mode {
        name: "car",
        kilometres_per_hour: 90.0,
        share: 20,
        reach_kilometres: 120.0,
        apart_kilometres: 10.0,
        population_min: 0,
        spread_metres: 1_000.0,
    },
    Mode {
        name: "train",
        kilometres_per_hour: 160.0,
        share: 12,
        reach_kilometres: 500.0,
        apart_kilometres: 50.0,
        population_min: 100_000,
        spread_metres: 500.0,
    },
    Mode {
        name: "plane",
        kilometres_per_hour: 800.0,
        share: 10,
        reach_kilometres: 8_000.0,
        apart_kilometres: 600.0,
        population_min: 1_000_000,
        spread_metres: 10_000.0,
    },
];

impl Mode {
    /// How the client of that number goes. Of the first clients, too, about each hundredth part goes
    /// as its share says.
    pub fn of(number: usize) -> &'static Mode {
        // Prime to 100, so that a hundred in a row hit each part once, and far apart.
        let mut part = number * 61 % 100;
        for mode in &MODES {
            if part < mode.share {
                return mode;
            }
            part -= mode.share;
        }
        &MODES[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_a_hundred_and_kept() {
        assert_eq!(MODES.iter().map(|mode| mode.share).sum::<usize>(), 100);
        for mode in &MODES {
            let count = |clients: usize| (0..clients).filter(|&at| Mode::of(at) == mode).count();
            assert_eq!(count(500), 5 * mode.share, "{}", mode.name);
            assert!(count(20) > 0, "{}", mode.name);
        }
    }
}
