/** The whole window over a backend for tests, and the means to read it and type into it. */
import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { expect } from 'vitest';

import App from '../src/App.svelte';
import { router, type Tab } from '../src/lib/route.svelte';
import type { FakeBackend } from './fake-backend';

export const one = (id: string) => screen.findByTestId(id);

export async function type(field: HTMLElement, text: string): Promise<void> {
  await fireEvent.input(field, { target: { value: text } });
}

export async function opened(backend: FakeBackend): Promise<void> {
  render(App, { backend });
  await waitFor(() =>
    expect(screen.getByRole('navigation', { name: 'Bridges and pages' })).toBeInTheDocument(),
  );
}

export async function show(tab: Tab): Promise<void> {
  router.go({ page: 'bridge', id: 'home', tab });
  await one('bridge-name');
}

/** Waits for two frames: in the second, what the page has now has been painted. */
export async function painted(): Promise<void> {
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
}
