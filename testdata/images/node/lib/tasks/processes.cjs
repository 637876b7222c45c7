module.exports = async () => {
  const { execFileSync } = require("child_process");
  const { Worker } = require("worker_threads");
  const below = execFileSync(process.execPath, ["-p", "6 * 7"]).toString().trim();
  const worker = new Worker("require('worker_threads').parentPort.postMessage(require('zlib').gzipSync('cargo').length)", { eval: true });
  return `${below} ${await new Promise((done) => worker.on("message", done))}`;
};
