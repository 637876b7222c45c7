module.exports = () => new Promise((done) => {
  const { WebSocket, WebSocketServer } = require("ws");
  const server = new WebSocketServer({ port: 8001 }, () => {
    const client = new WebSocket("ws://localhost:8001");
    client.on("open", () => client.send("over the wire"));
  });
  server.on("connection", (socket) => socket.on("message", (data) => { server.close(); socket.terminate(); done(data.toString()); }));
});
