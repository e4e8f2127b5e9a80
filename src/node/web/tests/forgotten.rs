//! Clients that are forgotten over HTTP.

use super::*;

fn delete(target: &str, fields: &str) -> String {
    format!("DELETE {target} HTTP/1.1\r\nHost: h\r\n{fields}\r\n")
}

#[test]
fn a_client_is_forgotten_as_of_now_or_of_what_it_said_last() {
    let mut scene = Scene::new();
    report(&mut scene, "kiwi", "34.068930");
    scene.sends(0, &delete("/clients/kiwi", ""));
    let answer = scene.read(0);
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\n") && !answer.contains("Content-Type"), "{answer}");
    assert_eq!(scene.status(&get("/clients/kiwi")), 404);
    assert_eq!(scene.status(&delete("/clients/kiwi", "")), 404, "it is not known any more");
    assert_eq!(scene.status(&get("/?id=kiwi&lat=1&lon=2&timestamp=1600000000")), 200);
    assert_eq!(scene.status(&get("/clients/kiwi")), 404, "that is not later");
    // One whose clock is ahead, as far as it may be.
    assert_eq!(scene.status(&get("/?id=kiwi&lat=1&lon=2&timestamp=1600086400.0000000001")), 200);
    assert_eq!(scene.status(&delete("/clients/kiwi", "")), 204);
    assert_eq!(scene.status(&get("/clients/kiwi")), 404);
    assert_eq!((scene.node.positions().len(), scene.node.positions().tombstones()), (0, 1));
    let metrics = scene.ask(&get("/metrics")).remove(0).1;
    assert!(metrics.contains("\nherd_tombstones 1\n"), "{metrics}");
    assert!(metrics.contains("\nherd_reports_total 5\n"), "{metrics}");
}

#[test]
fn a_time_that_is_given_is_judged_as_on_the_line() {
    let mut scene = Scene::new();
    report(&mut scene, "kiwi", "34.068930");
    for (target, status) in [
        ("/clients/kiwi?time=soon", 400),
        ("/clients/kiwi?time=1600086401", 400),
        ("/clients/kiwi?time=1599395199.9", 400),
        ("/clients/nobody?time=1600000000", 404),
        ("/clients/nobody?time=soon", 400),
        ("/clients/%ff", 400),
        ("/clients", 405),
        ("/clients/kiwi/places", 405),
        ("/", 405),
        ("/clients/kiwi?time=1599395200", 204),
        ("/clients/kiwi?time=1599999999.9", 204),
    ] {
        assert_eq!(scene.status(&delete(target, "")), status, "{target}");
        assert_eq!(scene.status(&get("/clients/kiwi")), 200, "{target}: it has reported later");
    }
    let told = scene.ask(&delete("/clients/kiwi?time=1599395199.9", "")).remove(0).1;
    assert!(told.contains("tombstone_seconds"), "{told}");
    assert_eq!(scene.node.positions().tombstones(), 0, "of nobody is anything kept");
    assert_eq!(scene.status(&delete("/clients/kiwi?time=2020-09-13T12:26:40Z", "")), 204);
    assert_eq!(scene.status(&get("/clients/kiwi")), 404, "at equal times it is forgotten");
}

#[test]
fn a_page_from_elsewhere_forgets_nobody_unless_it_was_named() {
    let mut scene = Scene::with(ClientBounds::NONE, &["https://a.example"]);
    report(&mut scene, "kiwi", "34.068930");
    for fields in ["Origin: https://b.example\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        assert_eq!(scene.status(&delete("/clients/kiwi", fields)), 403, "{fields}");
    }
    let preflight = delete("/clients/kiwi", "Origin: https://a.example\r\n");
    scene.sends(0, &preflight.replace("DELETE", "OPTIONS"));
    let allowed = scene.read(0);
    assert!(allowed.contains("Allow: GET, HEAD, PUT, DELETE, OPTIONS\r\n"), "{allowed}");
    let methods = "Access-Control-Allow-Methods: GET, HEAD, PUT, DELETE, OPTIONS\r\n";
    assert!(allowed.contains(methods), "{allowed}");
    assert_eq!(scene.status(&preflight), 204);
    assert_eq!(scene.status(&get("/clients/kiwi")), 404);
}
