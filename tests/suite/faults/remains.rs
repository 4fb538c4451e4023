//! What a process leaves behind when it dies with secrets in its memory: no core dump to find them in.

use std::fs;

use super::{memory, skip, strace};
use crate::environment::{TestEnvironment, VALVECFG};

const CANARY: &str = "QZcanary9f3b7c";

#[test]
fn no_core_is_dumped_once_an_identity_is_read() {
    if let Some(reason) = strace::is_missing() {
        return skip("core dumps", reason);
    }
    let environment = TestEnvironment::gateway_in(&memory());
    environment.succeed(&["secret", "keygen"]);
    let given = environment.with_input("secret set valve.mqtt.password --value-stdin", CANARY);
    assert!(given.status.success(), "{given}");
    for line in ["secret list", "secret rekey -n", "get valve.mqtt.password --reveal"] {
        let log = environment.folder().join("calls");
        let mut command = environment.command("strace");
        command
            .args(["-e", "trace=prctl,prlimit64,openat,open", "-s", "300", "-o"])
            .arg(&log);
        let screen = environment.screen(command.arg(VALVECFG).args(line.split(' ')));
        assert!(screen.status.success(), "{screen}");
        let text = String::from_utf8_lossy(&fs::read(&log).unwrap()).into_owned();
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{line}: no {part}\n{text}"));
        let read = at("identity.txt");
        assert!(at("PR_SET_DUMPABLE, SUID_DUMP_DISABLE") < read, "{line}\n{text}");
        assert!(at("RLIMIT_CORE, {rlim_cur=0") < read, "{line}\n{text}");
    }
}
