import { VideoSDK } from '@videosdk.live/server-sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Participant } from '../../src/synthetic/participant.ts';
import { Service } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { Receiver, status } from '../support/webhook-receiver.ts';

/** The whole product tells of a sitting, over the death of its server process and an endpoint that is away at first. */
let service: Service;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await Receiver.start();
  service = await Service.start({ ROOMTAPE_ALLOW_PRIVATE_URLS: '127.0.0.0/8' });
});
afterAll(async () => {
  await service.close();
  await receiver.close();
});

it('tells each event, in order and signed, though the endpoint was away and the server was killed', async () => {
  const sdk = new VideoSDK({ apiKey: service.key.apiKey, secret: service.key.apiSecret, apiEndpoint: service.url });
  const { roomId } = await sdk.rooms.create({ webhook: { url: receiver.url('/room'), events: ['*'] } });
  receiver.behave = status(503);
  const token = await service.participantToken(roomId);
  const ada = await Participant.join({ url: service.url, roomId, token, name: 'Ada', index: 0, via: 'whip' });
  const fields = { webhookUrl: receiver.url('/call') };
  const id = await service.api.startRecording(roomId, { quality: 'low' }, fields);
  await waitFor('the endpoint to be called', 20_000, () => receiver.received.some(({ path }) => path === '/call'));
  const pid = await waitFor('the server process', 1_000, () => service.pidOf('server'));
  process.kill(pid, 'SIGKILL');
  await waitFor('another server process', 30_000, async () => {
    const now = await service.pidOf('server');
    return now !== null && now !== pid;
  });
  await service.server.healthy();
  receiver.received.length = 0;
  receiver.behave = status(200);
  await service.api.endRecording(roomId);
  await ada.leave();
  const types = (path: string) => [
    ...new Map(receiver.received.filter((one) => one.path === path).map((one) => [one.id, one.webhookType])).values(),
  ];
  const call = ['recording-starting', 'recording-started', 'recording-stopping', 'recording-stopped'];
  await waitFor('the end of the recording to be told', 60_000, () => types('/call').includes('recording-stopped'));
  expect(types('/call')).toEqual(call);
  await waitFor('the end of the session to be told', 60_000, () => types('/room').includes('session-ended'));
  await waitFor('the room to be told of the recording', 60_000, () => types('/room').includes('recording-stopped'));
  const room = types('/room');
  expect(room.filter((type) => type.startsWith('recording-'))).toEqual(call);
  expect(room.filter((type) => !type.startsWith('recording-'))).toEqual([
    'session-started',
    'participant-joined',
    'participant-left',
    'session-ended',
  ]);
  for (const { raw, headers } of receiver.received) await sdk.webhooks.verify(raw, headers['videosdk-signature']);

  const stopped = receiver.received.find(({ webhookType }) => webhookType === 'recording-stopped');
  const file = await fetch(String(stopped?.data.fileUrl));
  expect([file.status, file.headers.get('content-type')]).toEqual([200, 'video/mp4']);
  await file.body?.cancel();
  await waitFor('every answer to be noted', 20_000, async () => {
    const { webhook } = await sdk.recordings.get(id);
    return webhook?.totalCount === 8 && webhook.successCount === 8;
  });
  const replay = await service.api.call('GET', `/v2/events?roomId=${roomId}`);
  const { data } = (await replay.json()) as { data: { id: string }[] };
  expect(data.map((event) => event.id).toSorted()).toEqual(
    [...new Set(receiver.received.filter(({ path }) => path === '/room').map((one) => one.id))].toSorted(),
  );
});
