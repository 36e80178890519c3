import { describe, expect, it } from 'vitest';

import { Session } from '../src/lib/session.svelte';
import { FakeBackend } from './fake-backend';
import { aBridge, aMessage, aRunningState } from './samples';

async function opened(backend: FakeBackend): Promise<Session> {
  const session = new Session(backend);
  await session.open();
  return session;
}

/** Lets what was promised happen. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

const topics = (session: Session) => session.live('home').rows.map(({ message }) => message.topic);

describe('the session', () => {
  it('shows a state as soon as the app tells of it', async () => {
    const backend = new FakeBackend([aBridge()]);
    const session = await opened(backend);
    backend.tell({ state: aRunningState() });
    expect(session.bridge('home')?.state.phase).toBe('running');
  });

  it('shows what happened before it looked, and nothing twice', async () => {
    const backend = new FakeBackend([aBridge()]);
    const session = await opened(backend);
    const [a, b, c] = ['a', 'b', 'c'].map((topic) => aMessage({ id: `${topic}/`, topic }));
    backend.recent = async () => ({ messages: [a!, b!], problems: [], totals: { messages: 2, problems: 0 } });
    session.live('home');
    // This one is in the answer already.
    backend.tell({ messages: [b!], totals: { messages: 2, problems: 0 } });
    await settled();
    backend.tell({ messages: [b!, c!], totals: { messages: 3, problems: 0 } });
    expect(topics(session)).toEqual(['c', 'b', 'a']);
  });

  it('forgets the past of a bridge that is gone', async () => {
    const backend = new FakeBackend([aBridge()]);
    const session = await opened(backend);
    session.live('home');
    await settled();
    backend.tell({ messages: [aMessage()], totals: { messages: 1, problems: 0 } });
    expect(topics(session)).toHaveLength(1);
    backend.state.bridges = [];
    await session.refresh();
    backend.state.bridges = [aBridge()];
    await session.refresh();
    expect(topics(session)).toHaveLength(0);
  });

  it('says so when the app cannot be reached', async () => {
    const backend = new FakeBackend();
    backend.overview = () => Promise.reject(new Error('no app'));
    expect((await opened(backend)).broken?.message).toBe('no app');
  });
});
