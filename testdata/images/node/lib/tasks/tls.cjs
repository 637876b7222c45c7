module.exports = () => {
  const tls = require("tls");
  const pair = require("crypto").generateKeyPairSync("ec", { namedCurve: "P-256" });
  return `${tls.rootCertificates.length > 50} ${pair.publicKey.asymmetricKeyType} ${tls.createSecureContext() !== null}`;
};
