//! Many clients: the tree grows, shrinks and holds crowds.

use super::*;

/// The high bits of a linear congruential generator (Knuth, MMIX).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(self.0) * bound as u128) >> 64) as i64
    }

    /// Within so many nanodegrees of a place.
    fn near(&mut self, latitude: i64, longitude: i64, range: i64) -> Location {
        let [a, b] = [0; 2].map(|_| self.below(2 * range + 1) - range);
        location(latitude + a, longitude + b)
    }

    fn anywhere(&mut self) -> Location {
        self.near(0, 0, 180 * DEGREE)
    }
}

#[test]
fn many_come_move_and_go() {
    let (mut pair, mut random) = (Pair::new(), Random(5));
    for step in 0..12_000 {
        let client = random.below(6_000).to_string();
        // First all over the world, then to a town, then away altogether.
        match step {
            0..6_000 => pair.tell(&client, Some(random.anywhere())),
            6_000..9_000 => pair.tell(&client, Some(random.near(DEGREE, DEGREE, 100_000))),
            _ if step % 2 == 0 => pair.tell(&client, None),
            _ => pair.remove(&client),
        }
        if step % 1_000 == 999 {
            pair.follow();
            pair.positions.check().unwrap();
            for radius in [20_040, 1_000, 1] {
                let centre = random.near(DEGREE, DEGREE, 5_000_000);
                pair.assert_alike(&Area::new(centre, radius * 1_000_000_000), 30, None);
            }
        }
    }
    for client in 0..6_000 {
        pair.remove(&client.to_string());
    }
    pair.positions.check().unwrap();
    pair.follow();
    let mut found = vec![];
    let area = Area::new(location(0, 0), 1 << 50);
    let looked_at = pair.positions.near(&area, 10, None, None, AtOnce::ALL, &mut found);
    assert_eq!(looked_at, Ok(0));
    assert_eq!(found, []);
}

/// All on one point or within a metre: the ids decide, the tree does not grow without end, and whoever
/// leaves is found at once.
#[test]
fn crowds_are_told_apart_by_their_ids() {
    for range in [0, 3_000, 9_000] {
        let (mut pair, mut random) = (Pair::new(), Random(7));
        for client in 0..3_000 {
            let at = random.near(51 * DEGREE, -DEGREE, range);
            pair.tell(&format!("{}", client * 7_919 % 3_000), Some(at));
        }
        pair.follow();
        pair.positions.check().unwrap();
        for bound in [1, 10, 100] {
            for _ in 0..3 {
                let centre = random.near(51 * DEGREE, -DEGREE, 2 * range);
                pair.assert_alike(&Area::new(centre, 500_000), bound, Some("1000"));
                pair.assert_alike(&Area::new(centre, 100_000_000), bound, None);
            }
        }
        for client in 0..2_990 {
            pair.tell(&client.to_string(), Some(random.anywhere()));
            pair.positions.follow_areas(1);
        }
        pair.positions.check().unwrap();
        pair.assert_alike(&Area::new(location(51 * DEGREE, -DEGREE), 500_000), 20, None);
    }
}
