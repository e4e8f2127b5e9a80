//! Scenarios of what an update costs: at most one crossing for each link direction, whatever the
//! shape of the herd, and fewer when links cannot keep up.

use crate::sim::scale::{Cost, Extent, Moved, measure};
use crate::sim::topology::Shape;

/// Looks at what must hold for herds of every size.
fn costs_little(shape: Shape, servers: usize) -> Cost {
    let cost = measure(shape, servers, Extent::Everything);
    assert_eq!(cost.twice, None, "{shape:?} of {servers}");
    for flood in &cost.at_rest {
        assert!(flood.share(cost.directions) <= 1.0, "{shape:?} of {servers}: {flood:?}");
        // It takes a shortest way to each, in the time that its links take.
        assert_eq!(flood.hops, flood.distance, "{shape:?} of {servers}");
        assert!((flood.latencies - flood.distance as f64).abs() < 0.1, "{flood:?}");
    }
    assert!(cost.at_rest.iter().any(|flood| flood.hops == cost.diameter));
    let Some(Moved { burst, overload }) = &cost.moved else {
        unreachable!("everything is measured");
    };
    assert!(burst.share(cost.directions) <= 1.0, "{shape:?} of {servers}: {burst:?}");
    // In a burst marks serve many updates.
    let alone = &cost.at_rest[0];
    let beside = |lines: u64, at: u64| (lines - at) as f64 / at as f64;
    let (few, many) =
        (beside(alone.all.lines, alone.at.lines), beside(burst.all.lines, burst.at.lines));
    assert!(many < few / 2.0, "{shape:?} of {servers}: {many} and {few}");
    // Under overload a client that has moved several times meanwhile is sent once.
    let (fewer, one) = (overload.share(cost.directions), alone.share(cost.directions));
    assert!(fewer < one / 3.0, "{shape:?} of {servers}: {fewer} of {one}");
    // At rest a mark and an acknowledgement a second.
    assert!((40.0..88.0).contains(&cost.idle_bytes), "{}", cost.idle_bytes);
    cost
}

#[test]
fn in_a_ring_an_update_crosses_each_link_at_most_once_each_way() {
    for servers in [2, 5, 20] {
        let cost = costs_little(Shape::Ring, servers);
        assert_eq!(cost.diameter, servers / 2);
    }
}

#[test]
fn in_a_tree_an_update_crosses_each_link_once() {
    for servers in [2, 5, 20] {
        let cost = costs_little(Shape::Tree, servers);
        for flood in &cost.at_rest {
            assert_eq!(flood.at.lines, servers as u64 - 1);
        }
    }
}

#[test]
fn in_a_mesh_an_update_crosses_each_link_at_most_once_each_way() {
    for servers in [5, 12] {
        let cost = costs_little(Shape::Mesh, servers);
        assert_eq!(cost.diameter, 1);
        assert_eq!(cost.directions, servers * (servers - 1));
    }
    let cost = measure(Shape::Mesh, 30, Extent::AtRest);
    for flood in &cost.at_rest {
        // To each of the others, and from each of these to all but the first.
        assert_eq!(flood.at.lines, 29 + 29 * 28);
    }
}

#[test]
fn in_a_random_graph_an_update_crosses_each_link_at_most_once_each_way() {
    for servers in [5, 20, 40] {
        costs_little(Shape::Random, servers);
    }
}
