module.exports = () => {
  const addon = require("node-gyp-build")(require("path").dirname(require.resolve("bufferutil")));
  const masked = Buffer.alloc(5);
  addon.mask(Buffer.from("cargo"), Buffer.from([1, 2, 3, 4]), masked, 0, 5);
  return masked.toString("hex") + " " + Object.keys(require.cache).some((each) => each.endsWith(".node"));
};
