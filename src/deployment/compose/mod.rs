//! Compose files: services of one project, from all files that define them.
//!
//! The files are merged as `docker compose` does it: an override beside the file, projects that it
//! includes, and services that others extend.

mod interpolate;
mod merge;
mod mounts;
mod ports;
mod security;
mod service;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::build::normalized;
use super::files::{Files, Unreadable};
use super::kind::{Kind, is_compose_override};
use super::place::{Place, Problem, Spanned};
use super::yaml::{self, Budget, Entry, Merging, Node, Room, Value, WORKLOAD};
use super::{Deployment, Network};
use crate::source::Source;
use crate::suggestion;
use interpolate::Environment;

/// The number of files of a project.
const MAX_FILES: usize = 64;
/// The longest chain of `include` and of `extends`.
const MAX_CHAIN: usize = 16;
/// The number of problems from which names that do not exist get no suggestions, for which all
/// names are compared.
const MANY_PROBLEMS: usize = 100;

pub(super) fn read(source: Source, files: &dyn Files, room: &Room) -> Deployment {
    let mut loader = Loader {
        files,
        deployment: Deployment::new(Kind::Compose),
        budget: Budget::of(room),
        documents: HashMap::new(),
        environments: HashMap::new(),
        services: Vec::new(),
        names: HashSet::new(),
        partial: HashSet::new(),
    };
    let path = PathBuf::from(source.name());
    let asked = loader.add_file(source);
    let document = loader.parse(asked);
    loader.documents.insert(path.clone(), Ok(Rc::new(document)));
    let paths = loader.with_override(&path);
    loader.project(&paths, None, &mut Vec::new());
    loader.finish()
}

/// Reads the files of a project.
struct Loader<'a> {
    files: &'a dyn Files,
    deployment: Deployment,
    budget: Budget<'a>,
    /// Documents by path, before variables are replaced, or the reason why there is none.
    documents: HashMap<PathBuf, Result<Rc<Node>, Unreadable>>,
    /// Files of variables by path.
    environments: HashMap<PathBuf, Rc<Environment>>,
    services: Vec<Service>,
    /// The names of `services`.
    names: HashSet<String>,
    /// Names of services of which something that they extend could not be read.
    partial: HashSet<String>,
}

/// A service with everything that it extends.
struct Service {
    name: Spanned<String>,
    node: Node,
}

/// The services of a document by name.
struct Defined<'a> {
    services: &'a [Entry],
    by_name: HashMap<&'a str, &'a Entry>,
}

impl<'a> Defined<'a> {
    fn of(document: &'a Node) -> Self {
        let services = document
            .get("services")
            .map(Node::entries)
            .unwrap_or_default();
        let mut by_name = HashMap::new();
        for entry in services {
            by_name.entry(entry.key.as_str()).or_insert(entry);
        }
        Self { services, by_name }
    }
}

/// A file of a project and the variables that it is read with.
#[derive(Clone, Copy)]
struct Scope<'a> {
    path: &'a Path,
    environment: &'a Environment,
}

