import { cleanup, fireEvent, screen, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { router } from '../src/lib/route.svelte';
import { FakeBackend } from './fake-backend';
import { aConfig, aBridge } from './samples';
import { one, opened, show, type } from './window';

beforeEach(() => router.go({ page: 'overview' }));
afterEach(cleanup);

describe('the rules', () => {
  it('are written in a dialog, and saved with the rest of the settings as they were', async () => {
    const backend = new FakeBackend([aBridge()]);
    backend.effect = 'live';
    await opened(backend);
    await show('rules');
    expect(screen.getByTestId('rules-out')).toHaveTextContent('privately to @mqtt_bob');
    await fireEvent.click(await one('add-rule-in'));
    await type(await one('rule-filter'), 'cellar/+');
    await fireEvent.click(await one('save-rule'));
    await waitFor(() => expect(backend.saved).toHaveLength(1));
    expect(backend.saved[0]).toMatchObject({
      replaces: 'home',
      config: { subscriptions: [{ filter: 'fridges/#' }, { filter: 'cellar/+' }] },
    });
    await waitFor(() => expect(screen.getByTestId('rules-done')).toHaveTextContent('without a pause'));
  });

  it('say what is wrong where it is wrong', async () => {
    const backend = new FakeBackend([aBridge()]);
    await opened(backend);
    await show('rules');
    await fireEvent.click((await screen.findAllByTestId('edit-rule'))[0]!);
    await type(await one('rule-filter'), 'a/#/b');
    expect(await screen.findByText(/# must stand alone at the end/)).toBeInTheDocument();
    await type(await one('rule-filter'), 'a/#');
    backend.ruleProblems = [{ field: 'forwards[0].rename', code: 'unknown_capture', message: '' }];
    await fireEvent.change(await one('rule-naming'), { target: { value: 'rename' } });
    expect(await screen.findByText(/has fewer wildcards than this number/)).toBeInTheDocument();
    await fireEvent.click(await one('save-rule'));
    expect(backend.saved).toHaveLength(0);
  });

  it('that would make a loop are saved only after the person has read so', async () => {
    const backend = new FakeBackend([aBridge()]);
    backend.doubts = ['messages would go round: what forwards[0] sends comes back'];
    await opened(backend);
    await show('rules');
    await fireEvent.click((await screen.findAllByTestId('edit-rule'))[0]!);
    await fireEvent.click(await one('save-rule'));
    expect(await one('loop-warning')).toHaveTextContent('Messages would go round');
    expect(backend.saved).toHaveLength(0);
    expect(await one('save-rule')).toHaveTextContent('Save anyway');
    await fireEvent.click(await one('save-rule'));
    await waitFor(() => expect(backend.saved).toHaveLength(1));
  });

  it('are moved and removed', async () => {
    const backend = new FakeBackend([aBridge()]);
    await opened(backend);
    await show('rules');
    await fireEvent.click(await screen.findByLabelText('Move rule 2 up'));
    await waitFor(() => expect(backend.saved).toHaveLength(1));
    expect(backend.saved[0]?.config).toMatchObject({
      forwards: [{ from: 'doors/#' }, { from: 'sensors/#' }],
    });
    await fireEvent.click((await screen.findAllByTestId('remove-rule'))[0]!);
    await fireEvent.click(await one('confirm'));
    await waitFor(() => expect(backend.saved).toHaveLength(2));
    expect(backend.saved[1]?.config).toMatchObject({ forwards: [{ from: 'sensors/#' }] });
  });

  it('warn of a rule that is not listened to, and mend it', async () => {
    const backend = new FakeBackend([aBridge({ config: aConfig({ publications: ['sensors/#'] }) })]);
    await opened(backend);
    await show('rules');
    expect(await screen.findByText(/does not listen to these topics/)).toBeInTheDocument();
    await fireEvent.click(screen.getByText('Listen to all'));
    await waitFor(() =>
      expect(backend.saved[0]?.config).toMatchObject({ publications: ['sensors/#', 'doors/#'] }),
    );
  });

  it('are rehearsed as a topic is typed', async () => {
    const backend = new FakeBackend([aBridge()]);
    backend.rehearsal = {
      heard: true,
      sent: [
        {
          forward: 1,
          receiver: 'mqtt_bob',
          topic: 'doors/1',
          qos: 1,
          retain: false,
          expires_s: null,
          uncertain: false,
          alone: false,
          posts: 1,
          bytes: 400,
        },
      ],
      held_back: [],
    };
    await opened(backend);
    await show('rules');
    await type(await one('rehearse-topic'), 'doors/1');
    await waitFor(async () =>
      expect(await one('rehearsal-result')).toHaveTextContent('Rule 2 sends it to @mqtt_bob'),
    );
    expect(await one('rehearsal-result')).toHaveTextContent('1 post, 400');
  });
});
