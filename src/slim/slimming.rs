//! Slimming of an image: a value that is passed from the plan to verification, documents and the
//! policy.
//!
//! These use the same files, and each would otherwise read them again.

use std::cell::OnceCell;

use super::binaries::Binaries;
use super::options::{PlanError, PlanOptions};
use super::plan::{self, Plan};
use super::verify::{self, Failure};
use super::view::View;
use crate::image::{Image, ReadError};
use crate::packages::{self, Packages};

/// A plan for an image, and the facts that it is based on.
#[derive(Debug)]
pub struct Slimming<'a> {
    pub image: &'a Image,
    pub plan: Plan,
    view: View<'a>,
    binaries: Binaries,
    packages: Installed<'a>,
}

/// The packages of an image, read once, on first use.
#[derive(Debug)]
struct Installed<'a> {
    image: &'a Image,
    packages: OnceCell<Packages>,
}

impl<'a> Slimming<'a> {
    /// Decides which files of an image are kept.
    pub fn new(image: &'a Image, options: &PlanOptions) -> Result<Self, PlanError> {
        let view = View::new(image);
        let binaries = Binaries::new(&view);
        let packages = Installed {
            image,
            packages: OnceCell::new(),
        };
        let plan = plan::make(&view, &binaries, options, || packages.get())?;
        Ok(Self {
            image,
            plan,
            view,
            binaries,
            packages,
        })
    }

    /// Verifies that everything that worked in the original image also works with only the kept
    /// names. Failures are in order; there should be none.
    pub fn verify(&self) -> Result<Vec<Failure>, ReadError> {
        verify::verify_plan(&self.view, &self.binaries, &self.plan)
    }

    pub(crate) fn view(&self) -> &View<'a> {
        &self.view
    }

    /// The packages installed in the image.
    pub fn packages(&self) -> Result<&Packages, ReadError> {
        self.packages.get()
    }

    /// The plan and the packages, without the other facts.
    pub fn into_parts(self) -> Result<(Plan, Packages), ReadError> {
        // Reading fills the cell, which is then consumed; a failure is reported here.
        self.packages.get()?;
        let packages = self.packages.packages.into_inner().unwrap_or_default();
        Ok((self.plan, packages))
    }
}

impl Installed<'_> {
    fn get(&self) -> Result<&Packages, ReadError> {
        if let Some(packages) = self.packages.get() {
            return Ok(packages);
        }
        let packages = packages::read(self.image)?;
        Ok(self.packages.get_or_init(|| packages))
    }
}

/// Decides which files of an image are kept.
pub fn plan(image: &Image, options: &PlanOptions) -> Result<Plan, PlanError> {
    Ok(Slimming::new(image, options)?.plan)
}
