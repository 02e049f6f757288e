// A server made of Socket.IO and nothing else, for `cargo xtask bench`.
//
// A room is what we call a channel. Rooms whose name begins with "room" tell their members of each one who joins.
// WebSocket alone, without compression; otherwise the library's own settings, but for pings, which would be a cost that
// the other servers of the table do not have.
"use strict";

const { createServer } = require("node:http");
const { Server } = require("socket.io");

const [host, port] = process.argv[2].split(":");
const server = createServer();
const io = new Server(server, { transports: ["websocket"], perMessageDeflate: false, pingInterval: 3_600_000 });

io.on("connection", (socket) => {
  socket.on("join", (room, done) => {
    socket.join(room);
    if (room.startsWith("room")) socket.to(room).emit("joined", socket.id);
    done();
  });
  socket.on("publish", (room, message, done) => {
    io.to(room).emit("message", message);
    done();
  });
  socket.on("occupancy", (room, done) => done(io.sockets.adapter.rooms.get(room)?.size ?? 0));
});

server.listen(Number(port), host, () => console.log(`listening on ${host}:${server.address().port}`));
