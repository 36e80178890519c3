import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { BackendError } from '../src/lib/backend';
import { blocksText, entriesOf, isOn, nodeStanding } from '../src/lib/own-nodes';
import { router } from '../src/lib/route.svelte';
import { isPlainAndFar, withFingerprint, withTls } from '../src/lib/url';
import { FakeBackend } from './fake-backend';
import { aBridge, aNode } from './samples';
import { one, opened, show, type } from './window';

beforeEach(() => router.go({ page: 'nodes' }));
afterEach(cleanup);

describe('a node of the app', () => {
  it('stands by what it does, and by its problem if it has one', () => {
    expect(nodeStanding(aNode()).short).toBe('Running');
    const problem = { code: 'port_taken', message: 'port 28333 is taken' } as const;
    const failed = aNode({ phase: { phase: 'failed', problem }, facts: null });
    expect(nodeStanding(failed)).toMatchObject({ tone: 'bad', long: 'Another program has the node’s port' });
    expect([isOn(aNode()), isOn(failed)]).toEqual([true, false]);
  });

  it('says who makes blocks and why', () => {
    const text = (blocks: Parameters<typeof aNode>[0]) => blocksText(aNode(blocks));
    expect(text({ blocks: { making: true, reason: 'registration', maker: 'this_node' } })).toContain(
      'because a registration waits',
    );
    expect(text({ blocks: { making: false, reason: 'quota', maker: 'nobody' } })).toContain(
      'Nobody makes them',
    );
    expect(text({ blocks: { making: false, reason: null, maker: 'network' } })).toContain('public network');
  });

  it('is reached at addresses that are written a line each or with commas', () => {
    expect(entriesOf(' a:1\nb:2, c:3 ')).toEqual(['a:1', 'b:2', 'c:3']);
  });
});

describe('the nodes page', () => {
  it('says what twisterd is where there is none, and takes a file that is chosen', async () => {
    const backend = new FakeBackend();
    backend.own = { nodes: [], program: null };
    await opened(backend);
    expect(await one('no-program')).toHaveTextContent('github.com/miguelfreitas/twister-core');
    await type(await one('network-name'), 'Orchard Lane');
    expect(await one('add-node')).toBeDisabled();
    await fireEvent.click(await one('choose-program'));
    await waitFor(async () => expect(await one('program')).toHaveValue('/opt/twisterd'));
    await fireEvent.click(await one('add-node'));
    const network = { how: 'create', name: 'Orchard Lane' };
    await waitFor(() => expect(backend.added).toEqual([{ network, program: '/opt/twisterd' }]));
    expect(await one('node-orchard-lane')).toHaveTextContent('Running');
  });

  it('shows what is wrong with the program at its field', async () => {
    const backend = new FakeBackend();
    backend.own = { nodes: [], program: null };
    await opened(backend);
    await type(await one('network-name'), 'home');
    await type(await one('program'), '/etc/passwd');
    backend.failure = new BackendError({ code: 'not_a_program', message: 'it is a text', field: 'program' });
    await fireEvent.click(await one('add-node'));
    expect(await screen.findByText('It is a text.')).toBeInTheDocument();
  });

  it('joins the network that an invitation names', async () => {
    const backend = new FakeBackend();
    backend.invitedNetwork = { name: 'Orchard Lane', peers: ['192.168.1.20:28333'] };
    await opened(backend);
    await fireEvent.click(await one('way-join'));
    await type(await one('network-invitation'), 'Hi! mqtt-twister:1.abc');
    expect(await one('invited')).toHaveTextContent('Orchard Lane');
    await fireEvent.click(await one('add-node'));
    const network = { how: 'join', name: 'Orchard Lane', peers: ['192.168.1.20:28333'] };
    await waitFor(() => expect(backend.added).toEqual([{ network, program: null }]));
  });

  it('shows how far a node has caught up', async () => {
    const backend = new FakeBackend();
    const progress = { height: 250, of: 1000, left_s: 60 };
    backend.own.nodes = [aNode({ phase: { phase: 'syncing', progress } })];
    await opened(backend);
    expect(within(await one('sync')).getByRole('progressbar')).toHaveAttribute('aria-valuenow', '25');
  });

  it('says what is lost before a network is left', async () => {
    const backend = new FakeBackend();
    const node = aNode();
    node.settings.accounts = ['mqtt_alice'];
    backend.own.nodes = [node];
    await opened(backend);
    await fireEvent.click(await one('leave-node'));
    expect(await one('lost-keys')).toHaveTextContent('@mqtt_alice');
    expect(backend.left).toEqual([]);
    await fireEvent.click(within(await one('leave-question')).getByTestId('confirm'));
    await waitFor(() => expect(backend.left).toEqual(['orchard-lane']));
  });

  it('warns when somebody waits for a block that nobody makes', async () => {
    const backend = new FakeBackend();
    backend.own.nodes = [aNode({ blocks: { making: false, reason: 'registration', maker: 'nobody' } })];
    await opened(backend);
    expect(await one('nobody-makes')).toHaveTextContent('ask that person to open their app');
  });
});

