//! What a service manager is told.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::process::Signal;

use super::{PATIENCE, Watching, skip};
use crate::environment::{TestEnvironment, VALVECFG};
use crate::generated::repository;

/// A service manager's socket.
struct Manager {
    socket: UnixDatagram,
}

impl Manager {
    /// The next message that has a line which begins so. Signs of life may stand in between.
    #[track_caller]
    fn hear(&self, line: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let length = self.socket.recv(&mut buffer).expect(line);
            let message = String::from_utf8(buffer[..length].to_vec()).unwrap();
            if message.lines().any(|found| found.starts_with(line)) {
                return message;
            }
            let is_other = message.starts_with("WATCHDOG=1") || message.starts_with("STATUS=");
            assert!(is_other, "{message} instead of {line}");
        }
    }
}

#[test]
fn it_is_ready_alive_reloads_and_stops() {
    let environment = TestEnvironment::gateway();
    let path = environment.folder().join("notify");
    let manager = Manager {
        socket: UnixDatagram::bind(&path).unwrap(),
    };
    manager.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = environment.command(VALVECFG);
    command.args(["watch", "--json"]).env("NOTIFY_SOCKET", &path);
    command.env("WATCHDOG_USEC", Duration::from_millis(40).as_micros().to_string());
    let mut watching = Watching::run(&mut command);
    manager.hear("READY=1");
    manager.hear("STATUS=following");
    for _ in 0..3 {
        manager.hear("WATCHDOG=1");
    }
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 600");
    watching.expect("invalid");
    manager.hear("STATUS=following; not valid: plugins/valve.toml");
    watching.signal(Signal::HUP);
    let reloading = manager.hear("RELOADING=1");
    // In one message, or systemd waits for the rest and gives up.
    assert!(reloading.contains("\nMONOTONIC_USEC="), "{reloading}");
    manager.hear("READY=1");
    watching.expect("invalid");
    assert!(watching.end().is_empty());
    manager.hear("STOPPING=1");
}

#[test]
fn the_unit_is_one_that_systemd_understands() {
    let test = "the_unit_is_one_that_systemd_understands";
    let unit = String::from_utf8(fs::read(repository("systemd/valvecfg-watch.service")).unwrap()).unwrap();
    let environment = TestEnvironment::empty();
    // systemd looks whether the program is there.
    let unit = unit.replace("/usr/bin/valvecfg", VALVECFG);
    environment.beside("valvecfg-watch.service", unit);
    let path = environment.folder().join("valvecfg-watch.service");
    let Ok(verified) = environment
        .command("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&path)
        .output()
    else {
        return skip(test, "there is no systemd-analyze");
    };
    let screen = environment.shown(verified);
    assert!(
        screen.status.success() && screen.stdout.is_empty() && screen.stderr.is_empty(),
        "{screen}"
    );
    let mut command = environment.command("systemd-analyze");
    command.args(["security", "--offline=true", "--no-pager", "--threshold=35"]);
    let screen = environment.screen(command.arg(&path));
    if screen.stderr.contains("unrecognized option") {
        return skip(test, "this systemd-analyze judges no files");
    }
    assert!(screen.status.success(), "{screen}");
}
