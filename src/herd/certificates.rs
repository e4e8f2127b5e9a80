//! The names that servers' certificates are for.

use super::{Herd, Mistake, Server, ServerMistake};
use crate::wire::host::is_dns_label;
use std::collections::BTreeMap;

impl Herd {
    /// The name that a server's certificate is for: `<server>.<herd>`, in lower case.
    pub fn certificate_name(&self, server: &Server) -> String {
        format!("{}.{}", server.name, self.name).to_ascii_lowercase()
    }

    /// Those of all servers, in their order.
    ///
    /// # Errors
    ///
    /// A name is no label of the DNS, or two differ only in case, or a host is another server's name, so that
    /// one could pass for the other.
    pub fn certificate_names(&self) -> Result<Vec<String>, Mistake> {
        if !is_dns_label(&self.name) {
            return Err(Mistake::NoLabel(self.name.clone()));
        }
        let mut taken = BTreeMap::new();
        let names = self.servers.iter().map(|server| {
            let mistake = |mistake| Mistake::Server { server: server.name.clone(), mistake };
            if !is_dns_label(&server.name) {
                return Err(mistake(ServerMistake::NoLabel));
            }
            let name = self.certificate_name(server);
            match taken.insert(name.clone(), &server.name) {
                None => Ok(name),
                Some(other) => Err(mistake(ServerMistake::OnlyCase(other.clone()))),
            }
        });
        let names: Vec<String> = names.collect::<Result<_, _>>()?;
        for (server, own) in self.servers.iter().zip(&names) {
            // The root's dot is not in certificates.
            let host = server.host.trim_end_matches('.').to_ascii_lowercase();
            if let Some(other) = taken.get(&host).filter(|_| host != *own) {
                let mistake = ServerMistake::HostOf((*other).clone());
                return Err(Mistake::Server { server: server.name.clone(), mistake });
            }
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn herd(name: &str, servers: [&str; 2]) -> Herd {
        let [one, two] = servers;
        let json = format!(
            r#"{{"herd": "{name}", "servers": [
                {{"name": "{one}", "host": "127.0.0.1", "port": 1}},
                {{"name": "{two}", "host": "127.0.0.1", "port": 2}}]}}"#
        );
        Herd::from_json(json.as_bytes()).unwrap()
    }

    #[test]
    fn certificates_are_for_names_of_the_dns_in_lower_case() {
        let names = herd("Coast", ["Monterey", "big-sur2"]).certificate_names().unwrap();
        assert_eq!(names, ["monterey.coast", "big-sur2.coast"]);
        for herd_name in ["a.b", "a_b", "-a", "a-", "ä", &"x".repeat(64)] {
            let mistake = herd(herd_name, ["A", "B"]).certificate_names().unwrap_err();
            assert!(mistake.to_string().starts_with("field `herd`: "), "{mistake}");
        }
        let mistake = herd("coast", ["A", "Münster"]).certificate_names().unwrap_err();
        assert!(mistake.to_string().starts_with("server \"Münster\": "), "{mistake}");
    }

    #[test]
    fn a_host_that_is_what_another_s_certificate_is_for_is_refused() {
        let with_host = |host: &str| {
            let json = format!(
                r#"{{"herd": "coast", "servers": [
                    {{"name": "Sur", "host": "{host}", "port": 1}},
                    {{"name": "Monterey", "host": "127.0.0.1", "port": 2}}]}}"#
            );
            Herd::from_json(json.as_bytes()).unwrap().certificate_names()
        };
        for host in ["sur.coast", "monterey.other", "monterey"] {
            assert!(with_host(host).is_ok(), "{host}");
        }
        for host in ["monterey.coast", "Monterey.COAST", "monterey.coast."] {
            let mistake = with_host(host).unwrap_err().to_string();
            let why = "server \"Sur\": its host is what the certificate of \"Monterey\" is for";
            assert!(mistake.starts_with(why), "{mistake}");
        }
    }

    #[test]
    fn names_that_differ_only_in_case_are_refused() {
        let mistake = herd("coast", ["Hands", "hands"]).certificate_names().unwrap_err();
        let why = "server \"hands\": its name differs from \"Hands\" only in case";
        assert!(mistake.to_string().starts_with(why), "{mistake}");
    }
}
