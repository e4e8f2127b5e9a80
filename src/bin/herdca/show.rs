//! `herdca show`: all that a folder holds, a server's as well as herdca's own; what is wrong or ends soon
//! first.

use crate::Failure;
use crate::authority::accepts;
use crate::folder::{CA_CERTIFICATE, CA_KEY, Folder, HERD, REVOKED, TOKENS_KEY, TOKENS_PUBLIC};
use crate::moment::{DAY_SECONDS, date, days, now};
use crate::names::{Name, names};
use herd::tokens::{PublicKey, Revoked, SigningKey};
use rcgen::{KeyPair, PublicKeyData};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fmt::Write;
use std::net::IpAddr;
use std::path::Path;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

/// What ends sooner is said first.
const SOON_DAYS: u64 = 30;

/// What there is to say.
pub struct Shown {
    pub text: String,
    /// Whether all is as it must be now.
    pub is_well: bool,
}

/// Looks at everything in the folder.
pub fn show(path: &Path) -> Result<Shown, Failure> {
    let folder = Folder::at(path);
    let mut view =
        View { folder, now: now(), wrong: Vec::new(), soon: Vec::new(), lines: Vec::new() };
    let files = view.folder.list()?;
    let is_ours = |name: &String| name.ends_with(".pem") || name == TOKENS_PUBLIC || name == HERD;
    if !files.iter().any(is_ours) {
        let place = view.folder.place();
        return Err(Failure::Run(format!("{place} holds nothing of herdca's")));
    }
    let authority = view.authority();
    for name in files.iter().filter_map(|file| file.strip_suffix(".pem")) {
        if format!("{name}.pem") != CA_CERTIFICATE {
            view.server(name, authority.as_ref());
        }
    }
    for file in files.iter().filter(|file| file.ends_with(".key")) {
        view.mode(file);
    }
    view.tokens();
    view.herd(&files, authority.as_ref());
    Ok(view.shown())
}

struct View {
    folder: Folder,
    /// POSIX seconds.
    now: u64,
    wrong: Vec<String>,
    soon: Vec<String>,
    lines: Vec<String>,
}

/// What matters of a certificate.
struct Read {
    der: CertificateDer<'static>,
    from: u64,
    until: u64,
    names: Vec<Name>,
    organization: String,
    /// SubjectPublicKeyInfo in DER.
    public_key: Vec<u8>,
}

impl View {
    fn authority(&mut self) -> Option<Read> {
        let read = self.certificate(CA_CERTIFICATE)?;
        let key = match self.key(CA_KEY, &read) {
            Some(true) => "its key is here",
            Some(false) => "its key does not fit",
            None => "its key is not here",
        };
        let until = self.until(CA_CERTIFICATE, &read, "all servers need another authority then");
        self.lines.push(format!("authority of {}: {until}; {key}", read.organization));
        Some(read)
    }

    fn server(&mut self, name: &str, authority: Option<&Read>) {
        let file = format!("{name}.pem");
        let Some(read) = self.certificate(&file) else { return };
        let fits = match self.key(&format!("{name}.key"), &read) {
            Some(true) => "key fits",
            Some(false) => "key does not fit",
            None => "its key is not here",
        };
        let until = self.until(&file, &read, &format!("herdca server DIR {name}"));
        let all: Vec<String> = read.names.iter().map(Name::to_string).collect();
        self.lines.push(format!("{name}: {}: {until}; {fits}", all.join(", ")));
        if let Some(authority) = authority {
            let own = format!("{name}.{}", authority.organization).to_ascii_lowercase();
            if !read.names.contains(&Name::Dns(own.clone())) {
                self.wrong.push(format!("{file} is not for {own}: it is another server's"));
            }
            // Whether it is over is said already.
            let while_good = self.now.clamp(read.from, read.until.max(read.from));
            if let Err(error) = accepts(&authority.der, &read.der, &read.names, while_good) {
                self.wrong.push(format!("{file} is not of the authority in ca.pem: {error}"));
            }
        }
    }

    fn tokens(&mut self) {
        let public = self.parsed(TOKENS_PUBLIC, PublicKey::from_pem);
        let secret = self.parsed(TOKENS_KEY, SigningKey::from_pem);
        let what = match (public, secret) {
            (None, None) => "no key".to_owned(),
            (Some(_), None) => "the key to verify them".to_owned(),
            (None, Some(_)) => "the key to make them, without tokens.pub".to_owned(),
            (Some(public), Some(secret)) if secret.public() == public => {
                "the keys to verify and to make them".to_owned()
            }
            _ => {
                self.wrong.push(format!("{TOKENS_KEY} does not fit {TOKENS_PUBLIC}"));
                "keys that do not fit".to_owned()
            }
        };
        let revoked = self.parsed(REVOKED, Revoked::parse);
        let revoked = match revoked {
            Some(revoked) => format!("{} revoked", revoked.len()),
            None => "no list of revoked ones".to_owned(),
        };
        self.lines.push(format!("tokens: {what}; {revoked}"));
    }

