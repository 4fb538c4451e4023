//! The words for how a running plugin stands to a revision, wherever they are told.

use crate::cli::diagnostic::printable::escaped;
use crate::cli::exit::Exit;
use crate::store::{Delivery, DeliveryState};

/// What a change says of a plugin that was told of it, and what to type next unless the change goes back by itself.
pub(super) fn told(delivery: &Delivery, goes_back: bool) -> Vec<String> {
    let plugin = &delivery.plugin;
    let ways = delivery.ways.join(", then ");
    let mut lines = vec![match &delivery.state {
        DeliveryState::Applied => format!("{plugin} runs it"),
        DeliveryState::Told if ways.is_empty() => format!("what {plugin} reads was written"),
        DeliveryState::Told => format!("{plugin} was told by {ways}; it gives no answer"),
        DeliveryState::Awaited if ways.is_empty() => format!("{plugin} has not said yet that it runs it"),
        DeliveryState::Awaited => format!("{plugin} was told by {ways}, and has not answered yet"),
        DeliveryState::Refused { reason } => format!("error: {plugin} refused it: {reason}"),
        DeliveryState::Stopped { reason } => {
            format!("{plugin} is not running ({reason}); it reads its settings when it starts")
        }
        DeliveryState::Unreachable { reason, .. } => format!("error: {plugin} could not be told: {reason}"),
        DeliveryState::NotRendered { reason, .. } => {
            format!("error: {plugin} was not told, since what it reads could not be written: {reason}")
        }
        DeliveryState::Late { waited } if ways.is_empty() => format!("error: {plugin} said nothing for {waited} s"),
        DeliveryState::Late { waited } => {
            format!("error: {plugin} was told by {ways}, and said nothing for {waited} s")
        }
        DeliveryState::Busy => format!("{plugin} is being told by another valvecfg"),
        DeliveryState::Untrusted { commands } => {
            let them = if commands.len() == 1 { "it" } else { "them" };
            format!(
                "error: {plugin} was not told: how came from elsewhere, and nobody here has trusted {them}: {}",
                commands.join(", ")
            )
        }
        DeliveryState::Pending => format!("{plugin} has not been told yet"),
        DeliveryState::Untold => format!("nothing here tells {plugin}; it takes effect after a restart of it"),
    }];
    lines.extend(help(delivery).filter(|_| !goes_back));
    for line in &mut lines {
        *line = escaped(line).into_owned();
    }
    lines
}

/// What to type next.
fn help(delivery: &Delivery) -> Option<String> {
    let plugin = &delivery.plugin;
    match &delivery.state {
        DeliveryState::Refused { .. } => Some(format!(
            "help: the change is saved; `valvecfg revert {}` takes it back",
            delivery.revision.short()
        )),
        DeliveryState::Unreachable { .. } | DeliveryState::NotRendered { .. } => Some(
            "help: the change is saved; the next change and `valvecfg watch` try again, and `valvecfg status` tells"
                .to_owned(),
        ),
        DeliveryState::Late { .. } => Some(format!(
            "help: the change is saved; `valvecfg status` tells when {plugin} says something"
        )),
        DeliveryState::Untrusted { .. } => {
            Some("help: the change is saved; `valvecfg trust` shows and trusts it".to_owned())
        }
        DeliveryState::Applied | DeliveryState::Told | DeliveryState::Awaited => {
            let restart = delivery.restart.as_ref()?;
            Some(format!("it takes effect after a restart of {restart}"))
        }
        DeliveryState::Stopped { .. } | DeliveryState::Busy | DeliveryState::Pending | DeliveryState::Untold => None,
    }
}

/// How a plugin stands to its latest settings, behind what `status` says of its file.
pub(super) fn standing(delivery: &Delivery) -> String {
    let (saved, running) = (
        delivery.revision.short(),
        delivery.running.filter(|running| *running != delivery.revision),
    );
    let runs = running.map_or_else(String::new, |running| format!("; runs {}", running.short()));
    let state = match &delivery.state {
        DeliveryState::Applied => format!("runs {saved}"),
        DeliveryState::Told => format!("told of {saved}"),
        DeliveryState::Awaited => format!("told of {saved}, no answer yet{runs}"),
        DeliveryState::Refused { reason } => format!("refused {saved}: {reason}{runs}"),
        DeliveryState::Stopped { reason } => format!("not running: {reason}"),
        DeliveryState::Unreachable { reason, since } => {
            format!("not told of {saved}, unreachable since {since}: {reason}{runs}")
        }
        DeliveryState::NotRendered { reason, since } => {
            format!("not told of {saved}, what it reads could not be written since {since}: {reason}{runs}")
        }
        DeliveryState::Late { waited } => format!("told of {saved}, silent for {waited} s{runs}"),
        DeliveryState::Busy => format!("being told of {saved}{runs}"),
        DeliveryState::Untrusted { .. } => format!("not told of {saved}: how is not trusted here{runs}"),
        DeliveryState::Pending | DeliveryState::Untold => format!("not told of {saved} yet{runs}"),
    };
    escaped(&state).into_owned()
}

/// How a change ends, by how the plugins took it.
pub(super) fn exit(deliveries: &[Delivery]) -> Exit {
    let is_trouble = |delivery: &Delivery| delivery.state.is_trouble();
    if deliveries.iter().any(is_trouble) {
        Exit::NotApplied
    } else {
        Exit::Done
    }
}
