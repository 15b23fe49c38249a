/** Whether the ports of a server that does not run yet can be had: opened, and closed again. */
import { createSocket } from 'node:dgram';
import { createServer, isIPv6 } from 'node:net';
import type { Config } from '../config/config.ts';
import type { Finding } from './finding.ts';

export const freePorts = ({ host, port, rtc }: Config): Promise<Finding[]> =>
  Promise.all([
    tcpPort(port, host, 'ROOMTAPE_PORT', 'is free for the API'),
    udpPort(rtc),
    ...(rtc.tcp && rtc.port !== 0
      ? [
          tcpPort(
            rtc.port,
            rtc.bindAddress,
            'ROOMTAPE_RTC_PORT',
            'is free for media where UDP is blocked; open it in your firewall',
          ),
        ]
      : []),
  ]);

const tcpPort = (port: number, host: string, setting: string, words: string): Promise<Finding> =>
  new Promise((resolve) => {
    const about = `TCP port ${port}`;
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ about, verdict: 'error', words: portWords(error, setting) }),
    );
    server.listen(port, host, () => server.close(() => resolve({ about, verdict: 'ok', words })));
  });

const udpPort = (rtc: Config['rtc']): Promise<Finding> =>
  new Promise((resolve) => {
    const about = `UDP port ${rtc.port}`;
    const socket = createSocket(isIPv6(rtc.bindAddress) ? 'udp6' : 'udp4');
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ about, verdict: 'error', words: portWords(error, 'ROOMTAPE_RTC_PORT') }),
    );
    socket.bind(rtc.port, rtc.bindAddress, () =>
      socket.close(() =>
        resolve({
          about,
          verdict: 'ok',
          words: 'is free for media; open it in your firewall',
        }),
      ),
    );
  });

const portWords = (error: NodeJS.ErrnoException, setting: string): string => {
  if (error.code === 'EADDRINUSE')
    return `is taken by another program. End it, or choose another port with ${setting}.`;
  if (error.code === 'EACCES')
    return `may not be opened by this user (below 1024 needs root). Choose another with ${setting}.`;
  if (error.code === 'EADDRNOTAVAIL') return 'cannot be opened: this machine does not have the address it is bound to.';
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN')
    return 'cannot be opened: the address that it is to be bound to is none that is known here. Check ROOMTAPE_HOST and ROOMTAPE_RTC_BIND_ADDRESS.';
  return `cannot be opened: ${error.message}`;
};
