import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import App from '../src/App.svelte';
import { BackendError } from '../src/lib/backend';
import { router } from '../src/lib/route.svelte';
import { FakeBackend } from './fake-backend';
import { aBridge, aDetail, aRow, aRunningState } from './samples';

const one = (id: string) => screen.findByTestId(id);
const type = (field: HTMLElement, text: string) => fireEvent.input(field, { target: { value: text } });

async function opened(
  page: 'publish' | 'messages',
  backend = new FakeBackend([aBridge({ state: aRunningState() })]),
) {
  router.go({ page });
  render(App, { backend });
  await one('overview-link');
  return backend;
}

beforeEach(() => router.go({ page: 'overview' }));
afterEach(cleanup);

describe('the page to publish from', () => {
  it('publishes with everything that was typed, and remembers it', async () => {
    const backend = await opened('publish');
    await type(await one('publish-topic'), 'doors/1');
    await type(await one('publish-payload'), 'open');
    await fireEvent.click(await one('publish-properties'));
    await type(await one('publish-content-type'), 'text/plain');
    await type(await one('publish-expiry'), '60');
    await fireEvent.click(await one('add-property'));
    await type(await one('property-name'), 'room');
    await type(await one('property-value'), 'hall');
    await fireEvent.click(await one('publish'));
    await waitFor(() => expect(backend.published).toHaveLength(1));
    expect(backend.published[0]).toMatchObject({
      topic: 'doors/1',
      payload: 'open',
      properties: { content_type: 'text/plain', expiry_s: 60, user: [['room', 'hall']] },
    });
    expect(await one('publish-outcome')).toHaveTextContent('took it over');
    expect(await one('recent-message')).toHaveTextContent('doors/1');
  });

  it('says what is wrong while it is typed, and publishes nothing', async () => {
    const backend = await opened('publish');
    await fireEvent.change(await one('publish-format'), { target: { value: 'json' } });
    await type(await one('publish-payload'), '{');
    expect(screen.getByText(/not JSON/)).toBeInTheDocument();
    await type(await one('publish-topic'), 'a/#');
    await fireEvent.click(await one('publish'));
    expect(backend.published).toEqual([]);
  });

  it('shows what the app refuses at its field', async () => {
    const backend = await opened('publish');
    await type(await one('publish-topic'), 'doors/1');
    backend.failure = new BackendError({ code: 'invalid_settings', message: 'too long', field: 'topic' });
    await fireEvent.click(await one('publish'));
    expect(await screen.findByText('Too long.')).toBeInTheDocument();
  });

  it('saves a message under a name, and takes it up again', async () => {
    await opened('publish');
    await type(await one('publish-topic'), 'doors/1');
    await type(await one('save-name'), 'Door');
    await fireEvent.click(await one('save-message'));
    const saved = await one('saved-message');
    await type(await one('publish-topic'), 'elsewhere');
    await fireEvent.click(saved);
    expect(await one('publish-topic')).toHaveValue('doors/1');
    await fireEvent.click(await one('remove-saved'));
    await waitFor(() => expect(screen.queryByTestId('saved-message')).not.toBeInTheDocument());
  });
});

describe('the page of all messages', () => {
  it('shows the topics, and a press on one asks for what is below it', async () => {
    const backend = new FakeBackend([aBridge({ state: aRunningState() })]);
    backend.topicRows = [
      {
        place: 'home:doors',
        bridge: 'home',
        topic: 'doors',
        level: 'doors',
        depth: 0,
        messages: 2,
        topics: 0,
        inner: true,
        open: false,
        newest: null,
        preview: null,
      },
    ];
    await opened('messages', backend);
    await fireEvent.click(await one('topic-row'));
    expect(await one('filter-topic')).toHaveValue('doors/#');
    await waitFor(() => expect(backend.asked.at(-1)?.topic).toBe('doors/#'));
  });

  it('filters by state, and can show all again', async () => {
    const backend = new FakeBackend([aBridge({ state: aRunningState() })]);
    backend.details = [aDetail({ row: aRow() })];
    await opened('messages', backend);
    await fireEvent.change(await one('filter-state'), { target: { value: 'failed' } });
    await waitFor(() => expect(backend.asked.at(-1)?.steps).toContain('refused'));
    await fireEvent.click(await one('clear-filter'));
    await waitFor(() => expect(backend.asked.at(-1)?.steps).toEqual([]));
  });

  it('exports what is shown and says where it went', async () => {
    const backend = new FakeBackend([aBridge({ state: aRunningState() })]);
    backend.details = [aDetail({ row: aRow() })];
    await opened('messages', backend);
    await one('message-row');
    await fireEvent.click(await one('export-json'));
    await waitFor(() =>
      expect(screen.getByTestId('export-outcome')).toHaveTextContent(
        '2 messages were written to /home/me/messages.json.',
      ),
    );
  });

  it('shows the difference to the value before, and the bytes of what is no text', async () => {
    const backend = new FakeBackend([aBridge({ state: aRunningState() })]);
    const previous = { key: 1, payload_base64: btoa('{"a":1}'), time_ms: 0 };
    backend.details = [
      aDetail({ row: aRow({ key: 2 }), payload_base64: btoa('{"a":2}'), previous }),
      aDetail({ row: aRow({ key: 3, topic: 'bytes' }), payload_base64: 'AP8=' }),
    ];
    await opened('messages', backend);
    const [bytes, changed] = await screen.findAllByTestId('message-row');
    await fireEvent.click(changed!);
    await fireEvent.click(await one('detail-difference'));
    expect(await one('difference')).toHaveTextContent('"a": 2');
    await fireEvent.click(bytes!);
    expect(await one('payload-hex')).toHaveTextContent('00 ff');
  });
});
