/** Invitations that were opened outside of the window, as a file or a link. */
import { cleanup, fireEvent, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { BackendError } from '../src/lib/backend';
import { router } from '../src/lib/route.svelte';
import { FakeBackend } from './fake-backend';
import { aBridge } from './samples';
import { one, opened } from './window';

beforeEach(() => router.go({ page: 'overview' }));
afterEach(cleanup);

const INVITATION = { text: 'mqtt-twister:1.abc', from: 'mqtt_bob', to: null };

it('an invitation that the app was started with is shown in the bridge that can read it', async () => {
  const backend = new FakeBackend([aBridge({ id: 'home' })]);
  backend.opened = { ...INVITATION, bridges: ['home'] };
  await opened(backend);
  expect(await one('authorship')).toBeInTheDocument();
  expect(location.hash).toBe('#/bridge/home/people');
});

it('where several bridges can read it the person says which', async () => {
  const backend = new FakeBackend([aBridge({ id: 'home' }), aBridge({ id: 'boat' })]);
  await opened(backend);
  backend.open({ ...INVITATION, bridges: ['home', 'boat'] });
  await fireEvent.click(await one('read-in-boat'));
  expect(await one('authorship')).toBeInTheDocument();
  expect(location.hash).toBe('#/bridge/boat/people');
});

it.each([
  [{ ...INVITATION, to: 'mqtt_carol', bridges: [] }, 'none of your bridges has that account'],
  [{ ...INVITATION, bridges: [] }, 'It is from you'],
])('one that no bridge can read says why: %o', async (invitation, why) => {
  const backend = new FakeBackend([aBridge({ id: 'home' })]);
  backend.opened = invitation;
  await opened(backend);
  expect(await one('opened-dialog')).toHaveTextContent(why);
});

it('who has no bridge yet is led to connect', async () => {
  const backend = new FakeBackend();
  backend.opened = { ...INVITATION, bridges: [] };
  await opened(backend);
  expect(await one('opened-dialog')).toHaveTextContent('You have no bridge yet');
  await fireEvent.click(await one('opened-connect'));
  expect(await one('page-connect')).toBeInTheDocument();
});

it('a file that is no invitation is told and leads nowhere', async () => {
  const backend = new FakeBackend([aBridge({ id: 'home' })]);
  await opened(backend);
  backend.open(
    new BackendError({ code: 'invitation_unusable', message: 'there is none in it', field: null }),
  );
  expect(await one('opened-dialog')).toHaveTextContent('There is none in it');
  expect(screen.queryByTestId('opened-connect')).toBeNull();
});
