//! Who talks with whom: drawn herds.

use super::random::Random;
use herd::herd::Herd;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Ring,
    Line,
    Tree,
    Star,
    Mesh,
    Random,
}

const SHAPES: [Shape; 6] =
    [Shape::Ring, Shape::Line, Shape::Tree, Shape::Star, Shape::Mesh, Shape::Random];

/// A shape and a number of servers; small ones are the most usual, since they cost least.
pub fn draw(random: &mut Random) -> (Shape, usize) {
    let shape = *random.pick(&SHAPES);
    let servers = match random.below(100) {
        0..60 => random.between(2, 6),
        60..90 => random.between(3, 12),
        90..98 => random.between(8, 24),
        _ => random.between(20, 50),
    };
    // The links of a full mesh grow with the square.
    let most = if shape == Shape::Mesh && !random.chance(20) { 12 } else { 50 };
    (shape, servers.min(most) as usize)
}

/// A herd of that shape.
pub fn build(shape: Shape, servers: usize, random: &mut Random) -> Result<Herd, String> {
    herd(servers, &links(shape, servers, random))
}

/// Who is linked with whom; in a random graph there is a tree below the rest.
pub fn links(shape: Shape, servers: usize, random: &mut Random) -> Vec<(usize, usize)> {
    let mut links: Vec<(usize, usize)> = Vec::new();
    for server in 1..servers {
        match shape {
            Shape::Ring | Shape::Line => links.push((server - 1, server)),
            Shape::Tree | Shape::Random => links.push((random.index(server), server)),
            Shape::Star => links.push((0, server)),
            Shape::Mesh => links.extend((0..server).map(|other| (other, server))),
        }
    }
    if shape == Shape::Ring && servers > 2 {
        links.push((servers - 1, 0));
    }
    if shape == Shape::Random {
        let count = random.index(2 * servers);
        add_links(&mut links, count, servers, random);
    }
    links
}

/// Adds links between any two servers, at most so many.
pub fn add_links(
    links: &mut Vec<(usize, usize)>,
    count: usize,
    servers: usize,
    random: &mut Random,
) {
    for _ in 0..count {
        let (one, other) = (random.index(servers), random.index(servers));
        if one != other {
            links.push((one, other));
        }
    }
}

/// The herd with these links, whose servers are `S0`, `S1`, ... at `10.0.0.0`, `10.0.0.1`, ...
pub fn herd(servers: usize, links: &[(usize, usize)]) -> Result<Herd, String> {
    nth_herd(0, 0, servers, links)
}

/// One of several, whose servers are called by numbers from `first` on.
pub fn nth_herd(
    number: usize,
    first: usize,
    servers: usize,
    links: &[(usize, usize)],
) -> Result<Herd, String> {
    let one = |place: usize| {
        let server = first + place;
        let ours = links.iter().filter(|(from, _)| *from == place);
        let mut names: Vec<String> = ours.map(|(_, to)| format!("\"S{}\"", first + to)).collect();
        names.sort();
        names.dedup();
        let names = names.join(", ");
        format!(
            "{{\"name\": \"S{server}\", \"host\": \"10.0.{}.{}\", \"port\": 11645, \
             \"web_port\": 13645, \
             \"talks_with\": [{names}]}}",
            server / 256,
            server % 256,
        )
    };
    let servers: Vec<String> = (0..servers).map(one).collect();
    let name = if number == 0 { "sim".to_owned() } else { format!("sim{number}") };
    let servers = servers.join(",\n");
    let json = format!("{{\"herd\": \"{name}\", \"servers\": [{servers}]}}");
    Herd::from_json(json.as_bytes()).map_err(|mistake| format!("{mistake}: {json}"))
}
