//! For whom an authority vouches, and for whom it cannot.

use super::*;
use rustls::CertificateError;
use rustls::pki_types::pem::PemObject;

const NOW: u64 = 1_800_000_000;

fn name(text: &str) -> Name {
    text.parse().map_or_else(|_| Name::Dns(text.to_owned()), Name::Address)
}

fn server(number: usize, host: &str) -> Names {
    Names { server: format!("S{number}"), own: format!("s{number}.coast"), host: name(host) }
}

fn servers(hosts: &[&str]) -> Vec<Names> {
    hosts.iter().enumerate().map(|(number, host)| server(number, host)).collect()
}

fn authority(hosts: &[&str]) -> Authority {
    Authority::make("coast", &servers(hosts), NOW).unwrap().0
}

fn der(made: &Made) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(made.certificate.as_bytes()).unwrap()
}

const HERDS: [&[&str]; 4] = [
    &["127.0.0.1", "127.0.0.1"],
    &["a.example.net", "localhost"],
    &["192.0.2.17", "2001:db8::5", "b.example.net"],
    &["s0.coast"],
];

#[test]
fn each_server_is_known_by_its_names_and_no_others() {
    for hosts in HERDS {
        let (authority, own) = Authority::make("coast", &servers(hosts), NOW).unwrap();
        assert_eq!(der(&own), authority.certificate);
        for names in servers(hosts) {
            let certificate = der(&authority.vouch_for(&names, NOW).unwrap());
            assert_eq!(accepts(&authority.certificate, &certificate, &names.all(), NOW), Ok(()));
            for other in ["s9.coast", "coast", "example.net", "127.0.0.2", "::1"] {
                let other = [name(other)];
                assert!(accepts(&authority.certificate, &certificate, &other, NOW).is_err());
            }
        }
    }
}

/// Also one who holds its key can do nothing beyond the herd.
#[test]
fn it_vouches_for_nothing_but_the_herd() {
    for hosts in HERDS {
        let authority = authority(hosts);
        // A server that came later is in the herd's domain; its host may not be known.
        assert!(authority.vouch_for(&server(7, hosts[0]), NOW).is_ok());
        for beyond in ["example.net", "10.0.0.1", "2001:db8::6", "coasts", "xcoast", "a.net"] {
            let Err(Failure::Run(why)) = authority.vouch_for(&server(0, beyond), NOW) else {
                panic!("{beyond} is vouched for");
            };
            assert!(why.contains(beyond) && why.contains("NameConstraint"), "{why}");
        }
        let other = Names { own: "s0.other".to_owned(), ..server(0, hosts[0]) };
        assert!(authority.vouch_for(&other, NOW).is_err());
    }
}

#[test]
fn a_certificate_counts_in_its_time() {
    let hosts = ["127.0.0.1"];
    let authority = authority(&hosts);
    let names = server(0, hosts[0]);
    let made = authority.vouch_for(&names, NOW).unwrap();
    assert_eq!(made.until, NOW + 365 * DAY_SECONDS);
    let at = |now| accepts(&authority.certificate, &der(&made), &names.all(), now);
    assert_eq!((at(NOW - 3_600), at(made.until)), (Ok(()), Ok(())));
    let fault = |now| match at(now) {
        Err(rustls::Error::InvalidCertificate(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(fault(NOW - 3_601), CertificateError::NotValidYetContext { .. }));
    assert!(matches!(fault(made.until + 1), CertificateError::ExpiredContext { .. }));
    // Never longer than who vouches for it.
    let late = authority.until - 5;
    assert_eq!(authority.vouch_for(&names, late).unwrap().until, authority.until);
}

#[test]
fn another_authority_of_the_same_herd_is_another() {
    let hosts = ["127.0.0.1"];
    let (one, two) = (authority(&hosts), authority(&hosts));
    let names = server(0, hosts[0]);
    let certificate = der(&one.vouch_for(&names, NOW).unwrap());
    assert!(accepts(&two.certificate, &certificate, &names.all(), NOW).is_err());
    assert_ne!(serial().unwrap(), serial().unwrap());
}

#[test]
fn what_is_kept_vouches_as_before() {
    let hosts = ["127.0.0.1"];
    let (authority, own) = Authority::make("coast", &servers(&hosts), NOW).unwrap();
    let kept = Authority::open(der(&own), &own.key, own.until).unwrap();
    let names = server(0, hosts[0]);
    let certificate = der(&kept.vouch_for(&names, NOW + 5).unwrap());
    assert_eq!(accepts(&authority.certificate, &certificate, &names.all(), NOW + 5), Ok(()));
    assert!(Authority::open(der(&own), "no key", own.until).is_err());
    // With the key of another it signs what nobody takes, and says so.
    let other = new_key().unwrap().serialize_pem();
    let wrong = Authority::open(der(&own), &other, own.until).unwrap();
    assert!(wrong.vouch_for(&names, NOW).is_err());
}
