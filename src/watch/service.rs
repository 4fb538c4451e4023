//! What a service manager such as systemd is told of a service: that it is ready, alive, reading anew, ending.

use std::time::Duration;

use sd_notify::NotifyState;

use super::clock::BootTime;

/// The service manager that started this process, if one did. One that does not listen changes nothing.
pub struct ServiceManager {
    /// How often it wants to hear that the service is alive, and when it hears it next.
    sign_of_life: Option<(Duration, BootTime)>,
    status: String,
}

impl ServiceManager {
    /// As the environment names it.
    #[must_use]
    pub fn from_environment() -> Self {
        // Twice as often as it asks for: one that is late is not yet too late.
        let every = sd_notify::watchdog_enabled().map(|limit| limit / 2);
        Self {
            sign_of_life: every.map(|every| (every, BootTime::now())),
            status: String::new(),
        }
    }

    /// All that was to be done at the start, or anew, is done.
    pub fn ready(&self) {
        tell(&[NotifyState::Ready]);
    }

    /// Everything is read anew. Ends with [`Self::ready`].
    pub fn reloading(&self) {
        let mut said = vec![NotifyState::Reloading];
        // systemd from 253 on wants the time in the same message.
        said.extend(NotifyState::monotonic_usec_now().ok());
        tell(&said);
    }

    /// How it is, in words. The same again is not told.
    pub fn status(&mut self, status: String) {
        if status != self.status {
            tell(&[NotifyState::Status(&status)]);
            self.status = status;
        }
    }

    /// It is about to end.
    pub fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }

    /// Says that it is alive, where that is due, and answers when it is due again.
    pub fn alive(&mut self, now: BootTime) -> Option<BootTime> {
        let (every, next) = self.sign_of_life.as_mut()?;
        if *next <= now {
            tell(&[NotifyState::Watchdog]);
            *next = now + *every;
        }
        Some(*next)
    }
}

fn tell(said: &[NotifyState<'_>]) {
    // A service whose manager does not listen goes on.
    let _told = sd_notify::notify(said);
}
