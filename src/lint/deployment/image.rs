//! Images that containers of a deployment are started from.

use crate::deployment::{Pod, Workload};
use crate::image::name::Parts;
use crate::image::{Config, Image, NameId, Overrides, Tree};
use crate::lint::image::{Accounts, Identity};
use crate::slim::{Plan, ProgramFinder, View};

/// An image, and what rules for deployments ask about it.
#[derive(Debug)]
pub struct DeployedImage<'a> {
    /// The name given by the user.
    pub reference: &'a str,
    pub image: &'a Image,
    /// The slimmer's plan; `None` for an image without a program.
    pub plan: Option<&'a Plan>,
    pub accounts: Accounts,
    /// The name in a registry or an engine, without its tag; `None` for a file.
    name: Option<String>,
    view: View<'a>,
}

impl<'a> DeployedImage<'a> {
    /// `name` is the one in a registry or an engine; a file may have none.
    pub fn new(
        reference: &'a str,
        name: Option<&str>,
        image: &'a Image,
        plan: Option<&'a Plan>,
    ) -> Self {
        let view = View::new(image);
        Self {
            reference,
            image,
            plan,
            accounts: Accounts::of(&view),
            name: name.map(|name| Parts::of(name).familiar_name().to_owned()),
            view,
        }
    }

    pub fn tree(&self) -> &'a Tree {
        &self.image.tree
    }

    /// The configuration of the image with the variables and the directory of a container.
    pub fn configured(&self, workload: &Workload) -> Config {
        let mut env = Vec::new();
        for variable in &workload.environment {
            if let Some(value) = &variable.value {
                env.push((variable.name.value.clone(), value.value.clone()));
            }
        }
        let working_dir = workload.working_dir.as_ref();
        self.image.config.overridden(&Overrides {
            env,
            working_dir: working_dir.map(|directory| directory.value.clone()),
            ..Overrides::default()
        })
    }

    /// Finds programs with a configuration.
    pub fn finder(&self, config: &Config) -> ProgramFinder<'_, 'a> {
        ProgramFinder::new(&self.view, config)
    }

    /// The path of a file, escaped for use in messages.
    pub fn path(&self, name: NameId) -> String {
        self.tree().path(name).escape_ascii().to_string()
    }

    /// The user of a container with its groups; `None` for a name without an account.
    pub fn identity(&self, workload: &Workload) -> Option<Identity> {
        let setting = match &workload.user {
            Some(user) => user.value.as_str(),
            None => self.image.config.user(),
        };
        let (user, group) = match setting.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (setting, None),
        };
        let users = &self.accounts.users;
        let number: Option<u64> = if user.is_empty() {
            Some(0)
        } else {
            user.parse().ok()
        };
        let account = self
            .accounts
            .user(user)
            .or_else(|| users.iter().find(|account| Some(account.uid) == number));
        let uid = number.or(account.map(|account| account.uid))?;
        let given = workload.group.as_ref().map(|group| group.value.as_str());
        let gid = match given.or(group) {
            Some(group) => self.group(group)?,
            None => account.map_or(0, |account| account.gid),
        };
        Some(Identity {
            uid,
            gids: vec![gid],
        })
    }

    fn group(&self, group: &str) -> Option<u64> {
        let mut groups = self.accounts.groups.iter();
        match groups.find(|(name, _)| name == group) {
            Some(&(_, gid)) => Some(gid),
            None => group.parse().ok(),
        }
    }

    /// Whether containers with an image reference are started from this image.
    pub(super) fn is_named(&self, reference: &str) -> bool {
        self.name
            .as_ref()
            .is_some_and(|name| Parts::of(reference).familiar_name() == name)
    }

    pub(super) fn has_name(&self) -> bool {
        self.name.is_some()
    }
}

/// A container with the image that it is started from.
#[derive(Clone, Copy, Debug)]
pub struct ImagedWorkload<'a> {
    pub pod: &'a Pod,
    pub workload: &'a Workload,
    pub image: &'a DeployedImage<'a>,
}
