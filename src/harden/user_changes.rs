//! Scripts that start as root and continue as another user.

use super::subject::Subject;
use crate::knowledge::root_droppers;
use crate::lint::image::Account;
use crate::slim::ScriptCall;

/// The account that the scripts continue as, with the reason, if they may also be started as that
/// user: they ask who runs them, and only change the user of root.
pub(super) fn target<'s>(subject: &'s Subject<'_, '_>) -> Option<(&'s Account, String)> {
    let mut found: Option<(&Account, String)> = None;
    let mut asks = false;
    for call in subject.started_calls() {
        asks |= is_question(call);
        if !root_droppers().any(|name| name == call.program) {
            continue;
        }
        let account = called_account(subject, call)?;
        if found
            .as_ref()
            .is_some_and(|(known, _)| known.uid != account.uid)
        {
            return None;
        }
        let at = subject.location(call.at, Some(call.line));
        let reason = format!(
            "{at} changes to the user {} with {}",
            account.name, call.program
        );
        found.get_or_insert((account, reason));
    }
    if asks { found } else { None }
}

/// Whether a script asks which user runs it.
fn is_question(call: &ScriptCall) -> bool {
    call.program == "whoami"
        || call.program == "id" && call.arguments.iter().any(|word| word.starts_with("-u"))
}

/// The account among the arguments of a call: `gosu app`, `su-exec app:app`, `setpriv --reuid=app`.
fn called_account<'s>(subject: &'s Subject<'_, '_>, call: &ScriptCall) -> Option<&'s Account> {
    call.arguments.iter().find_map(|word| {
        let value = word
            .split_once('=')
            .map_or(word.as_str(), |(_, value)| value);
        let user = value.split(':').next().unwrap_or(value);
        let account = subject.accounts.user(user)?;
        if account.uid == 0 {
            None
        } else {
            Some(account)
        }
    })
}
