//! Distances, near and far.

use super::sphere::metres_of_chord;
use super::*;

fn parse(text: &str) -> Location {
    Location::parse(text.as_bytes()).unwrap()
}

/// Computed with forty digits by another formula, the angle between two vectors: 8,773,133.807 m and so
/// on.
#[test]
fn distances_are_the_known_ones() {
    for (a, b, metres) in [
        ("+34.068930-118.445127", "+51.477928-0.001545", 8_773_134),
        ("+0+0", "+0+1", 111_195),
        ("+0+0", "+0-180", 20_015_114),
        ("+90+17", "-90+0", 20_015_114),
        ("+34.068930-118.445127", "-34.068930+61.554873", 20_015_114),
        ("+34.068930-118.445127", "-34.068930+61.554773", 20_015_105),
        ("+34.068930-118.445127", "+34.068930-118.445117", 1),
        ("+89.99999+0", "+89.99999+180", 2),
        ("-16.5+179.9999", "-16.5-179.9999", 21),
        // Half a metre and a bit less than half a micrometre more or less.
        ("+0+0", "+0+0.000004496", 0),
        ("+0+0", "+0+0.000004497", 1),
        ("+90+0", "+90+123", 0),
        ("+12.5+180", "+12.5-180", 0),
    ] {
        let (a, b) = (parse(a), parse(b));
        assert_eq!((metres_between(&a, &b), metres_between(&b, &a)), (metres, metres));
    }
}

#[test]
fn places_of_many_longitudes_are_one_point() {
    let point = |text| Point::of(&parse(text));
    assert_eq!(point("+90+0"), point("+90-123"));
    assert_eq!(point("-90+0"), point("-90+77"));
    assert_eq!(point("+12+180"), point("+12-180"));
    assert_eq!(point("+0+0").coordinates(), [(1 << 30) - 1, 0, 0]);
    assert_eq!(point("+0+90").coordinates(), [0, (1 << 30) - 1, 0]);
    assert_eq!(point("-90+0").coordinates(), [0, 0, 1 - (1 << 30)]);
}

#[test]
fn an_area_ends_where_the_rounded_distance_does() {
    let area = |micrometres| Area::new(parse("+0+0"), micrometres);
    let (near, far) = (parse("+0+0.000004496"), parse("+0+0.000004497"));
    assert!(area(0).contains(&near) && area(999_999).contains(&near));
    assert!(!area(999_999).contains(&far) && area(1_000_000).contains(&far));
    assert!(area(0).may_contain(Point::of(&near)));
    let everywhere = area(20_040_000_000_000);
    assert!(everywhere.contains(&parse("+0+180")) && everywhere.may_contain(Point::of(&far)));
    assert!(!area(20_015_113_000_000).contains(&parse("+0+180")));
    assert!(area(20_015_114_000_000).contains(&parse("+0+180")));
}

proptest! {
    /// Where a chord tells the metres, they are right.
    #[test]
    fn chords_tell_metres_or_nothing(a in locations(), b in locations()) {
        let metres = metres_between(&a, &b);
        if let Some(told) = metres_of_chord(Point::of(&a).chord_squared(&Point::of(&b))) {
            prop_assert_eq!(told, metres);
        }
        prop_assert_eq!(metres_between(&b, &a), metres);
    }
}
