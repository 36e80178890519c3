import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { BackendError } from '../src/lib/backend';
import type { Person } from '../src/lib/model';
import { router } from '../src/lib/route.svelte';
import { INTERACTIVE } from '../src/lib/start';
import { FakeBackend } from './fake-backend';
import { aRunningState, aBridge, aRow, aDetail } from './samples';
import { one, opened, painted, show, type } from './window';

beforeEach(() => router.go({ page: 'overview' }));
afterEach(cleanup);

describe('the first page', () => {
  it('opens the sandbox, and says that nothing leaves this machine', async () => {
    await opened(new FakeBackend());
    await fireEvent.click(await one('try-it'));
    expect(await one('sandbox-banner')).toHaveTextContent('nothing leaves this machine');
    expect(await one('bridge-link-alice')).toBeInTheDocument();
    expect(await one('bridge-link-bob')).toBeInTheDocument();
  });

  it('shows why the sandbox could not be opened', async () => {
    const backend = new FakeBackend();
    backend.failure = new BackendError({ code: 'tryout_failed', message: 'the disk is full', field: null });
    await opened(backend);
    await fireEvent.click(await one('try-it'));
    const error = await one('error');
    expect(error).toHaveTextContent('The sandbox network could not be started');
    expect(error).toHaveTextContent('The disk is full.');
  });

  it('shows a settings file that cannot be read', async () => {
    const backend = new FakeBackend();
    backend.state.settings_problem = {
      code: 'settings_unreadable',
      message: 'line 3: no such field',
      field: null,
    };
    await opened(backend);
    expect(await one('error')).toHaveTextContent('Line 3: no such field.');
  });
});

describe('the start', () => {
  it('is over once, when the first answers are on the screen, whatever changes after it', async () => {
    // The windows of earlier tests mark theirs first.
    await painted();
    performance.clearMarks(INTERACTIVE);
    const over = () => performance.getEntriesByName(INTERACTIVE).length;
    const backend = new FakeBackend();
    await opened(backend);
    await waitFor(() => expect(over()).toBe(1));
    await fireEvent.click(await one('try-it'));
    await one('sandbox-banner');
    await painted();
    expect(over()).toBe(1);
  });
});

describe('adding a bridge', () => {
  it('leads from node to account to broker to what crosses, saves, and starts', async () => {
    const backend = new FakeBackend();
    await opened(backend);
    await fireEvent.click(await one('connect'));
    expect(await one('next')).toBeDisabled();
    await type(await one('node-url'), 'http://me:geheim@10.0.0.2:28332');
    await fireEvent.click(await one('check-node'));
    expect(await one('node-report')).toHaveTextContent('twisterd 0.9.40');
    await fireEvent.click(await one('next'));
    await fireEvent.click(within(await one('accounts')).getByLabelText(/dave/));
    expect(screen.getByText(/is waiting for its registration/)).toBeInTheDocument();
    await fireEvent.click(await one('next'));
    await fireEvent.click(await one('builtin-broker'));
    await screen.findByText(/listens at mqtt:\/\/127.0.0.1:40000/);
    await fireEvent.click(await one('next'));
    expect(await one('name')).toHaveValue('dave');
    await fireEvent.click(await one('add-share'));
    await type(await one('share-topics'), 'doors/#');
    expect(await one('next')).toBeDisabled();
    await type(await one('share-people'), '@bob');
    await type(await one('receive-people'), '@carol');
    await type(await one('receive-topics'), 'fridges/#, lamps/+');
    await waitFor(async () => expect(await one('next')).toBeEnabled());
    await fireEvent.click(await one('next'));
    await waitFor(() => expect(backend.saved).toHaveLength(1));
    expect(backend.saved[0]).toMatchObject({
      replaces: null,
      config: {
        name: 'dave',
        twister: { url: 'http://10.0.0.2:28332', user: 'me', account: 'dave' },
        broker: { url: 'mqtt://127.0.0.1:40000', user: '' },
        publications: ['doors/#'],
        forwards: [{ from: 'doors/#', type: 'private', to: ['bob'] }],
        following: ['carol', 'bob'],
        subscriptions: ['fridges/#', 'lamps/+'],
      },
      node_password: 'geheim',
    });
    expect(await one('tab-messages')).toHaveAttribute('aria-current', 'page');
    await waitFor(() => expect(backend.started).toEqual(['dave']));
  });

  it('takes the login of a node on this machine only when asked to, and never sees its password', async () => {
    const backend = new FakeBackend();
    backend.finds = {
      node: { url: 'http://127.0.0.1:28332', answer: 'wants_login' },
      node_file: '/home/me/.twister/twister.conf',
      brokers: [{ url: 'mqtt://localhost:1883', answer: 'open' }],
    };
    await opened(backend);
    await fireEvent.click(await one('connect'));
    expect(await one('node-user')).toHaveValue('');
    await fireEvent.click(await one('read-node-file'));
    expect(await one('node-user')).toHaveValue('rpc');
    expect(await one('node-password')).toHaveValue('');
    await one('node-report');
    await fireEvent.click(await one('next'));
    await fireEvent.click(within(await one('accounts')).getByLabelText(/carol/));
    await fireEvent.click(await one('next'));
    await fireEvent.click(within(await one('found-broker')).getByRole('button'));
    expect(await one('broker-url')).toHaveValue('mqtt://localhost:1883');
    await fireEvent.click(await one('next'));
    await fireEvent.click(await one('next'));
    await waitFor(() => expect(backend.saved[0]?.node_password).toEqual({ found: 'node_file' }));
  });

  it('does not go on with a wrong password, and says so', async () => {
    const backend = new FakeBackend();
    await opened(backend);
    await fireEvent.click(await one('connect'));
    backend.failure = new BackendError({ code: 'node_credentials', message: 'compare rpcuser', field: null });
    await fireEvent.click(await one('check-node'));
    expect(await one('error')).toHaveTextContent('The node refuses the login');
    expect(await one('next')).toBeDisabled();
  });

  it('goes on only when the new account’s key was saved', async () => {
    await opened(new FakeBackend());
    await fireEvent.click(await one('connect'));
    await fireEvent.click(await one('check-node'));
    await waitFor(async () => expect(await one('next')).toBeEnabled());
    await fireEvent.click(await one('next'));
    await fireEvent.click(await one('make-account'));
    await type(await one('new-account'), 'eve');
    await fireEvent.click(await one('create-account'));
    expect(await one('secret')).toHaveTextContent('a-secret-key');
    expect(await one('next')).toBeDisabled();
    await fireEvent.click(await one('secret-saved'));
    expect(screen.queryByText('a-secret-key')).not.toBeInTheDocument();
    expect(await one('next')).toBeEnabled();
  });
});

