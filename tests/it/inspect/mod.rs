//! Contents of an image: packages, layers, differences from another image, and results of scanners
//! after slimming.

mod differences;
mod documents;
mod hostile_packages;
mod layers;
mod packages;
mod records;
mod software;
mod vulnerabilities;
