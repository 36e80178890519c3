import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import App from '../src/App.svelte';
import { locale } from '../src/i18n/index.svelte';
import { BackendError } from '../src/lib/backend';
import type { ImportPreview } from '../src/lib/model';
import { passphraseProblem } from '../src/lib/passphrase';
import { router, type Page } from '../src/lib/route.svelte';
import { newDraft } from '../src/lib/draft';
import { filtersProblem, withSharing } from '../src/lib/sharing';
import { FakeBackend } from './fake-backend';
import { aBridge, aConfig } from './samples';

const one = (id: string) => screen.findByTestId(id);

async function opened(page: Page, backend = new FakeBackend([aBridge()])): Promise<FakeBackend> {
  router.go({ page });
  render(App, { backend });
  await one('settings-link');
  return backend;
}

/** A file as it is chosen. The files of this DOM cannot be read as text. */
async function choose(text: string): Promise<void> {
  const file = { name: 'alice.json', slice: () => ({ text: () => Promise.resolve(text) }) };
  await fireEvent.change(await one('import-file'), { target: { files: [file] } });
}

beforeEach(() => router.go({ page: 'overview' }));
afterEach(() => {
  cleanup();
  locale.choose('en');
});

describe('the app’s settings', () => {
  it('switch language and theme at once', async () => {
    const backend = await opened('settings');
    await fireEvent.change(await one('language'), { target: { value: 'de' } });
    await waitFor(async () => expect(await one('settings-title')).toHaveTextContent('Einstellungen'));
    expect(document.documentElement.lang).toBe('de');
    await fireEvent.click(within(await one('theme')).getByLabelText('Dunkel'));
    await waitFor(() => expect(document.documentElement.dataset['scheme']).toBe('dark'));
    expect(backend.wanted).toMatchObject({ language: 'de', theme: 'dark' });
  });

  it('show what the app keeps, also when it does not keep a change', async () => {
    const backend = await opened('settings');
    backend.failure = new BackendError({ code: 'preferences_failed', message: 'disk full', field: null });
    await fireEvent.click(await one('close-to-tray'));
    expect(await one('error')).toHaveTextContent('The preferences could not be saved');
    expect(await one('close-to-tray')).toHaveAttribute('aria-checked', 'false');
    await fireEvent.click(await one('close-to-tray'));
    await waitFor(async () => expect(await one('close-to-tray')).toHaveAttribute('aria-checked', 'true'));
  });

  it('export without passwords, or with them under a passphrase that is typed twice', async () => {
    const backend = await opened('settings');
    await waitFor(async () => expect(await one('export-path')).toHaveValue('/home/me/settings.json'));
    await fireEvent.click(await one('export'));
    await one('exported');
    await fireEvent.click(await one('export-passwords'));
    await fireEvent.input(await one('export-passphrase'), { target: { value: 'correct horse' } });
    await fireEvent.click(await one('export'));
    expect(await screen.findByText('The two are not the same.')).toBeInTheDocument();
    await fireEvent.input(await one('export-passphrase-again'), { target: { value: 'correct horse' } });
    await fireEvent.click(await one('export-choose'));
    await waitFor(async () => expect(await one('export-path')).toHaveValue('/home/me/chosen.json'));
    await fireEvent.click(await one('export'));
    await waitFor(() => expect(backend.exports).toHaveLength(2));
    expect(backend.exports).toEqual([
      { path: '/home/me/settings.json', passphrase: null, replace: false },
      { path: '/home/me/chosen.json', passphrase: 'correct horse', replace: true },
    ]);
  });
});

describe('a file that is taken in', () => {
  const preview: ImportPreview = {
    source: 'mosquitto_twister',
    bridges: [
      {
        config: aConfig({ name: 'mqtt_alice' }),
        has_password: true,
        standing: 'new',
        free_name: null,
        problem: null,
      },
      {
        config: aConfig({ name: 'home' }),
        has_password: false,
        standing: 'differs',
        free_name: 'home-2',
        problem: null,
      },
    ],
    preferences: null,
  };

  it('shows what it would do, replaces nothing unasked, and does what is chosen', async () => {
    const backend = await opened('welcome');
    backend.preview = preview;
    await choose('{}');
    const [alice, home] = await screen.findAllByTestId('import-bridge');
    expect(alice).toHaveTextContent('With its passwords.');
    expect(within(home!).getByTestId('import-fate')).toHaveValue('keep_both');
    await fireEvent.change(within(home!).getByTestId('import-fate'), { target: { value: 'skip' } });
    await fireEvent.click(await one('import'));
    await waitFor(() =>
      expect(backend.imports).toEqual([{ bridges: { mqtt_alice: 'replace' }, preferences: false }]),
    );
    await one('imported');
  });

  it('asks for the passphrase of an encrypted file', async () => {
    const backend = await opened('settings');
    backend.failure = new BackendError({ code: 'passphrase_needed', message: 'encrypted', field: null });
    await choose('-----BEGIN AGE ENCRYPTED FILE-----');
    await fireEvent.input(await one('import-passphrase'), { target: { value: 'wrong' } });
    backend.failure = new BackendError({ code: 'passphrase_wrong', message: 'it does not fit', field: null });
    await fireEvent.click(await one('import-open'));
    expect(await screen.findByText('It does not fit.')).toBeInTheDocument();
    backend.preview = preview;
    await fireEvent.click(await one('import-open'));
    await one('import-choices');
  });

  it('says when it is no settings', async () => {
    const backend = await opened('settings');
    backend.failure = new BackendError({ code: 'import_unreadable', message: 'line 1', field: null });
    await choose('hello');
    expect(await one('error')).toHaveTextContent('This is not a file of settings');
  });
});

describe('the log', () => {
  it('grows, and gives a report to copy', async () => {
    const backend = new FakeBackend([aBridge()]);
    await opened('log', backend);
    expect(await one('log-lines')).toHaveTextContent('Nothing has happened');
    await fireEvent.click(await one('make-report'));
    expect(await one('report')).toHaveValue('mqtt-twister 0.1.0');
  });
});

describe('a passphrase', () => {
  it('is long enough, and typed twice', () => {
    expect(passphraseProblem('short', 'short')).toBe('transfer.passphrase_short');
    expect(passphraseProblem('correct horse', 'correct house')).toBe('transfer.passphrase_differs');
    expect(passphraseProblem('correct horse', 'correct horse')).toBeNull();
  });
});

describe('what a new bridge shares', () => {
  it('becomes rules, and whoever gets something privately is followed', () => {
    const draft = { ...newDraft(), account: 'alice' };
    const rules = [
      { from: 'a/#', type: 'public' as const, to: '' },
      { from: 'b/#', type: 'private' as const, to: '@bob' },
      { from: '', type: 'private' as const, to: '' },
    ];
    const made = withSharing(draft, { rules, people: '@carol, alice', topics: 'x/#  y' });
    expect(made).toMatchObject({
      publications: ['a/#', 'b/#'],
      following: ['carol', 'bob'],
      subscriptions: ['x/#', 'y'],
      subscriptionsMore: [null, null],
    });
    expect(made.forwards).toHaveLength(2);
  });

  it('says which of the topics is none', () => {
    expect(filtersProblem('a/#, b')).toBeNull();
    expect(filtersProblem('a/#/b')).toContain('a/#/b');
  });
});
