module.exports = async () => (await require("dns").promises.lookup("lighthouse.test")).address + " " + require("os").userInfo().uid;