describe('a new bridge', () => {
  it('can have a node that the app runs, and gives it no password', async () => {
    const backend = new FakeBackend();
    await opened(backend);
    router.go({ page: 'connect' });
    await fireEvent.click(await one('node-by-app'));
    await type(await one('network-name'), 'Orchard Lane');
    expect(await one('next')).toBeDisabled();
    await fireEvent.click(await one('add-node'));
    await waitFor(async () => expect(await one('next')).toBeEnabled());
    await fireEvent.click(await one('next'));
    await fireEvent.click(within(await one('accounts')).getByLabelText(/carol/));
    await fireEvent.click(await one('next'));
    await fireEvent.click(await one('next'));
    await fireEvent.click(await one('next'));
    await waitFor(() => expect(backend.saved).toHaveLength(1));
    expect(backend.saved[0]).toMatchObject({
      node_password: null,
      config: { twister: { url: 'http://127.0.0.1:28332', user: 'mqtt-twister' } },
    });
  });
});

describe('an invitation', () => {
  it('for a network that the bridge is not in leads there first', async () => {
    const backend = new FakeBackend([aBridge()]);
    backend.invitedNetwork = { name: 'Orchard Lane', peers: ['192.168.1.20:28333'] };
    await opened(backend);
    await show('people');
    await fireEvent.click(await one('read-invitation'));
    await type(await one('pasted'), 'mqtt-twister:1.abc');
    await fireEvent.click(await one('look'));
    expect(await one('other-network')).toHaveTextContent('Orchard Lane');
    await fireEvent.click(await one('join-network'));
    await waitFor(async () => expect(await one('network-name')).toHaveValue('Orchard Lane'));
    expect(await one('network-peers')).toHaveValue('192.168.1.20:28333');
  });
});

describe('a node elsewhere', () => {
  it('is warned of where anybody can listen in', () => {
    for (const here of [
      'http://127.0.0.1:28332',
      'http://localhost',
      'http://[::1]:1',
      'https://node.example',
      '',
    ]) {
      expect(isPlainAndFar(here), here).toBe(false);
    }
    for (const far of ['http://10.0.0.2:28332', 'http://u:p@node.example', 'http://127.example.org']) {
      expect(isPlainAndFar(far), far).toBe(true);
    }
    expect(withTls('http://node.example')).toBe('https://node.example');
    expect(withFingerprint('https://node.example:1/#12', 'AB')).toBe('https://node.example:1#AB');
  });

  it('with a certificate of its own is trusted once the fingerprint was compared', async () => {
    const backend = new FakeBackend();
    await opened(backend);
    router.go({ page: 'connect' });
    await type(await one('node-url'), 'http://node.example:28332');
    await fireEvent.click(await one('use-tls'));
    expect(await one('node-url')).toHaveValue('https://node.example:28332');
    backend.failure = new BackendError({ code: 'node_certificate', message: 'not trusted', field: null });
    await fireEvent.click(await one('check-node'));
    await fireEvent.click(await one('look-at-certificate'));
    expect(await one('certificate')).toHaveTextContent('AB:CD');
    await fireEvent.click(await one('trust-certificate'));
    await waitFor(async () => expect(await one('node-url')).toHaveValue('https://node.example:28332#AB:CD'));
    expect(await one('node-report')).toHaveTextContent('0.9.40');
  });
});