describe('a bridge’s page', () => {
  it('starts and stops the bridge', async () => {
    const backend = new FakeBackend([aBridge()]);
    await opened(backend);
    await show('messages');
    await fireEvent.click(await one('start-bridge'));
    expect(backend.started).toEqual(['home']);
    backend.tell({ state: aRunningState() });
    await fireEvent.click(await one('stop-bridge'));
    expect(backend.stopped).toEqual(['home']);
  });

  it('says which part is down, and why', async () => {
    const problem = {
      bridge: 'home',
      part: 'broker',
      code: 'broker_unreachable',
      message: 'nothing answers at mqtt://127.0.0.1:1883',
      time_ms: 0,
    } as const;
    const state = aRunningState({ ready: false, broker: { status: 'down', problem } });
    await opened(new FakeBackend([aBridge({ state })]));
    await show('messages');
    expect(await one('down-broker')).toHaveTextContent('Nothing answers at mqtt://127.0.0.1:1883.');
    expect(await one('bridge-state-text')).toHaveTextContent('Not working: Broker.');
  });

  it('shows messages as they cross, and all that is known of one on a click', async () => {
    const backend = new FakeBackend([aBridge({ state: aRunningState() })]);
    await opened(backend);
    await show('messages');
    await one('messages');
    backend.details = [
      aDetail({
        row: aRow({ step: 'posted', preview: { kind: 'text', line: '{"a":1}', len: 7 } }),
        payload_base64: btoa('{"a":1}'),
        number: 14,
        signature: 'read_back',
        steps: [
          { step: 'queued', time_ms: 1 },
          { step: 'posted', time_ms: 2 },
        ],
      }),
    ];
    backend.tell({});
    const row = await one('message-row');
    expect(row).toHaveAttribute('data-step', 'posted');
    expect(row).toHaveTextContent('sensors/1');
    await fireEvent.click(row);
    expect(await one('payload-tree')).toHaveTextContent('a 1');
    await fireEvent.click(await one('detail-journey'));
    expect(await one('post-number')).toHaveTextContent('14');
    expect(await one('signature')).toHaveTextContent('read back');
    expect(await one('journey')).toHaveTextContent('Posted');
    await fireEvent.click(await one('close-detail'));
    expect(screen.queryByTestId('detail-topic')).not.toBeInTheDocument();
  });

  it('holds the list still while it is paused, and counts what comes', async () => {
    const backend = new FakeBackend([aBridge({ state: aRunningState() })]);
    await opened(backend);
    await show('messages');
    await fireEvent.click(await one('pause'));
    backend.details = [aDetail()];
    backend.tell({});
    await screen.findByText('Resume (1 new)');
    expect(screen.queryByTestId('message-row')).not.toBeInTheDocument();
    await fireEvent.click(await one('pause'));
    expect(await one('message-row')).toBeInTheDocument();
  });

  it('can be gone through by the keyboard', async () => {
    const backend = new FakeBackend([aBridge({ state: aRunningState() })]);
    backend.details = [1, 2, 3].map((key) => aDetail({ row: aRow({ key, topic: `t/${key}` }) }));
    await opened(backend);
    await show('messages');
    await screen.findAllByTestId('message-row');
    const list = await one('timeline');
    await fireEvent.keyDown(list, { key: 'ArrowDown' });
    expect(await one('detail-topic')).toHaveTextContent('t/3');
    await fireEvent.keyDown(list, { key: 'End' });
    await waitFor(() => expect(screen.getByTestId('detail-topic')).toHaveTextContent('t/1'));
    expect(list).toHaveAttribute('aria-activedescendant', screen.getAllByTestId('message-row').at(-1)!.id);
    await fireEvent.keyDown(list, { key: 'Escape' });
    await waitFor(() => expect(screen.queryByTestId('detail-topic')).not.toBeInTheDocument());
  });

  it('publishes to the bridge’s broker, and refuses a topic with wildcards', async () => {
    const backend = new FakeBackend([aBridge({ state: aRunningState() })]);
    await opened(backend);
    await show('messages');
    expect(await one('composer-topic')).toHaveValue('doors/1');
    await type(await one('composer-topic'), 'doors/#');
    await fireEvent.click(await one('composer-publish'));
    expect(await one('composer-outcome')).toHaveTextContent('without + and #');
    expect(backend.published).toEqual([]);
    await type(await one('composer-topic'), 'doors/2');
    await type(await one('composer-payload'), 'open');
    await fireEvent.click(await one('composer-publish'));
    await waitFor(() => expect(backend.published).toHaveLength(1));
    expect(backend.published[0]).toMatchObject({
      bridge: 'home',
      topic: 'doors/2',
      payload: 'open',
      qos: 1,
      retain: false,
    });
  });

  it('asks for a password that is missing', async () => {
    const start_error = {
      code: 'password_missing',
      message: 'no password is known',
      field: 'node_password',
    } as const;
    await opened(new FakeBackend([aBridge({ start_error })]));
    await show('messages');
    expect(await screen.findByText('Enter the password in the settings')).toBeInTheDocument();
  });
});

