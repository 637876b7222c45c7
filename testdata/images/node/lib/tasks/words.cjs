module.exports = () => {
  const money = new Intl.NumberFormat("de-DE", { style: "currency", currency: "EUR" }).format(1234.5);
  const time = new Date(1750000000000).toLocaleString("fr-FR", { timeZone: "Asia/Kathmandu" });
  return `${money} ${time} ${new TextDecoder("shift_jis").decode(Buffer.from([0x91, 0x44]))}`;
};
