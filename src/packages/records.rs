//! Records of what remains.
