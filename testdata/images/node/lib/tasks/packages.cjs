module.exports = async () => {
  const { default: chalk } = await import("chalk");
  return `${require("ms")("2 days")} ${chalk.level >= 0} ${require("../../package.json").version} ${typeof require("ws").Server}`;
};
