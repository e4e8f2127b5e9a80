//! nginx to compare with, where it is installed: one worker, no log, answering `return 200`.

use super::Outcome;
use super::caller::Caller;
use super::process::{Folder, Running, free_ports, on_core, wait_soon};
use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

/// An nginx in a process of its own.
pub struct Nginx {
    _running: Running,
    _folder: Folder,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Nginx {
    /// Starts one on that core; none if it is not installed.
    pub fn start(core: usize) -> Outcome<Option<Self>> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
        let Some(program) = folders.map(|folder| folder.join("nginx")).find(|file| file.is_file())
        else {
            return Ok(None);
        };
        let port = free_ports(1)?[0];
        let folder = Folder::new("nginx")?;
        let own = folder.path().display();
        // In one process, which is the one that is ended; requests without end on a connection.
        let configuration = format!(
            "daemon off; master_process off; pid {own}/pid; error_log /dev/null;
            events {{ worker_connections 1024; }}
            http {{
                access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
                client_body_temp_path {own}/body; proxy_temp_path {own}/proxy;
                fastcgi_temp_path {own}/fastcgi; uwsgi_temp_path {own}/uwsgi;
                scgi_temp_path {own}/scgi;
                server {{ listen 127.0.0.1:{port}; location / {{ return 200 \"\"; }} }}
            }}"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration)?;
        let mut command = on_core(core, &program);
        command.arg("-e").arg("/dev/null").arg("-c").arg(&file);
        let running = Running::start_silent(command)?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        wait_soon("nginx answers", || Ok(Caller::connect(address).is_ok()))?;
        Ok(Some(Nginx { _running: running, _folder: folder, address }))
    }
}