    /// What the herd file has and the certificates have not. A server's own folder has none.
    fn herd(&mut self, files: &[String], authority: Option<&Read>) {
        if !files.iter().any(|file| file == HERD) {
            return;
        }
        let all = match self.folder.herd() {
            Ok(herd) => names(&herd),
            Err(failure) => Err(failure.why()),
        };
        let all = match all {
            Ok(all) => all,
            Err(why) => return self.wrong.push(why),
        };
        for one in all {
            let file = format!("{}.pem", one.server);
            let mend = format!("herdca server DIR {}", one.server);
            if !files.contains(&file) {
                self.wrong.push(format!("{file} is not there: {mend}"));
            } else if authority.is_some()
                && let Ok(read) = read(&self.folder, &file)
                && read.is_some_and(|read| one.all().iter().any(|name| !read.names.contains(name)))
            {
                self.wrong.push(format!("{file} is not for what {HERD} says now: {mend}"));
            }
        }
    }

    /// A certificate that is there and is one.
    fn certificate(&mut self, file: &str) -> Option<Read> {
        read(&self.folder, file).unwrap_or_else(|why| {
            self.wrong.push(format!("{file}: {why}"));
            None
        })
    }

    /// Whether a key fits a certificate; `None` if there is none.
    fn key(&mut self, file: &str, to: &Read) -> Option<bool> {
        let fits = self.parsed(file, |text| {
            KeyPair::from_pem(&String::from_utf8_lossy(text))
                .map(|key| key.subject_public_key_info() == to.public_key)
        })?;
        if !fits {
            self.wrong.push(format!("{file} does not fit its certificate"));
        }
        Some(fits)
    }

    fn mode(&mut self, file: &str) {
        if let Some(mode) = self.folder.mode_for_others(file) {
            self.wrong.push(format!("others than its owner may use {file} (mode {mode:o})"));
        }
    }

    /// What is in a file, if it is there and can be read.
    fn parsed<T, E: ToString>(
        &mut self,
        file: &str,
        parse: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Option<T> {
        let parsed = match self.folder.read(file) {
            Ok(text) => parse(&text?).map_err(|error| format!("{file}: {}", error.to_string())),
            Err(failure) => Err(failure.why()),
        };
        parsed.map_err(|why| self.wrong.push(why)).ok()
    }

    /// Until when it is good; noted if that is soon.
    fn until(&mut self, file: &str, read: &Read, mend: &str) -> String {
        let (from, until) = (date(read.from), date(read.until));
        if self.now < read.from {
            self.wrong.push(format!("{file} is not good before {from}: is the clock right?"));
            return format!("from {from} until {until}");
        }
        let Some(left) = read.until.checked_sub(self.now) else {
            self.wrong.push(format!("{file} is over since {until}: {mend}"));
            return format!("over since {until}");
        };
        let left = left / DAY_SECONDS;
        if left < SOON_DAYS {
            self.soon.push(format!("{file} ends in {}, on {until}: {mend}", days(left)));
        }
        format!("until {until} ({} left)", days(left))
    }

    fn shown(self) -> Shown {
        let mut text = String::new();
        for mark in self.wrong.iter().chain(&self.soon) {
            // Into a string: cannot fail.
            let _ = writeln!(text, "! {mark}");
        }
        for line in &self.lines {
            let _ = writeln!(text, "{line}");
        }
        let text = text.replace(" DIR ", &format!(" {} ", self.folder.place()));
        Shown { text, is_well: self.wrong.is_empty() }
    }
}

/// The certificate in a file; `None` if there is no such file.
fn read(folder: &Folder, file: &str) -> Result<Option<Read>, String> {
    let pem = folder.read(file).map_err(Failure::why)?;
    let Some(pem) = pem else { return Ok(None) };
    let der = CertificateDer::from_pem_slice(&pem).map_err(|error| error.to_string())?;
    let (_, parsed) = parse_x509_certificate(&der).map_err(|error| error.to_string())?;
    let seconds = |timestamp: i64| u64::try_from(timestamp).unwrap_or_default();
    let alternatives = parsed.subject_alternative_name().ok().flatten();
    let names = alternatives.iter().flat_map(|names| &names.value.general_names);
    let names = names.filter_map(name).collect();
    let organization = parsed.subject().iter_organization().next();
    let organization = organization.and_then(|name| name.as_str().ok()).unwrap_or("?").to_owned();
    Ok(Some(Read {
        from: seconds(parsed.validity().not_before.timestamp()),
        until: seconds(parsed.validity().not_after.timestamp()),
        names,
        organization,
        public_key: parsed.public_key().raw.to_vec(),
        der: der.clone(),
    }))
}

fn name(name: &GeneralName<'_>) -> Option<Name> {
    match name {
        GeneralName::DNSName(name) => Some(Name::Dns((*name).to_owned())),
        GeneralName::IPAddress(bytes) => {
            let address = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = address.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.ok().map(Name::Address)
        }
        _ => None,
    }
}