impl Loader<'_> {
    fn add_file(&mut self, source: Source) -> usize {
        self.deployment.files.push(Arc::new(source));
        self.deployment.files.len() - 1
    }

    fn problem(&mut self, place: Place, message: impl Into<String>) {
        self.deployment.problems.push(Problem::new(place, message));
    }

    fn parse(&mut self, file: usize) -> Node {
        let source = Arc::clone(&self.deployment.files[file]);
        let problems = &mut self.deployment.problems;
        let mut documents = yaml::parse(source.text(), file, &mut self.budget, problems);
        // Compose merges several documents of a file as if each were a file.
        if let Some(document) = documents.get(MAX_FILES) {
            let message = format!("the file has more than {MAX_FILES} documents");
            problems.push(Problem::new(document.place, message));
            documents.truncate(MAX_FILES);
        }
        let mut merged = Node {
            place: Place::new(file, 0, 0),
            value: Value::Null,
            merging: Merging::Usual,
        };
        for document in documents.drain(..) {
            merged = merge::merge(merged, document, "", 0);
        }
        merged
    }

    /// The file, and the override that Compose reads with it, in the order in which they are
    /// merged.
    fn with_override(&mut self, path: &Path) -> Vec<PathBuf> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let others: Vec<String> = if is_compose_override(&name) {
            let base = name.replace(".override.", ".");
            vec![base.replace(".yml", ".yaml"), base.replace(".yaml", ".yml")]
        } else {
            match name.rsplit_once('.') {
                Some((stem @ ("compose" | "docker-compose"), _)) => {
                    vec![
                        format!("{stem}.override.yaml"),
                        format!("{stem}.override.yml"),
                    ]
                }
                _ => Vec::new(),
            }
        };
        let is_override = is_compose_override(&name);
        for other in others {
            let other = path.with_file_name(other);
            if let Ok(document) = self.document(&other) {
                drop(document);
                return if is_override {
                    vec![other, path.to_owned()]
                } else {
                    vec![path.to_owned(), other]
                };
            }
        }
        vec![path.to_owned()]
    }

    /// The document of a path, which is read once.
    fn document(&mut self, path: &Path) -> Result<Rc<Node>, Unreadable> {
        let path = normalized(path);
        if let Some(document) = self.documents.get(&path) {
            return document.clone();
        }
        let document = self.read_document(&path).map(Rc::new);
        self.documents.insert(path, document.clone());
        document
    }

    fn read_document(&mut self, path: &Path) -> Result<Node, Unreadable> {
        if self.deployment.files.len() >= MAX_FILES {
            let reason = format!("the project has more than {MAX_FILES} files");
            return Err(Unreadable::Refused(reason));
        }
        let source = self.files.read(path)?;
        if !self.budget.take(source.text().len()) {
            return Err(Unreadable::Refused("the project is too large".to_owned()));
        }
        let file = self.add_file(source);
        Ok(self.parse(file))
    }

    /// A copy of a document with its variables replaced.
    fn interpolated(&mut self, scope: Scope<'_>) -> Result<Node, Unreadable> {
        let document = self.document(scope.path)?;
        if !self.budget.take_tree(&document) {
            return Err(Unreadable::Refused("it has too many values".to_owned()));
        }
        let mut document = (*document).clone();
        let hidden = &mut self.deployment.hidden;
        scope
            .environment
            .apply(&mut document, &mut self.budget, hidden);
        Ok(document)
    }

    /// Adds the services of files that are merged, and of the projects that they include.
    fn project(
        &mut self,
        paths: &[PathBuf],
        environment: Option<Rc<Environment>>,
        open: &mut Vec<PathBuf>,
    ) {
        let Some(first) = paths.first() else {
            return;
        };
        let environment =
            environment.unwrap_or_else(|| self.environment(&first.with_file_name(".env")));
        let mut merged: Option<Node> = None;
        for path in paths {
            let scope = Scope {
                path,
                environment: &environment,
            };
            let Ok(mut document) = self.interpolated(scope) else {
                continue;
            };
            self.extend_services(&mut document, scope);
            merged = Some(match merged {
                Some(base) => merge::merge(base, document, "", 0),
                None => document,
            });
        }
        let Some(project) = merged else {
            return;
        };
        self.add_services(&project);
        self.add_networks(&project);
        open.push(first.clone());
        for include in project.get("include").map(Node::items).unwrap_or_default() {
            if self.budget.is_exceeded() {
                break;
            }
            self.include(include, open);
        }
        open.pop();
    }

    /// The variables of a `.env` file; none if it cannot be read. Each file is read once.
    fn environment(&mut self, path: &Path) -> Rc<Environment> {
        let path = normalized(path);
        if let Some(known) = self.environments.get(&path) {
            return Rc::clone(known);
        }
        let mut environment = Environment::default();
        // What is not read counts too, so that not even looking for files takes long.
        if self.environments.len() < MAX_FILES
            && let Ok(source) = self.files.read(&path)
            && self.budget.take(source.text().len())
        {
            environment = Environment::parse(source.text());
        }
        let environment = Rc::new(environment);
        self.environments.insert(path, Rc::clone(&environment));
        environment
    }

    fn add_services(&mut self, project: &Node) {
        let Some(services) = project.entry("services") else {
            return;
        };
        for Entry { key, value } in services.value.entries() {
            // A service of the including project replaces one with the same name.
            if value.is_map() && self.names.insert(key.value.clone()) {
                self.services.push(Service {
                    name: key.clone(),
                    node: value.clone(),
                });
            }
        }
    }

    fn add_networks(&mut self, project: &Node) {
        let networks = project.get("networks").map(Node::entries);
        for Entry { key, value } in networks.unwrap_or_default() {
            let is = |name: &str| {
                value
                    .get(name)
                    .and_then(Node::boolean)
                    .is_some_and(|is| is.value)
            };
            // Before version 3.5, `external` was a mapping.
            let is_external = is("external") || value.get("external").is_some_and(Node::is_map);
            self.deployment.networks.push(Network {
                name: key.clone(),
                is_internal: is("internal"),
                is_external,
            });
        }
    }

    /// Reads an included project: a path, or a mapping with paths and a `.env` file.
    fn include(&mut self, include: &Node, open: &mut Vec<PathBuf>) {
        let paths = match include.get("path") {
            Some(path) => path.strings(),
            None => include.strings(),
        };
        let directory = self.directory(include.place);
        let mut files = Vec::new();
        for path in paths {
            // A repository or an artifact of a registry.
            if path.contains("://") || path.contains(".git") {
                continue;
            }
            let file = normalized(&directory.join(&path.value));
            if open.contains(&file) || open.len() > MAX_CHAIN {
                self.problem(path.place, format!("`{}` includes itself", path.value));
                return;
            }
            match self.document(&file) {
                Ok(_) => files.push(file),
                Err(reason) => self.report_unreadable(&path, reason),
            }
        }
        // The last of several files wins.
        let environment = include.get("env_file").map(|file| {
            let last = file.strings().into_iter().next_back();
            last.map(|file| self.environment(&directory.join(&file.value)))
                .unwrap_or_default()
        });
        self.project(&files, environment, open);
    }

    fn report_unreadable(&mut self, path: &Spanned<String>, reason: Unreadable) {
        let message = match reason {
            Unreadable::Unknown => return,
            Unreadable::Missing => format!("`{}` does not exist", path.value),
            Unreadable::Refused(reason) => format!("cannot read `{}`: {reason}", path.value),
        };
        self.problem(path.place, message);
    }

    /// The directory that relative paths start from: that of the file they are written in.
    fn directory(&self, place: Place) -> PathBuf {
        directory_of(&self.deployment, place)
    }

    /// Replaces each service of a document with itself on top of what it extends.
    fn extend_services(&mut self, document: &mut Node, scope: Scope<'_>) {
        let defined = Defined::of(document);
        let mut extended = Vec::new();
        for (at, entry) in defined.services.iter().enumerate() {
            if entry.value.get("extends").is_some() {
                let chain = &mut Vec::new();
                if let Some(node) = self.extended(&defined, entry, scope, chain) {
                    extended.push((at, node));
                }
            }
        }
        let services = document
            .entry_mut("services")
            .map(|entry| &mut entry.value.value);
        if let Some(Value::Map(entries)) = services {
            for (at, node) in extended {
                entries[at].value = node;
            }
        }
    }

    /// A service on top of what it extends; `None` if that is the service itself. `chain` lists the
    /// services that are being extended.
    fn extended(
        &mut self,
        defined: &Defined<'_>,
        service: &Entry,
        scope: Scope<'_>,
        chain: &mut Vec<(PathBuf, String)>,
    ) -> Option<Node> {
        let own = &service.value;
        let extends = own.get("extends")?;
        let name = extends.get("service").unwrap_or(extends).string()?;
        let file = extends.get("file").and_then(Node::string);
        if !self.budget.take_tree(own) {
            return None;
        }
        let this = (scope.path.to_owned(), service.key.value.clone());
        if chain.contains(&this) || chain.len() >= MAX_CHAIN {
            self.problem(name.place, format!("`{}` extends itself", name.value));
            return None;
        }
        chain.push(this);
        let base = match file {
            None => self.base(defined, &name, scope, chain),
            Some(file) => self.base_in(&file, &name, scope, chain),
        };
        chain.pop();
        if let Some(base) = base {
            Some(merge::merge(base, own.clone(), "", 1))
        } else {
            self.partial.insert(service.key.value.clone());
            None
        }
    }

    /// A copy of the service of a document that another one extends.
    fn base(
        &mut self,
        defined: &Defined<'_>,
        name: &Spanned<String>,
        scope: Scope<'_>,
        chain: &mut Vec<(PathBuf, String)>,
    ) -> Option<Node> {
        if let Some(entry) = defined.by_name.get(name.as_str()) {
            if let Some(node) = self.extended(defined, entry, scope, chain) {
                return Some(node);
            }
            if !self.budget.take_tree(&entry.value) {
                return None;
            }
            return Some(entry.value.clone());
        }
        let is_usual = self.deployment.problems.len() < MANY_PROBLEMS;
        let known = defined.services.iter().map(|entry| entry.key.as_str());
        let known = known.take_while(|_| is_usual);
        let message = match suggestion::closest(name, known) {
            Some(other) => format!(
                "there is no service `{}`; did you mean `{other}`?",
                name.value
            ),
            None => format!("there is no service `{}`", name.value),
        };
        self.problem(name.place, message);
        None
    }

    /// The service of another file.
    fn base_in(
        &mut self,
        file: &Spanned<String>,
        name: &Spanned<String>,
        scope: Scope<'_>,
        chain: &mut Vec<(PathBuf, String)>,
    ) -> Option<Node> {
        if self.budget.is_exceeded() {
            return None;
        }
        let path = normalized(&self.directory(file.place).join(&file.value));
        let scope = Scope {
            path: &path,
            ..scope
        };
        match self.interpolated(scope) {
            Ok(document) => self.base(&Defined::of(&document), name, scope, chain),
            Err(reason) => {
                self.report_unreadable(file, reason);
                None
            }
        }
    }

    fn finish(mut self) -> Deployment {
        for service in &self.services {
            if !self.budget.take(WORKLOAD) {
                break;
            }
            let is_partial = self.partial.contains(&service.name.value);
            let pod = service::pod(service, is_partial, &self.deployment);
            self.deployment.pods.push(pod);
        }
        self.budget.report(&mut self.deployment.problems);
        self.deployment
            .problems
            .sort_by_key(|problem| problem.place);
        self.deployment.problems.dedup();
        self.deployment
    }
}

/// The directory of the file that a place is in.
fn directory_of(deployment: &Deployment, place: Place) -> PathBuf {
    let path = Path::new(deployment.source(place).name());
    path.parent().map(Path::to_owned).unwrap_or_default()
}
