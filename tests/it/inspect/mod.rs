//! What is in an image: its packages, its layers, its differences from another, and what scanners
//! find after slimming.

mod differences;
mod documents;
mod hostile_packages;
mod layers;
mod packages;
mod records;
mod vulnerabilities;
