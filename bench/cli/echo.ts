// The peer of a request over a local socket: sends back what it gets. Its argument is the socket's path.
import { createServer } from 'node:net';

createServer((socket) => socket.pipe(socket)).listen(process.argv[2], () => console.log('echoes'));