describe('the people of a running bridge', () => {
  it('are told of only when the bridge has answered', async () => {
    const backend = new FakeBackend([aBridge({ state: aRunningState() })]);
    let answer: (people: Person[]) => void = () => undefined;
    backend.people = () => new Promise((resolve) => (answer = resolve));
    await opened(backend);
    await show('people');
    expect(await one('people-page')).toHaveTextContent('Asking the bridge');
    expect(screen.queryByText('Profile not found yet')).not.toBeInTheDocument();
    answer([]);
    await waitFor(() => expect(screen.getAllByText('@mqtt_bob')).not.toHaveLength(0));
  });
});

describe('the window', () => {
  it('begins with the overview for those who have a bridge', async () => {
    await opened(new FakeBackend([aBridge()]));
    expect(await one('overview-home')).toHaveTextContent('Stopped');
  });

  it('goes to a bridge and back to the overview by its keys', async () => {
    await opened(new FakeBackend([aBridge()]));
    await fireEvent.keyDown(window, { key: '1', ctrlKey: true });
    expect(router.current).toEqual({ page: 'bridge', id: 'home', tab: 'messages' });
    await fireEvent.keyDown(window, { key: '0', ctrlKey: true });
    expect(router.current).toEqual({ page: 'overview' });
    await fireEvent.keyDown(window, { key: '7', ctrlKey: true });
    expect(router.current).toEqual({ page: 'overview' });
  });

  it('goes to a page by a part of its name', async () => {
    await opened(new FakeBackend([aBridge()]));
    await fireEvent.keyDown(window, { key: 'k', ctrlKey: true });
    await type(await one('palette-input'), 'home: rul');
    await fireEvent.keyDown(await one('palette-input'), { key: 'Enter' });
    expect(router.current).toEqual({ page: 'bridge', id: 'home', tab: 'rules' });
  });
});

describe('the settings', () => {
  it('keep a password that was not typed anew', async () => {
    const backend = new FakeBackend([aBridge()]);
    await opened(backend);
    await show('settings');
    await type(await one('broker-url'), 'mqtt://10.0.0.3');
    await fireEvent.click(await one('save'));
    await waitFor(() => expect(backend.saved).toHaveLength(1));
    expect(backend.saved[0]).toMatchObject({
      node_password: null,
      config: { broker: { url: 'mqtt://10.0.0.3' } },
    });
  });

  it('remove the bridge after asking', async () => {
    const backend = new FakeBackend([aBridge()]);
    await opened(backend);
    await show('settings');
    await fireEvent.click(await one('remove-bridge'));
    expect(backend.removed).toEqual([]);
    await fireEvent.click(await one('confirm'));
    await waitFor(() => expect(backend.removed).toEqual(['home']));
    expect(await one('try-it')).toBeInTheDocument();
  });
});
